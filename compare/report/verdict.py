"""The verdict of a study: spikes or not. Every ratio is SNN over ANN: below 1 favours spikes."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.energy.levels import Level
from tospike.compare.report.candidates import Candidate
from tospike.compare.verdict.decision import Split, Word

Interval = tuple[float, float]
"""Lower and upper end."""


@dataclass(frozen=True, kw_only=True)
class AccuracyComparison:
    """Whether the side that needs less energy answers as well as the other one, on the test samples."""

    ann: float
    snn: float
    """Fractions of correct answers of the golden models."""
    samples: int
    """Test samples of all folds."""
    bound: float
    """Lower bound of the cheaper side's accuracy minus the other's, one-sided, at 95 %."""
    margin: float
    """How much of the accuracy may be missing."""
    comparable: bool
    """Whether the cheaper side is at least as accurate, or the bound is above ``-margin``."""


@dataclass(frozen=True, kw_only=True)
class PlatformVerdict:
    """The verdict on one kind of chip."""

    decision: Word
    judged: Candidate
    """The SNN: the cheapest that is accurate enough."""
    against: Candidate
    """The ANN: likewise."""
    ratio: float
    """Energy per inference of the SNN over that of the ANN, by the cost model that decides, at ``level``."""
    interval: Interval
    """Of ``ratio``: over all cost models, each with its own interval, and widened by ``level_error``."""
    level: Level
    """The deepest level that ran; it decides."""
    by_technology: Mapping[str, float]
    """The ratio of the hardware's counters by cost model, the one that decides first."""
    intervals: Mapping[str, Interval]
    """The interval of the ratio at ``level`` by cost model, over inputs, seeds and the ranges of its prices."""
    level_error: float
    """By how much the logarithm of a ratio may differ from that at a deeper level."""
    split: Split | None
    """What an undecided verdict hangs on, and the ratio at both its ends."""
    flips: str
    """What would turn the decision, in a sentence."""
    accuracy: AccuracyComparison


@dataclass(frozen=True, kw_only=True)
class Platforms:
    """The verdict by platform; ``None``: no cost model of this platform was used."""

    asic: PlatformVerdict | None
    fpga: PlatformVerdict | None


@dataclass(frozen=True, kw_only=True)
class Verdict(PlatformVerdict):
    """The verdict: spikes or not, on the platform of the cost model that decides."""

    sentence: str
    """The verdict in words, for citation."""
    interval_over: tuple[str, ...]
    """``"inputs"``, and ``"seeds"`` if a side was trained several times."""
    confidence: float
    """Of each cost model's interval."""
    by_level: Mapping[Level, float]
    """The ratio by level."""
    platforms: Platforms
