"""Building blocks on random operands: a multiply-accumulator of the array, and a lane of the spiking core.

They run at full throughput, with an operand or spike per cycle, a fraction of which is zero or missing: a processing
element of an ANN multiplies by zeros, a spiking lane is idle. Outputs are checked against the blocks' equations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.lib import wiring

from tospike.compare.energy.gates.annotate import annotate
from tospike.compare.energy.gates.energy import gate_energy
from tospike.compare.energy.gates.measure import ALL_DELAYS, GateOptions, source, timing_of
from tospike.compare.energy.gates.options import BlockOptions
from tospike.compare.energy.gates.simulate import DelayModel, GateSimulator
from tospike.gen.emit.verilog import RESET, convert
from tospike.gen.tools.tool import Progress
from tospike.hw.array.pe import OutputStationaryElement
from tospike.hw.params import ArrayParams, InputError, IntFormat
from tospike.hw.spiking.accumulate import Accumulate
from tospike.synth.asic.gates import map_gates

DENSITIES = (1.0, 0.38, 0.06, 0.0)
"""Fractions of non-zero operands, or spikes per cycle."""
ACT_BITS = WEIGHT_BITS = 8
STATE = IntFormat(bits=16, signed=True)
SUMS = 64
"""Products per sum, and membranes per lane; too many for a register file, so they are a memory."""
RESET_CYCLES = 4

Values = Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Inputs of every cycle by port, and the expected output; ``None`` while it is undefined."""

    inputs: Mapping[str, Values]
    output: str
    expected: Sequence[int | None]


@dataclass(frozen=True, kw_only=True)
class BlockEnergy:
    """A building block at one density; energies in pJ, by delay model."""

    block: str
    density: float
    """Fraction of non-zero operands, or spikes per cycle."""
    pj_per_cycle: Mapping[DelayModel, float]
    pj_per_operation: Mapping[DelayModel, float] | None
    """``None`` without operations."""
    parts: Mapping[DelayModel, Mapping[str, float]]
    """pJ per cycle of each part."""
    area: float
    """Area of the cells, in the library's unit."""
    period_ns: float
    """Clock period for leakage."""


def measure_cells(options: GateOptions, blocks: BlockOptions, *, progress: Progress | None = None) -> list[BlockEnergy]:
    """Measure the pJ per cycle and per operation of each block, density and delay model.

    Raises
    ------
    InputError
        A tool is missing or fails, the library lacks cells, or the gates differ from the equation.
    """
    cycles, rng = blocks.cycles, np.random.default_rng(blocks.seed)
    rows = []
    for gated in (False, True):
        act = IntFormat(bits=ACT_BITS, signed=True)
        array = ArrayParams(rows=1, cols=1, act=act, weight_bits=WEIGHT_BITS, zero_gating=gated)
        name = f"8-bit PE{', zero-gated' if gated else ''}"
        runs = {density: element_run(array, density, cycles, rng) for density in DENSITIES}
        rows += _measure(name, OutputStationaryElement(array), runs, options, progress)
    lane = Accumulate(state=STATE, addend_bits=WEIGHT_BITS, lanes=1, words=SUMS, distance=5)
    lane_runs = {density: lane_run(density, cycles, rng) for density in DENSITIES}
    return rows + _measure("16-bit lane", lane, lane_runs, options, progress)


def element_run(array: ArrayParams, density: float, cycles: int, rng: np.random.Generator) -> Run:
    """Return inputs and outputs of ``acc <- (first ? 0 : acc) + act * weight``, with ``acc`` after ``mac_latency``
    cycles."""
    total = RESET_CYCLES + cycles
    act, weight = _operands(rng, density, total, ACT_BITS), _operands(rng, 1.0, total, WEIGHT_BITS)
    act[:RESET_CYCLES] = 0
    first = np.arange(-RESET_CYCLES, cycles) % SUMS == 0
    sums = [0]
    for a, w, is_first in zip(act.tolist(), weight.tolist(), first.tolist(), strict=True):
        sums.append((0 if is_first else sums[-1]) + a * w)
    return Run(
        inputs={
            "act_i": _unsigned(act, ACT_BITS),
            "weight_i": _unsigned(weight, WEIGHT_BITS),
            "first_i": first.astype(int).tolist(),
        },
        output="acc",
        expected=_late(sums[1:], array.mac_latency, array.acc_bits, total),
    )


def lane_run(density: float, cycles: int, rng: np.random.Generator) -> Run:
    """Return inputs and outputs of ``state[word] = saturate(state[word] + addend)``, words in turn; output ``state`` is
    the previous word, 3 cycles later."""
    total = RESET_CYCLES + cycles
    spikes = rng.random(total) < density
    spikes[:RESET_CYCLES] = False
    weight = _operands(rng, 1.0, total, WEIGHT_BITS)
    word = np.cumsum(spikes) % SUMS
    membranes = [0] * SUMS
    found: list[int | None] = []
    for spike, w, n in zip(spikes.tolist(), weight.tolist(), word.tolist(), strict=True):
        found.append(membranes[n] if spike else None)
        if spike:
            membranes[n] = min(max(membranes[n] + w, STATE.min), STATE.max)
    fetch = spikes * (0b11 + (word << 2))
    addend = np.roll(np.where(spikes, weight, 0), 2)
    addend[:2] = 0
    return Run(
        inputs={"fetch": fetch.tolist(), "addend": _unsigned(addend, WEIGHT_BITS)},
        output="state",
        expected=_late(found, 3, STATE.bits, total),
    )


def _operands(rng: np.random.Generator, density: float, count: int, bits: int) -> np.ndarray:
    """Return random operands: uniform and non-zero with probability ``density``, else 0."""
    limit = (1 << (bits - 1)) - 1
    values = rng.integers(1, limit + 1, count) * rng.choice((-1, 1), count)
    return np.where(rng.random(count) < density, values, 0)


def _unsigned(values: np.ndarray, bits: int) -> list[int]:
    return (values & ((1 << bits) - 1)).tolist()


def _late(values: Sequence[int | None], latency: int, bits: int, total: int) -> list[int | None]:
    unsigned = [None if value is None else value & ((1 << bits) - 1) for value in values]
    return ([None] * (RESET_CYCLES + latency) + unsigned[RESET_CYCLES:])[:total]


def _measure(
    block: str, component: wiring.Component, runs: Mapping[float, Run], options: GateOptions, progress: Progress | None
) -> list[BlockEnergy]:
    verilog, ports = convert(component, "block")
    mapped = map_gates(
        source("block", verilog, ports), options.library, booth=options.booth, cache=options.cache, progress=progress
    )
    netlist, library = mapped.netlist, mapped.library
    annotated = annotate(netlist, library, options.wires)
    simulator = GateSimulator.of(netlist, library, annotated, options.cache)
    period = timing_of(mapped, options, progress).period_ns
    rows = []
    for density, run in runs.items():
        cycles = len(run.expected) - RESET_CYCLES
        inputs = {**run.inputs, RESET: [1] * RESET_CYCLES + [0] * cycles}
        vectors = list(zip(*(inputs.get(name, [0] * len(run.expected)) for name in netlist.inputs), strict=True))
        pj, parts = {}, {}
        for delays in ALL_DELAYS:
            activity = simulator.vectors(delays, vectors, skip=RESET_CYCLES)
            _check(block, run, activity.output, list(netlist.outputs))
            energy = gate_energy(
                netlist,
                library,
                annotated,
                activity,
                options.technology,
                cycles=np.array([cycles], dtype=np.float64),
                period_ns=period,
            )
            pj[delays] = float(energy.total[0]) / cycles
            parts[delays] = {name: float(values[0]) / cycles for name, values in energy.parts.items()}
        rows.append(
            BlockEnergy(
                block=block,
                density=density,
                pj_per_cycle=pj,
                pj_per_operation={delays: value / density for delays, value in pj.items()} if density else None,
                parts=parts,
                area=sum(library.cells[gate.cell].area for gate in netlist.gates),
                period_ns=period,
            )
        )
    return rows


def _check(block: str, run: Run, output: str, names: list[str]) -> None:
    column = names.index(run.output)
    got = [int(line.split()[column], 16) for line in output.splitlines()]
    wrong = sum(e is not None and e != g for e, g in zip(run.expected, got, strict=True))
    if wrong:
        raise InputError(f"the gates of the {block} differ from its equation in {wrong} cycles")
