"""Measure a design in gates: map, time, simulate with each delay model, check against the golden model, price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tospike.compare.energy.gates.annotate import WireModel, annotate
from tospike.compare.energy.gates.energy import GateEnergy, gate_energy
from tospike.compare.energy.gates.simulate import DelayModel, GateSimulator
from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.energy.standard_cells import CellTechnology
from tospike.compare.energy.technology import cell_technology
from tospike.gen.emit.beats import answer_beats, input_beats, output_words
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.primitives import technology_of
from tospike.gen.emit.verilog import CLOCK, RESET, Verilog
from tospike.gen.emit.verilog import Port as VerilogPort
from tospike.gen.place.streaming import frame_weights
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.programs import look
from tospike.gen.tools.tool import Progress
from tospike.hw.host.layout import counter_names
from tospike.hw.params import WORD_BITS, AcceleratorParams, InputError, PrimitiveSet, require
from tospike.sim import accelerator as golden
from tospike.sim.arithmetic import Ints
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.result import Result
from tospike.synth.asic.gates import Mapped, map_gates
from tospike.synth.asic.timing import clock_period
from tospike.synth.design import Design as Source
from tospike.synth.design import Port
from tospike.tb.replay.replay import parse_output, patience

INSTALLED = {"osu018": Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")}
"""Libraries from system packages, by their names as targets."""

ALL_DELAYS = tuple(DelayModel)


def fitting_technology(target: str) -> str:
    """Return the included technology that matches the cells of ``target``; ``osu018`` for unknown cells."""
    return "sky130hd" if "sky130" in Path(target).name else "osu018"


class NotInstalledError(InputError):
    """A library from a system package is not installed."""


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """How to measure gates."""

    library: Path
    technology: CellTechnology
    delays: tuple[DelayModel, ...] = ALL_DELAYS
    booth: bool = False
    wires: WireModel = field(default_factory=WireModel)
    cache: Cache = field(default_factory=Cache)

    @classmethod
    def on(
        cls,
        target: str,
        *,
        technology: str | None = None,
        delays: Sequence[DelayModel] = ALL_DELAYS,
        booth: bool = False,
        cache: Cache | None = None,
    ) -> "GateOptions":
        """Return options for ``osu018`` or a Liberty file.

        ``technology`` prices the memories; the default is the `fitting_technology`.

        Raises
        ------
        NotInstalledError
            The library is known, but not installed.
        InputError
            There is no such library or technology.
        """
        library = INSTALLED.get(target, Path(target))
        if target in INSTALLED and not library.is_file():
            raise NotInstalledError(
                f"the cells of {target} are not installed: run `make asic-tools`, or give a Liberty file"
            )
        require(
            library.is_file(), f"no library {target!r}: give {', '.join(INSTALLED)}, or a Liberty file (.lib, .lib.gz)"
        )
        return cls(
            library=library,
            technology=cell_technology(technology or fitting_technology(target)),
            delays=tuple(delays),
            booth=booth,
            cache=cache or Cache(),
        )


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The clock period for leakage."""

    period_ns: float
    source: str


@dataclass(frozen=True, kw_only=True, eq=False)
class GateMeasurement:
    """A design in gates, by delay model."""

    energies: dict[DelayModel, GateEnergy]
    result: Result
    """The golden model's result, which the gates reproduce."""
    timing: Timing
    report: GateReport
    """Its entry in ``tospike energy gates --json``."""


def source(top: str, verilog: Verilog, ports: Sequence[VerilogPort]) -> Source:
    """Return generated Verilog as a design for synthesis."""
    return Source(
        top=top,
        clock=CLOCK,
        reset=RESET,
        ports=tuple(
            Port(name=port.name, width=port.width, is_input=port.direction == "input")
            for port in ports
            if port.name not in (CLOCK, RESET)
        ),
        engines=(),
        sources={
            f"{top}.v": verilog.text.encode(),
            **{path: content.encode() for path, content in verilog.memories.items()},
        },
    )


def source_of(design: Design) -> Source:
    """Return the Verilog of a network's hardware, for synthesis.

    Raises
    ------
    InputError
        The design uses the primitives of an FPGA.
    """
    used = technology_of(design.params)
    require(
        used is PrimitiveSet.GENERIC,
        f"gates cannot contain multipliers of {used.value}: leave out --primitives {used.value}",
    )
    verilog, ports, _ = build(design.params, pack(design))
    return source(design.params.name, verilog, ports)


def timing_of(mapped: Mapped, options: GateOptions, progress: Progress | None = None) -> Timing:
    """Return the clock period: OpenSTA's if it is installed, else the technology's."""
    sta, advice = look("sta")
    if sta is None:
        period = 1000 / options.technology.clock_mhz
        return Timing(period_ns=period, source=f"technology {options.technology.name} (no OpenSTA: {advice})")
    period = clock_period(mapped, sta, options.cache, progress)
    return Timing(period_ns=period, source=f"OpenSTA {sta.version}, without wires and buffers")


def measure_gates(
    design: Design, x: Array, options: GateOptions, *, progress: Progress | None = None
) -> GateMeasurement:
    """Return the energy of every sample, after checking outputs and cycles against the golden model.

    The design is built without performance counters, which only measure. With clock gating, the netlist is that without
    it, and the clock of the parts that sleep is charged in the cycles in which they are awake: clock gates take the
    place of no gate, and while a part sleeps none of its flip-flops changes.

    Parameters
    ----------
    design
        The network mapped to hardware.
    x
        (N, ...) integer samples.

    Raises
    ------
    InputError
        A tool is missing or fails, the library lacks cells, or the gates differ from the golden model.
    """
    require(
        design.params.input_beat_bits == WORD_BITS,
        f"gates are simulated with host streams of {WORD_BITS} bits: leave --host-bits out",
    )
    streamed = design.params.weight_stream
    require(
        streamed is None or streamed.beat_bits == WORD_BITS,
        f"gates are simulated with weight streams of {WORD_BITS} bits: leave --weight-stream-bits out",
    )
    design = replace(design, params=design.params.without_extras())
    gated, design = design, replace(design, params=design.params.with_clock_gating(False))
    tell = progress or (lambda line: None)
    mapped = map_gates(source_of(design), options.library, booth=options.booth, cache=options.cache, progress=progress)
    timing = timing_of(mapped, options, progress)
    annotated = annotate(mapped.netlist, mapped.library, options.wires)
    simulator = GateSimulator.of(mapped.netlist, mapped.library, annotated, options.cache)
    result = golden.run(gated, x)
    asleep = _asleep(gated.params, result)
    beats = [beat.data | beat.last << 32 for sample in x for beat in input_beats(design.params, sample)]
    names = counter_names(design.params)
    weights = frame_weights(design)
    energies = {}
    for delays in options.delays:
        tell(f"{len(x)} samples in {len(mapped.netlist.gates):,} gates, delays {delays.value}")
        activity = simulator.replay(
            delays,
            beats,
            samples=len(x),
            counters=len(names),
            limit=patience(result.cycles, weights),
            weights=weights,
        )
        _check(design, result, activity.output, delays)
        energies[delays] = gate_energy(
            mapped.netlist,
            mapped.library,
            annotated,
            activity,
            options.technology,
            cycles=result.cycles.astype(np.float64),
            asleep=asleep,
            period_ns=timing.period_ns,
        )
    report = _report(mapped, options, energies, result, timing)
    return GateMeasurement(energies=energies, result=result, timing=timing, report=report)


def _asleep(params: AcceleratorParams, result: Result) -> dict[str, Ints]:
    """Return (N,) cycles in which the clock of each part that sleeps stands still, by its path."""
    still = {}
    for number, engine in enumerate(params.engines):
        if engine.awake_counter is None:
            continue
        awake = result.counters[f"{number}.{engine.awake_counter}"]
        for part in engine.sleeping_parts:
            still[f"engine_{number}.{part}".rstrip(".")] = result.cycles - awake
    return still


def _check(design: Design, expected: Result, output: str, delays: DelayModel) -> None:
    """Compare outputs and cycles of the gates with the golden model."""
    names = counter_names(design.params)
    got = parse_output(output, design.params.name, len(expected.cycles), names)
    samples = range(len(expected.cycles))
    answers = [answer_beats(design.params, output_words(design.params, expected, sample)) for sample in samples]
    wanted = zip(answers, expected.cycles.tolist(), strict=True)
    wrong = sum(found != want for found, want in zip(zip(got.words, got.cycles, strict=True), wanted, strict=True))
    if wrong:
        raise InputError(
            f"the gates of {design.params.name} (delays {delays.value}) differ from golden in {wrong} samples"
        )


def _report(
    mapped: Mapped, options: GateOptions, energies: Mapping[DelayModel, GateEnergy], result: Result, timing: Timing
) -> GateReport:
    cells = [mapped.library.cells[gate.cell] for gate in mapped.netlist.gates]
    return GateReport(
        library=options.library.name,
        technology=options.technology.name,
        booth=options.booth,
        wires=options.wires,
        cells=len(cells),
        ff=sum(cell.flip_flop is not None for cell in cells),
        area=round(sum(cell.area for cell in cells), 1),
        memory_bits=sum(macro.bits for macro in mapped.netlist.macros),
        clock_tree=next(iter(energies.values())).clock_tree,
        tools=mapped.tools,
        samples=len(result.cycles),
        cycles=float(result.cycles.mean()),
        period_ns=round(timing.period_ns, 4),
        period_source=timing.source,
        delays={delays: energy.summary() for delays, energy in energies.items()},
    )
