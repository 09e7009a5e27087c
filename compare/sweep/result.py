"""Results of a point of a sweep. Energies are in picojoules per inference of one array row."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.sweep.point import Point


@dataclass(frozen=True, kw_only=True)
class SideResult:
    """One side, by counters."""

    pj: float
    """Mean energy in pJ."""
    parts: Mapping[str, float]
    """Mean energy by part."""
    cycles: float
    """Mean clock cycles."""
    area_um2: float
    """Area in square micrometres."""


@dataclass(frozen=True, kw_only=True)
class GateSideResult(SideResult):
    """One side in gates; the area is that of the cells."""

    period_ns: float
    """Period of the clock."""


@dataclass(frozen=True, kw_only=True)
class PointResult:
    """Both sides of a point, by counters."""

    point: Point
    n: float
    """Measured spikes per non-zero activation."""
    ann: SideResult
    snn: SideResult

    @property
    def ratio(self) -> float:
        """SNN over ANN energy."""
        return self.snn.pj / self.ann.pj
