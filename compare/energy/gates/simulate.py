"""Run a netlist in the compiled gate simulator: write its input, call it, and read its counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.annotate import Annotated
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import started, temporary_folder
from tospike.gen.tools.tool import error_summary
from tospike.hw.params import require
from tospike.synth.asic.library import CellLibrary
from tospike.synth.asic.netlist import Bits, Netlist

_SOURCES = tuple(Path(__file__).with_name(name) for name in ("gatesim.cpp", "circuit.h"))
_FLAGS = ("-O2", "-std=c++17")

Ints = NDArray[np.int64]


class DelayModel(StrEnum):
    """Delay model of the gates."""

    ZERO = "zero"
    """No delays, evaluated in topological order: a net changes at most once per cycle, without glitches."""
    LIBRARY = "library"
    """The library's delay for pin, edge, load and transition time; shorter pulses vanish (inertial delay)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """Activity of each sample in the cycles to charge."""

    edges: Ints
    """(samples, nets, 2): falling and rising edges."""
    accesses: Ints
    """(samples, memories, 2): reads and writes."""
    output: str
    """Output of the bench: outputs, cycles."""


def netlist_text(netlist: Netlist, library: CellLibrary, annotated: Annotated) -> str:
    """Return the netlist in the simulator's format, see `circuit.h`."""

    def nets(bits: Sequence[int]) -> str:
        return " ".join(map(str, (len(bits), *bits)))

    lines = [f"nets {netlist.nets}"]
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        inputs = [gate.pins[pin] for pin in cell.inputs]
        outputs = [(gate.pins[pin], table) for pin, table in cell.outputs.items() if pin in gate.pins]
        if cell.flip_flop:
            described = (f"{net} {int(table == 0b01)} {_delays(annotated, net)}" for net, table in outputs)
            lines.append(f"flop {cell.next_state:x} {nets(inputs)} {len(outputs)} {' '.join(described)}")
        else:
            lines += [f"gate {net} {table:x} {nets(inputs)} {_delays(annotated, net)}" for net, table in outputs]
    for macro in netlist.macros:
        lines.append(f"memory {annotated.memory_delay} {macro.words} {' '.join(macro.init)}")
        lines.append(f"{len(macro.reads)} {len(macro.writes)}")
        for read in macro.reads:
            lines.append(" ".join(map(nets, (read.address, read.data, read.enable, read.transparent))))
        for write in macro.writes:
            lines.append(" ".join(map(nets, (write.address, write.data, write.enable, ()))))
    lines += [f"port {name} {nets(bits)}" for name, bits in (netlist.inputs | netlist.outputs).items()]
    return "\n".join([*lines, ""])


def _delays(annotated: Annotated, net: int) -> str:
    return " ".join(f"{rise} {fall}" for rise, fall in annotated.delays[net])


@dataclass(frozen=True, kw_only=True)
class GateSimulator:
    """A netlist, ready to run."""

    netlist: Netlist
    text: str
    program: Path

    @classmethod
    def of(cls, netlist: Netlist, library: CellLibrary, annotated: Annotated, cache: Cache) -> "GateSimulator":
        """Compile the simulator, or take it from ``cache``.

        Raises
        ------
        InputError
            The compiler is missing or fails.
        """
        compiler = tools.find("g++")

        def make(folder: Path) -> None:
            for source in _SOURCES:
                (folder / source.name).write_bytes(source.read_bytes())
            args = (*_FLAGS, "-o", "gatesim", _SOURCES[0].name)
            compiler.run(args, cwd=folder, log=folder / "build.log", makes=("gatesim",))

        contents = {source.name: source.read_bytes() for source in _SOURCES}
        key = digest({**contents, "compiler": compiler.release, "flags": " ".join(_FLAGS)})
        program = cache.build("gatesim", key, make) / "gatesim"
        return cls(netlist=netlist, text=netlist_text(netlist, library, annotated), program=program)

    def replay(
        self,
        delays: DelayModel,
        beats: Sequence[int],
        *,
        samples: int,
        counters: int,
        limit: int,
        weights: Sequence[int] = (),
    ) -> Activity:
        """Send AXI beats (TLAST above TDATA) to an accelerator, until no sample finishes for ``limit`` cycles."""
        files = {"beats": _hexadecimal(beats), "weights": _hexadecimal(weights)}
        more = ("weights",) if weights else ()
        return self._run(
            delays, files, "replay", ("beats", "results", "counts", str(counters), str(limit), *more), samples
        )

    def vectors(self, delays: DelayModel, vectors: Sequence[Sequence[int]], *, skip: int = 0) -> Activity:
        """Apply a row of input values per cycle, in the order of the netlist's inputs; do not charge the first
        ``skip``.

        The output has a line of hexadecimal numbers per cycle: the outputs at its end.
        """
        files = {"vectors": "".join(f"{_hexadecimal(row, ' ')}\n" for row in vectors)}
        return self._run(delays, files, "vectors", ("vectors", "results", "counts", str(skip)), 1)

    def _run(
        self, delays: DelayModel, files: dict[str, str], bench: str, args: tuple[str, ...], samples: int
    ) -> Activity:
        text = self.text
        if bench == "vectors":
            text += _numbered("in", self.netlist.inputs) + _numbered("out", self.netlist.outputs)
        with temporary_folder() as work:
            for file, content in {**files, "netlist": text}.items():
                (work / file).write_text(content)
            command = [str(self.program), "netlist", delays.value, bench, *args]
            with started(command, cwd=work) as process:
                said = process.communicate()[0].decode(errors="replace")
            require(process.returncode == 0, f"the gate simulator stopped: {error_summary(said)}")
            output = (work / "results").read_text()
            counts = np.fromfile(work / "counts", dtype="<u4").astype(np.int64)
        nets, memories = self.netlist.nets, len(self.netlist.macros)
        require(
            len(counts) == samples * 2 * (nets + memories),
            "the netlist does not answer: it differs from the design",
        )
        counts = counts.reshape(samples, nets + memories, 2)
        return Activity(edges=counts[:, :nets], accesses=counts[:, nets:], output=output)


def _hexadecimal(values: Sequence[int], separator: str = "\n") -> str:
    return separator.join(f"{value:x}" for value in values)


def _numbered(kind: str, ports: dict[str, Bits]) -> str:
    """Return the ports by number."""
    lines = (
        f"port {kind}_{number} {len(bits)} {' '.join(map(str, bits))}\n" for number, bits in enumerate(ports.values())
    )
    return "".join(lines)
