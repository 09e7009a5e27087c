"""What the user may choose about the engines."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from tospike.hw.params import LONGEST_TIME_BIN, Dataflow, NeuronUpdate, WeightSource, check_options, of_layer, option


class SpikingEngine(StrEnum):
    """Where the states of a spiking layer are, and so how many neurons are updated at a time."""

    EVENT = "event"
    """In a memory of words of ``lanes`` neurons, one word per cycle."""
    REGISTER = "register"
    """In registers, all neurons in every cycle: for small layers."""


class AnnEngine(StrEnum):
    """What runs the layers of an ANN."""

    SYSTOLIC = "systolic"
    """One array of multiply-accumulators for all layers; or the image engine, where there are convolutions."""
    EVENT = "event"
    """An event engine for each layer: activations that are not zero are events."""
    DELTA = "delta"
    """An event engine for each layer: changes of activations from frame to frame are events."""


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """What the user may choose about the engines.

    With ``AnnEngine.EVENT`` the dense layers of an ANN run on event engines, which skip zeros; with ``AnnEngine.DELTA``
    they skip what has not changed by more than ``delta_threshold``, in integers of the activations.

    ``rows`` x ``cols`` and ``dataflow`` shape the systolic engine, ``lanes`` the event engines. The defaults give
    both kinds the same number of multiply-accumulate lanes. A systolic array with one row suits one sample at a
    time: more rows work only on more samples. With ``argmax`` the host gets the class instead of a value for each.
    With ``SpikingEngine.REGISTER`` layers that are small enough have their states in registers. With
    ``NeuronUpdate.ACTIVE`` event engines whose neurons allow it update active words only. With ``event_bin`` the host
    sends events with time stamps, so many units of them per step.
    """

    PANEL: ClassVar = "Hardware"

    rows: int = option(1, "Rows of the systolic array", low=1, high=256)
    cols: int | None = option(
        None, "Columns of the systolic array", low=1, high=256, unset="8, or what puts a last convolution in order"
    )
    dataflow: Dataflow = option(Dataflow.OS, "Output- or weight-stationary array")
    lanes: int = option(8, "Neurons that an event engine updates per cycle", low=1, high=64, per_layer="ann snn")
    engine: SpikingEngine = option(
        SpikingEngine.EVENT, "SNN: states in memory, or in registers where a layer is small enough", per_layer="snn"
    )
    ann_engine: AnnEngine = option(
        AnnEngine.SYSTOLIC, "ANN: a systolic array, or (dense) event engines that skip zeros, or unchanged values"
    )
    delta_threshold: int = option(0)
    update: NeuronUpdate = option(
        NeuronUpdate.ALL, "Event engines: update all words, or active ones where IF and I allow", per_layer="snn"
    )
    products_per_multiplier: int = option(1, "Systolic: 2 lets two columns share multipliers, for ECP5", low=1, high=2)
    weights: WeightSource = option(
        WeightSource.MEMORY,
        "Systolic: weights on chip, or streamed in for each frame",
        unset="memory; stream if --fit must",
    )
    argmax: bool = option(False, "Send the index of the largest output instead of all outputs")
    event_bin: int | None = option(
        None,
        "Spike data: the port takes events; length of a step in units of their time stamps",
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
