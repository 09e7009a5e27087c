"""One side of a point in gates: mapped and simulated once for all points that share it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from tospike.compare.energy.counters.work import StatePlacement
from tospike.compare.energy.gates.measure import GateOptions, measure_gates
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.sweep.layer import ann_design, frames, snn_design, trains
from tospike.compare.sweep.measure import check as check_point
from tospike.compare.sweep.point import Point
from tospike.compare.sweep.result import GateSideResult
from tospike.gen.tools.programs import find, look
from tospike.hw.params import require
from tospike.synth.asic.cells import REGISTER_FILE_WORDS


class Side(StrEnum):
    """A side of a point."""

    ANN = "ann"
    SNN = "snn"


_SHARED = ("inputs", "outputs", "weight_bits", "technology", "samples", "seed")
_OWN = {
    Side.ANN: ("act_bits", "rows", "cols", "density"),
    Side.SNN: ("steps", "state_bits", "lanes", "spike_rate"),
}
"""Parameters of a point on which a side depends."""


@dataclass(frozen=True, kw_only=True)
class GatePoint:
    """A side, its cell library and delay model. The point's technology prices memories."""

    side: Side
    point: Point
    """The point, with defaults for parameters on which the side does not depend."""
    target: str
    delays: DelayModel

    @classmethod
    def of(cls, side: Side, point: Point, *, target: str, delays: DelayModel) -> "GatePoint":
        """Return a side of ``point``.

        Raises
        ------
        InputError
            The point places its membranes differently than built.
        """
        require(
            point.state is StatePlacement.BUILT,
            f"gates are measured as built, and --state {point.state.value} only changes what counters are charged: "
            f"leave it out. --lanes and --outputs move membranes: up to {REGISTER_FILE_WORDS} words are flip-flops, "
            "more are a memory",
        )
        fields = {name: getattr(point, name) for name in (*_SHARED, *_OWN[side])}
        return cls(side=side, point=Point(**fields), target=target, delays=delays)


def _options(work: GatePoint) -> GateOptions:
    return GateOptions.on(work.target, technology=work.point.technology, delays=(work.delays,))


def check(work: GatePoint) -> None:
    """Refuse a point that cannot be built or measured, before anything runs.

    Raises
    ------
    InputError
        As for the counters; or the library or a tool is missing.
    """
    check_point(work.point)
    _options(work)
    find("yosys"), find("g++")


def measure(work: GatePoint) -> GateSideResult:
    """Map, simulate and price, and check against the golden model.

    Raises
    ------
    InputError
        A tool fails, or the gates differ from the golden model.
    """
    point = work.point
    if work.side is Side.ANN:
        design, x, positions = ann_design(point), frames(point), point.rows
    else:
        design, x, positions = snn_design(point), trains(point), 1
    measured = measure_gates(design, x, _options(work))
    energy = measured.energies[work.delays]
    return GateSideResult(
        pj=float(energy.total.mean()) / positions,
        parts={name: float(values.mean()) / positions for name, values in energy.parts.items()},
        cycles=float(measured.result.cycles.mean()) / positions,
        area_um2=measured.report.area,
        period_ns=measured.timing.period_ns,
    )


def inputs(work: GatePoint) -> Mapping[str, str | None]:
    """Return the inputs of the result, except the code."""
    sta, _ = look("sta")
    options = _options(work)
    return {
        "work": json.dumps(asdict(work), sort_keys=True),
        "library": hashlib.sha256(options.library.read_bytes()).hexdigest(),
        "technology": repr(options.technology),
        "yosys": find("yosys").release,
        "sta": sta.release if sta else None,
    }
