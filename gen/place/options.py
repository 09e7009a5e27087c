"""What the user may choose about the engines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from tospike.hw.params import (
    LONGEST_TIME_BIN,
    MAX_FOLD,
    Dataflow,
    NeuronUpdate,
    WeightSource,
    check_options,
    of_layer,
    option,
)


class Engine(StrEnum):
    """What runs the layers of a network."""

    SYSTOLIC = "systolic"
    """ANN: one array of multiply-accumulators for all layers; with a conv engine around it, where there are
    convolutions."""
    DATAFLOW = "dataflow"
    """ANN of dense layers: an array for each layer, folded on its own, in a pipeline through which samples follow one
    another."""
    EVENT = "event"
    """An event engine for each layer: spikes are events, or activations of an ANN that are not zero. States are in a
    memory of words of ``lanes`` neurons, one word per cycle."""
    DELTA = "delta"
    """ANN: an event engine for each layer, whose events are changes of activations from frame to frame."""
    REGISTER = "register"
    """SNN: states in registers, all neurons updated in every cycle: for small layers."""

    @property
    def kinds(self) -> frozenset[str]:
        """``ann``, ``snn``: the networks whose layers run on it."""
        return frozenset(_KINDS[self].split())

    @classmethod
    def usual(cls, *, spiking: bool) -> "Engine":
        """Return what layers run on if the user wants nothing else."""
        return cls.EVENT if spiking else cls.SYSTOLIC


_KINDS = {
    Engine.SYSTOLIC: "ann",
    Engine.DATAFLOW: "ann",
    Engine.EVENT: "ann snn",
    Engine.DELTA: "ann",
    Engine.REGISTER: "snn",
}


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What the user may choose about the engines.

    With ``Engine.DATAFLOW`` every dense layer has an array of its own that takes at most ``fold`` cycles per sample,
    ``dsp_products`` of whose multipliers are DSP blocks.

    With ``Engine.EVENT`` the dense layers of an ANN run on event engines, which skip zeros; with ``Engine.DELTA`` they
    skip what has not changed by more than ``delta_threshold``, in integers of the activations.

    ``rows`` x ``cols`` and ``dataflow`` shape the systolic engine, ``lanes`` the event engines. The defaults give
    both kinds the same number of multiply-accumulate lanes. A systolic array with one row suits one sample at a
    time: more rows work only on more samples. With ``argmax`` the host gets the class instead of a value for each.
    With ``Engine.REGISTER`` layers that are small enough have their states in registers. With
    ``NeuronUpdate.ACTIVE`` event engines whose neurons allow it update active words only. With ``event_bin`` the host
    sends events with time stamps, so many units of them per step.
    """

    PANEL: ClassVar = "Hardware"

    rows: int = option(1, "Rows of the systolic array", low=1, high=256)
    cols: int | None = option(
        None, "Columns of the systolic array", low=1, high=256, unset="8; 1 for a last convolution of several channels"
    )
    dataflow: Dataflow = option(Dataflow.OS, "Output- or weight-stationary array")
    lanes: int = option(8, "Event engines: neurons updated per cycle", low=1, high=64, per_layer="ann snn")
    engine: Engine | None = option(
        None,
        "ANN: one systolic array; or (dense) an array per layer (dataflow), or an event engine per layer that skips "
        "zeros, or with delta what has not changed. SNN: event engines, or registers where a layer is small enough",
        unset="systolic for an ANN, event for an SNN",
        per_layer="ann snn",
    )
    fold: int = option(1024, "Dataflow: cycles per sample and layer, at most", low=1, high=MAX_FOLD, per_layer="ann")
    dsp_products: int | None = option(
        None,
        "Dataflow: multipliers of a layer in DSP blocks, others in LUTs",
        low=0,
        high=1 << 14,
        unset="all of them",
        per_layer="ann",
    )
    delta_threshold: int = option(0)
    update: NeuronUpdate = option(
        NeuronUpdate.ALL, "Event engines: update all words, or only active ones (IF and I)", per_layer="snn"
    )
    products_per_multiplier: int = option(1, "Systolic: 2 lets two columns share a multiplier, for ECP5", low=1, high=2)
    weights: WeightSource = option(
        WeightSource.MEMORY,
        "Systolic: weights on chip, or streamed in per frame",
        unset="memory; stream if --fit must",
    )
    unbanked: bool = option(
        False, "Deep weight memories in one piece: for standard cells. Block RAMs are faster in banks"
    )
    host_bits: int | None = option(
        None, "Dataflow: width of the host's streams, packed: 32, 64, 128 or 256", unset="32, a byte per value"
    )
    argmax: bool = option(False, "Output only the index of the largest output")
    event_bin: int | None = option(
        None,
        "Spike data: the host sends events; length of a step in time-stamp units",
        low=1,
        high=LONGEST_TIME_BIN,
    )

    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """What stages have otherwise, by their names and the fields here; see `of_layer`."""

    def __post_init__(self) -> None:
        check_options(self)
        for layer in self.layers:
            of_layer(self, layer)

    def describe(self) -> dict[str, Any]:
        """Return every option by its name, as JSON takes it (its enums are strings); single layers' where there are
        any."""
        described = asdict(self)
        return {name: value for name, value in described.items() if name != "layers" or value}
