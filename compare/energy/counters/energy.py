"""Energy by activity: the hardware's counters times a technology, with clock, idle cycles and leakage."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.compare.energy.counts.model import Terms, sum_terms
from tospike.compare.energy.summary import CounterEnergyReport, mean_terms, spread
from tospike.compare.energy.technology import Technology
from tospike.hw.params import AcceleratorParams

PARTS: Mapping[str, tuple[str, ...]] = {
    "mac": ("mac", "requantize", "bias_add", "compare"),
    "sop": ("sop",),
    "neuron": ("neuron_update", "spike"),
    "weights": ("weight_read", "bias_read", "multiplier_read"),
    "state": ("state_read", "state_write"),
    "activations": ("activation_read", "activation_write"),
    "queues": ("token", "queue_read", "queue_write", "operand_shift", "control"),
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
    """Memories, flip-flops and arithmetic; no wires, no control logic."""
    busy: dict[str, float]
    """Mean fraction of the cycles in which each engine's datapath is busy."""

    @property
    def total(self) -> Counts:
        """(N,) total pJ."""
        return np.sum(list(self.terms.values()), axis=0)

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
        )


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
    clocked = {
        name: bits + sum(engine.moved_registers for engine in engines if engine.name == name)
        for name, bits in built.items()
    }
    total_bits = sum(clocked.values())
    busy_bits = sum((clocked[engine.name] * engine.busy for engine in engines), np.zeros_like(inside))
    area = sum(_logic_area(technology, engine) for engine in engines) + total_bits * technology.register.um2
    memory_bits = sum(engine.memory_bits for engine in engines)
    nanowatts = area * technology.logic.nw_per_um2 + memory_bits * technology.sram.nw_per_bit
    work = [_work_terms(technology, engine) for engine in engines]
    overheads: Terms = {
        "clock_busy": busy_bits * technology.register.pj_per_cycle,
        "clock_idle": (total_bits * inside - busy_bits) * technology.register.pj_per_cycle,
        # nW times us are fJ
        "leakage": nanowatts * inside / technology.clock.mhz / 1000,
    }
    return CounterEnergy(
        technology=technology.name,
        terms=sum_terms([*work, overheads]),
        area_um2=area + memory_bits * technology.sram.um2_per_bit,
        busy={engine.name: float((engine.busy / inside).mean()) for engine in engines},
    )


def _work_terms(technology: Technology, engine: EngineWork) -> Terms:
    parts: list[Terms] = [{access.term: access.count * _access_price(technology, access)} for access in engine.accesses]
    parts += [{unit.term: unit.count * _unit_price(technology, unit)} for unit in engine.arithmetic]
    return sum_terms(parts)


def _access_price(technology: Technology, access: Access) -> float:
    if access.capacity_bits == 0:
        return access.bits * technology.register.pj_per_bit
    return technology.access(access.bits, access.capacity_bits)


def _unit_price(technology: Technology, unit: Arithmetic) -> float:
    product = technology.multiplication(*unit.multiply) if unit.multiply else 0.0
    return product + technology.addition(unit.add_bits) + technology.leak(unit.add_bits, unit.leak)


def _logic_area(technology: Technology, engine: EngineWork) -> float:
    """Return the square micrometres of the arithmetic units."""
    area = 0.0
    for unit in engine.arithmetic:
        partial_products = unit.multiply[0] * unit.multiply[1] if unit.multiply else 0
        area += unit.instances * (
            partial_products * technology.multiply.um2_per_bit2 + unit.add_bits * technology.add.um2_per_bit
        )
    return area
