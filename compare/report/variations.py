"""Other designs for the same task. Energies are means per inference by the hardware's counters, in picojoules; a
ratio is SNN over ANN unless it says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.report.design import Kind, Side
from tospike.compare.report.verdict import Interval


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why a requested figure is missing."""

    missing: str


@dataclass(frozen=True, kw_only=True)
class MatchedQnnComparison:
    """The SNN against its bit-matched QNN, the ANN with activations as wide as a neuron's spike count."""

    steps: int
    """Time steps of the SNN."""
    bits: int
    """Bits of the QNN's activations."""
    ratio: float
    """SNN over QNN: energy by the hardware's counters."""
    interval: Interval
    """Over the samples, as in the verdict."""
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RatioInterval:
    """One design over another: energy by the hardware's counters."""

    ratio: float
    interval: Interval
    """Over the samples, as in the verdict."""


@dataclass(frozen=True, kw_only=True)
class FreeRunning:
    """The SNN of an exact pair without its phases: IF neurons that fire while their input arrives."""

    accuracy: float
    mismatches: int
    """Samples with other outputs than in phases."""


@dataclass(frozen=True, kw_only=True)
class ExactPairReport:
    """Controls of two networks that compute the same function."""

    steps: int
    """Steps of each layer's phase: the most spikes of a neuron."""
    samples: int
    event_ann: RatioInterval | None
    """The SNN against the ANN on event engines; ``None`` if it is the ANN of the verdict, or cannot run on them."""
    free_running: FreeRunning
    sentence: str


@dataclass(frozen=True, kw_only=True)
class BridgeCost:
    """A circuit between layers of the two sides."""

    engine: str
    pj: float
    """Of its work, and of the clock of its flip-flops."""


@dataclass(frozen=True, kw_only=True)
class HybridReport:
    """The best mix of both networks' layers."""

    place: str
    """Where each layer runs, as ``--place`` takes it."""
    placements: int
    """Placements that were evaluated."""
    samples: int
    """Training samples on which they were."""
    over_ann: RatioInterval
    """Hybrid over the ANN that the verdict compares."""
    over_snn: RatioInterval
    """Hybrid over the SNN that the verdict compares."""
    margins: Mapping[str, float]
    """Energy of the best placement as an ANN (``all_ann``) and as an SNN (``all_snn``), over that of the hybrid."""
    bridges: tuple[BridgeCost, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One side with one parameter changed."""

    kind: Kind
    change: str
    """Empty: the network as given."""
    accuracy: float
    pj: float


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Effect of a change on the comparison."""

    change: str
    accuracy: float | None
    """Of the changed network; ``None`` for a change of prices."""
    ratio: float
    factor: float
    """``ratio`` over the ratio without the change."""
    flips: bool
    """Whether the other side now needs less energy."""
    comparable: bool
    """Whether the accuracy stayed within the tolerance of the verdict."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One network at one point of its grid of bits and time steps."""

    kind: Side
    label: str
    """Empty: the network as given."""
    accuracy: float
    pj: float
    front: bool
    """Whether the point is on the Pareto front of its side."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """The cheapest SNN and the cheapest ANN of at least a given accuracy."""

    snn: str
    ann: str
    accuracy: float
    ratio: float
    interval: Interval
    """Bootstrap interval of the ratio over the samples, including the choice of both networks."""


@dataclass(frozen=True, kw_only=True)
class IsoAccuracy:
    """Both networks at equal accuracy."""

    technology: str
    """Technology that prices the counters."""
    samples: int
    points: tuple[Point, ...]
    matches: tuple[Match, ...]
    """By accuracy: each point of the SNN's front that an ANN matches, and the accuracy of both networks as given."""
    target: float
    """The accuracy that both networks reach as given."""
    ratio: float
    """Ratio of the cheapest networks of at least this accuracy; one of `matches`."""
    interval: Interval
    sentence: str
