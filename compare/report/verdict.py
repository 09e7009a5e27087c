"""The verdict of a study, and its margins. Every ratio is SNN over ANN: below 1 favours spikes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tospike.compare.energy.levels import Level

Winner = Literal["ann", "snn", "tie", "undecided"]
Interval = tuple[float, float]
"""Lower and upper end."""


@dataclass(frozen=True, kw_only=True)
class AccuracyMargin:
    """Accuracies of both networks."""

    basis: Literal["rtl", "golden"]
    """The RTL if both ran on all samples in RTL, else the golden model."""
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
    """The technology that prices the counters."""
    ratio: float
    """Ratio of the means over the samples."""
    interval: Interval | None
    """Bootstrap interval of the ratio over the samples; ``None`` for a single sample."""
    confidence: float
    """Confidence of the interval, as a fraction."""
    per_sample: Interval | None
    """5th and 95th percentile of the single samples' ratios."""
    technologies: Mapping[str, float]
    """The ratio by technology."""


@dataclass(frozen=True, kw_only=True)
class LatencyMargin:
    """Latency in time if both designs were placed and routed, otherwise in cycles."""

    unit: Literal["us", "cycles"]
    ratio: float
    """Ratio of the means over the samples."""


@dataclass(frozen=True, kw_only=True)
class FpgaMargin:
    """A ratio per FPGA resource, ``None`` if the ANN uses none; there is no fair conversion between resources."""

    lut4: float | None
    carry: float | None
    ff: float | None
    bram: float | None
    dsp: float | None


@dataclass(frozen=True, kw_only=True)
class CellMargin:
    """Ratios for standard cells, ``None`` if the ANN uses none."""

    area: float | None
    ff: float | None
    memory_bits: float | None


@dataclass(frozen=True, kw_only=True)
class Margins:
    """The margins between both designs."""

    accuracy: AccuracyMargin
    energy: EnergyMargin
    latency: LatencyMargin
    area: FpgaMargin | CellMargin | None
    """``None``: not synthesised."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict: spikes or not."""

    winner: Winner
    sentence: str
    """The verdict in words, for citation."""
    reason: Literal["accuracy", "energy", "evidence"]
    """The deciding criterion."""
    ratio: float
    """Energy per inference: that of the SNN over that of the ANN, which are the best candidates of a search."""
    margins: Margins
