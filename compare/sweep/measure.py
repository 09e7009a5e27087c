"""One point of a sweep: exact counters of both engines on random activity, priced."""

from tospike.compare.energy.counters.energy import CounterEnergy, counter_energy
from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.technology import load_technology
from tospike.compare.sweep.layer import ann_design, frames, snn_design, spikes_per_activation, spiking, systolic, trains
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import PointResult, SideResult
from tospike.sim.accelerator import run
from tospike.sim.design import Design
from tospike.sim.network import Array


def measure(point: Point) -> PointResult:
    """Run and price both sides of a point."""
    ann, ann_cycles = _energy(point, ann_design(point), frames(point))
    snn, snn_cycles = _energy(point, snn_design(point), trains(point), state=point.state)
    return PointResult(
        point=point,
        n=spikes_per_activation(point),
        ann=_side(ann, ann_cycles, positions=point.rows),
        snn=_side(snn, snn_cycles, positions=1),
    )


def check(point: Point) -> None:
    """Refuse a point that cannot be built, before any is run.

    Raises
    ------
    InputError
        A parameter is out of range on one side, or there is no such technology.
    """
    load_technology(point.technology)
    systolic(point)
    spiking(point, threshold=1)


def _energy(
    point: Point, design: Design, x: Array, *, state: StatePlacement = StatePlacement.BUILT
) -> tuple[CounterEnergy, Array]:
    result = run(design, x)
    technology = load_technology(point.technology)
    return counter_energy(technology, design.params, result.counters, result.cycles, state=state), result.cycles


def _side(energy: CounterEnergy, cycles: Array, *, positions: int) -> SideResult:
    summary = energy.summary()
    return SideResult(
        pj=summary.total / positions,
        parts={name: value / positions for name, value in summary.parts.items()},
        cycles=float(cycles.mean()) / positions,
        area_um2=energy.area_um2,
    )
