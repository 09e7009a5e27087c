"""Energy by activity: the hardware's counters times a technology, with clock, idle cycles and leakage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.cost_model import Resources, Technology, Unit
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counters.registers import HOST, array_of, register_bits
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.compare.energy.counts.model import Terms, sum_terms
from tospike.compare.energy.summary import CounterEnergyReport, mean_terms, spread
from tospike.hw.params import AcceleratorParams
from tospike.sim.result import Result

PARTS: Mapping[str, tuple[str, ...]] = {
    "mac": ("mac", "requantize", "bias_add", "compare"),
    "sop": ("sop",),
    "neuron": ("neuron_update", "spike"),
    "weights": ("weight_read", "bias_read", "multiplier_read", "table_read"),
    "state": ("state_read", "state_write"),
    "activations": ("activation_read", "activation_write"),
    "queues": ("token", "queue_read", "queue_write", "operand_shift", "control"),
    "idle": ("memory_idle",),
    "clock": ("clock_busy", "clock_idle"),
    "leakage": ("leakage",),
}
"""The parts of an energy bar: name to terms."""
STATIC = ("clock_busy", "clock_idle", "leakage")
"""Terms that depend on the data only through the number of cycles."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CounterEnergy:
    """Energy by the hardware's counters."""

    technology: str
    terms: Terms
    """pJ, one array per term."""
    area_um2: float
    """Memories, flip-flops and arithmetic; no wires, no control logic. 0 on an FPGA."""
    busy: dict[str, float]
    """Mean fraction of the cycles in which each engine's datapath is busy."""
    stoppable: Counts
    """(N,) pJ of the engines' clocks in cycles in which their datapaths are idle: the most that clock gating saves."""

    @property
    def total(self) -> Counts:
        """(N,) total pJ."""
        return np.sum(list(self.terms.values()), axis=0)

    @property
    def static(self) -> Counts:
        """(N,) pJ of leakage, or of an FPGA's static power."""
        return self.terms["leakage"]

    def summary(self) -> CounterEnergyReport:
        """Return means per inference, parts that add up to the total, percentiles and the values of single samples."""
        means = mean_terms(self.terms)
        return CounterEnergyReport(
            **spread(self.total),
            technology=self.technology,
            static=sum(means[term] for term in STATIC),
            parts={part: sum(means.get(term, 0.0) for term in terms) for part, terms in PARTS.items()},
            terms=means,
            area_um2=self.area_um2,
            busy=self.busy,
            gated=float(np.mean(self.total - self.stoppable)),
        )


def mean_energy(
    technology: Technology,
    params: AcceleratorParams,
    result: Result,
    *,
    registers: Mapping[str, int] | None = None,
) -> CounterEnergy:
    """Return the mean energy of a result's samples, as if it were one sample.

    Energies are linear in the counters, so that means of counters give their means.
    """
    means = {name: float(values.mean()) for name, values in result.counters.items()}
    return counter_energy(technology, params, means, float(result.cycles.mean()), registers=registers)


def counter_energy(
    technology: Technology,
    params: AcceleratorParams,
    counters: Mapping[str, ArrayLike],
    cycles: ArrayLike,
    *,
    state: StatePlacement = StatePlacement.BUILT,
    registers: Mapping[str, int] | None = None,
) -> CounterEnergy:
    """Return the energy of the counters.

    Parameters
    ----------
    technology
        Prices of the operations.
    params
        Parameters of the hardware.
    counters
        (N,) counters, or totals from the RTL: see `tospike.compare.energy.counters.hardware.engine_work`.
    cycles
        Cycles with a sample in the pipeline, the same shape; clock and leakage are charged in all of them.
    state
        Placement of the membranes of event engines: as built, or as if placed elsewhere.
    registers
        Flip-flops of each engine and of the host port, if they are known; by default those of `register_bits`, which
        builds the hardware to count them.
    """
    inside = np.atleast_1d(np.asarray(cycles, dtype=np.float64))
    engines = engine_work(params, counters, state)
    built = register_bits(params) if registers is None else registers
    resources = resources_of(engines, sum(built.values()) + sum(engine.moved_registers for engine in engines))
    host_bits = built[HOST] * inside
    busy_bits = sum((engine_bits(engine, built) * engine.busy for engine in engines), np.zeros_like(inside))
    clocked = sum((clocked_bits(technology, engine, built, inside) for engine in engines), host_bits)
    idle_bits = clocked - busy_bits
    work = [work_terms(technology, engine, inside) for engine in engines]
    overheads: Terms = {
        "clock_busy": busy_bits * technology.clocked_bit,
        "clock_idle": idle_bits * technology.clocked_bit + technology.clock_network(resources) * inside,
        # nW times us are fJ
        "leakage": technology.static_nw(resources) * inside / technology.clock_mhz / 1000,
    }
    return CounterEnergy(
        technology=technology.name,
        terms=sum_terms([*work, overheads]),
        area_um2=technology.area_um2(resources),
        busy={engine.name: float((engine.busy / inside).mean()) for engine in engines},
        stoppable=(idle_bits - host_bits) * technology.clocked_bit,
    )


def engine_bits(engine: EngineWork, built: Mapping[str, int]) -> int:
    """Return the flip-flops of an engine, given those of `register_bits`."""
    return built[engine.name] + built.get(array_of(engine.name), 0) + engine.moved_registers


def clocked_bits(technology: Technology, engine: EngineWork, built: Mapping[str, int], inside: Counts) -> Counts:
    """Return (N,): flip-flops of an engine that are clocked, summed over ``inside`` cycles.

    Those that sleep are clocked while they are awake.
    """
    every, array = engine_bits(engine, built), built.get(array_of(engine.name))
    if engine.awake is None or not technology.stops_clocks:
        return every * inside
    sleeping = every if array is None else array
    return (every - sleeping) * inside + sleeping * engine.awake


def resources_of(engines: Sequence[EngineWork], registers: int) -> Resources:
    """Return what a design with these engines and so many flip-flops consists of."""
    return Resources(
        registers=registers,
        memory_bits=tuple(engine.memory_bits for engine in engines),
        units=tuple(
            Unit(instances=unit.instances, multiply=unit.multiply, add_bits=unit.add_bits)
            for engine in engines
            for unit in engine.arithmetic
        ),
    )


def work_terms(technology: Technology, engine: EngineWork, cycles: Counts) -> Terms:
    """Return the (N,) pJ of an engine's accesses and arithmetic in (N,) ``cycles``, by term."""
    parts: list[Terms] = [{access.term: access.count * _access_price(technology, access)} for access in engine.accesses]
    awake, asleep = _awake(technology, engine, cycles)
    parts += [
        {"memory_idle": access.idle(awake) * _idle_price(technology, access)}
        for access in engine.accesses
        if access.capacity_bits
    ]
    if asleep is not None:
        parts += [
            {"memory_idle": access.ports * asleep * _deselected_price(technology, access)}
            for access in engine.accesses
            if access.capacity_bits
        ]
    parts += [{unit.term: unit.count * _unit_price(technology, unit)} for unit in engine.arithmetic]
    return sum_terms(parts)


def _awake(technology: Technology, engine: EngineWork, cycles: Counts) -> tuple[Counts, Counts | None]:
    """Return the cycles in which an engine's memories are clocked, and those in which they are not, if there may be
    any. The memories of an array are outside of the part that sleeps."""
    if engine.awake is None or engine.has_array or not technology.stops_clocks:
        return cycles, None
    return engine.awake, cycles - engine.awake


def _access_price(technology: Technology, access: Access) -> float:
    if access.capacity_bits == 0:
        return technology.register_write(access.bits)
    return technology.access(access.bits, access.capacity_bits, write=access.is_write)


def _idle_price(technology: Technology, access: Access) -> float:
    """Return the pJ of a port in a cycle without an access: a read that nothing uses, or a deselected memory."""
    if not technology.is_macro(access.bits, access.capacity_bits):
        return 0.0
    if access.reads_always:
        return technology.access(access.bits, access.capacity_bits)
    return _deselected_price(technology, access)


def _deselected_price(technology: Technology, access: Access) -> float:
    """Return the pJ of a port in a cycle in which its memory is not enabled."""
    if not technology.is_macro(access.bits, access.capacity_bits):
        return 0.0
    return technology.access(access.bits, access.capacity_bits) * technology.deselected


def _unit_price(technology: Technology, unit: Arithmetic) -> float:
    product = technology.multiplication(*unit.multiply) if unit.multiply else 0.0
    return product + technology.addition(unit.add_bits) + technology.leak(unit.add_bits, unit.leak)
