"""The verdict of a study, and the margins that it rests on. Every ratio is SNN over ANN: below 1 favours spikes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tospike.compare.energy.levels import Level

Winner = Literal["ann", "snn", "tie", "undecided"]
Interval = tuple[float, float]
"""From, to."""


@dataclass(frozen=True, kw_only=True)
class AccuracyMargin:
    """Accuracies side by side."""

    basis: Literal["rtl", "golden"]
    """What they are of: the RTL, or the golden model unless the RTL of both ran on all samples."""
    ann: float
    snn: float
    difference_points: float
    """SNN minus ANN, in percentage points."""
    tolerance_points: float
    comparable: bool
    """Whether the difference is within the tolerance."""


@dataclass(frozen=True, kw_only=True)
class EnergyMargin:
    """Energy per inference."""

    level: Literal[Level.COUNTERS]
    model: str
    """The technology that prices them."""
    ratio: float
    """Of the means over the samples."""
    interval: Interval | None
    """Of the ratio, by bootstrap over the samples; ``None`` for a single one."""
    confidence: float
    """Of the interval, as a fraction."""
    per_sample: Interval | None
    """5th and 95th percentile of the single samples' ratios."""
    technologies: Mapping[str, float]
    """The ratio by every technology."""


@dataclass(frozen=True, kw_only=True)
class LatencyMargin:
    """Latency in time where both designs were placed and routed, otherwise in cycles."""

    unit: Literal["us", "cycles"]
    ratio: float
    """Of the means over the samples."""


@dataclass(frozen=True, kw_only=True)
class FpgaMargin:
    """A ratio for each resource, ``None`` where the ANN has none: there is no honest exchange rate between them."""

    lut4: float | None
    carry: float | None
    ff: float | None
    bram: float | None
    dsp: float | None


@dataclass(frozen=True, kw_only=True)
class CellMargin:
    """The same for standard cells."""

    area: float | None
    ff: float | None
    memory_bits: float | None


@dataclass(frozen=True, kw_only=True)
class Margins:
    """By how much one design is ahead."""

    accuracy: AccuracyMargin
    energy: EnergyMargin
    latency: LatencyMargin
    area: FpgaMargin | CellMargin | None
    """``None``: not synthesised."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Spikes or not?"""

    winner: Winner
    sentence: str
    """What a researcher could quote."""
    reason: Literal["accuracy", "energy", "evidence"]
    """What decided."""
    margins: Margins
