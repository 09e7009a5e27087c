"""Other designs for the same task. Energies are means per inference by the hardware's counters, in picojoules; every
ratio is SNN over ANN."""

from dataclasses import dataclass

from tospike.compare.report.design import Kind
from tospike.compare.report.verdict import Interval


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why a figure that was asked for is not there."""

    missing: str


@dataclass(frozen=True, kw_only=True)
class MatchedQnnComparison:
    """The SNN against its bit-matched QNN: the ANN with activations of as many bits as a neuron's spike count has."""

    steps: int
    """Time steps of the SNN."""
    bits: int
    """Of the QNN's activations."""
    ratio: float
    """SNN over QNN: energy by the hardware's counters."""
    interval: Interval
    """Bootstrap over the samples, as that of the verdict."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One side with one parameter changed."""

    kind: Kind
    change: str
    """Empty: the network as it is."""
    accuracy: float
    pj: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What a change does to the comparison."""

    change: str
    accuracy: float | None
    """Of the side that was changed; ``None`` for a change of prices."""
    ratio: float
    factor: float
    """``ratio`` over that without the change."""
    flips: bool
    """Whether the other side now needs less energy."""
    comparable: bool
    """Whether the accuracy stayed within the tolerance of the verdict."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One network at one point of its grid of bits and time steps."""

    kind: Kind
    label: str
    """Empty: the network as it is."""
    accuracy: float
    pj: float
    front: bool
    """Whether no point of its side is as accurate for less energy, or more accurate for as much."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """The cheapest SNN and the cheapest ANN that are at least so accurate."""

    snn: str
    ann: str
    accuracy: float
    ratio: float
    interval: Interval
    """Of the ratio, by bootstrap over the samples; the choice of both is part of it."""


@dataclass(frozen=True, kw_only=True)
class IsoAccuracy:
    """Both networks at equal accuracy."""

    technology: str
    """What prices the counters."""
    samples: int
    points: tuple[Point, ...]
    matches: tuple[Match, ...]
    """By accuracy: that of each point of the SNN's front which an ANN reaches, and what both reach as they are."""
    target: float
    """The accuracy that both networks reach as they are."""
    ratio: float
    """Of the cheapest of either side that is at least so accurate; one of `matches`."""
    interval: Interval
    sentence: str
