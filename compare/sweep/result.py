"""What is measured at a point of a sweep. Energies are in picojoules per inference, one row of the array's."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.sweep.point import Point


@dataclass(frozen=True, kw_only=True)
class SideResult:
    """One side, by counters."""

    pj: float
    """Mean energy."""
    parts: Mapping[str, float]
    """The same by part."""
    cycles: float
    """Mean clock cycles."""
    area_um2: float
    """Square micrometres."""


@dataclass(frozen=True, kw_only=True)
class GateSideResult(SideResult):
    """One side in gates; the area is that of the cells."""

    period_ns: float
    """The clock's."""


@dataclass(frozen=True, kw_only=True)
class PointResult:
    """Both sides of a point, by counters."""

    point: Point
    n: float
    """Spikes for each activation that is not zero, that really came."""
    ann: SideResult
    snn: SideResult

    @property
    def ratio(self) -> float:
        """SNN over ANN: energy."""
        return self.snn.pj / self.ann.pj
