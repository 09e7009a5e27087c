"""Options of the planner: which engines run a network, and how they are built."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from tospike.hw.params import (
    LONGEST_TIME_BIN,
    Dataflow,
    NeuronUpdate,
    SpikeCode,
    WeightSource,
    check_options,
    of_layer,
    option,
    require,
)

MOST_CYCLES = 1 << 24
"""Cycles of a layer per sample, at most."""
NOT_STREAMED = (
    "--weight-stream-bits is for streamed weights, but these are on chip: leave it out, or give --weights stream"
)
"""The message for a width without a stream."""


class Engine(StrEnum):
    """The kind of engine that runs a layer."""

    SYSTOLIC = "systolic"
    """ANN: one array of multiply-accumulators for all layers; part of a conv engine if there are convolutions."""
    DATAFLOW = "dataflow"
    """ANN without branches: an array per layer, each with its own folding, as a pipeline of samples."""
    EVENT = "event"
    """An event engine per layer: events are spikes, or the non-zero activations of an ANN. States are in a memory
    with ``lanes`` neurons per word; it updates one word per cycle."""
    DELTA = "delta"
    """ANN: an event engine per layer, whose events are changes of activations from frame to frame."""
    REGISTER = "register"
    """SNN: states in registers, all neurons updated in every cycle: for small layers."""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of network whose layers run on it: ``ann``, ``snn``."""
        return frozenset(_KINDS[self].split())

    @classmethod
    def usual(cls, *, spiking: bool) -> "Engine":
        """Return the default engine of a network."""
        return cls.EVENT if spiking else cls.SYSTOLIC


_KINDS = {
    Engine.SYSTOLIC: "ann",
    Engine.DATAFLOW: "ann",
    Engine.EVENT: "ann snn",
    Engine.DELTA: "ann",
    Engine.REGISTER: "snn",
}


class Place(StrEnum):
    """Where a layer runs in a hybrid, a chain that mixes layers of an ANN and of an SNN."""

    ARRAY = "array"
    """A layer of an ANN on an array, which neighbours share."""
    EVENT = "event"
    """A dense layer of an ANN on an event engine of its own, which skips zeros."""
    SPIKING = "spiking"
    """A layer of spiking neurons on an event engine of its own."""
    GRADED = "graded"
    """The same, but it counts its spikes and sends each count as one graded spike, after its last step."""

    @property
    def spikes(self) -> bool:
        """Whether its neurons spike."""
        return self in (Place.SPIKING, Place.GRADED)

    @property
    def kinds(self) -> frozenset[str]:
        """``snn``: the SNN of an exact pair, whose layers have an ANN side; an ANN has no spiking side."""
        return frozenset({"snn"})

    @property
    def engine(self) -> Engine:
        """The kind of engine."""
        return Engine.SYSTOLIC if self is Place.ARRAY else Engine.EVENT


class Products(StrEnum):
    """What computes the products of a dataflow layer."""

    MULTIPLIERS = "multipliers"
    """Multipliers, which weights from a memory pass by: an array, as large as the folding says."""
    CONSTANTS = "constants"
    """Adders: weights are constants in the logic; all products are computed side by side, those with 0 cost nothing."""


class Counters(StrEnum):
    """The performance counters of a design, which only measure: nothing but their registers shows them."""

    ALL = "all"
    """Those of every engine, and the inputs."""
    NONE = "none"
    """The cycles alone."""


COUNTER_BITS = {Counters.ALL: 32, Counters.NONE: 0}
"""The width of an engine's counters."""


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """Options of the planner.

    With ``Engine.DATAFLOW``, every dense layer and convolution has its own array, which takes at most ``fold`` cycles
    per sample; at most ``dsp_products`` of its multipliers are DSP blocks. With ``Products.CONSTANTS``, it takes one
    cycle, and its weights are logic.

    With ``Engine.EVENT``, the dense layers of an ANN run on event engines, which skip zeros; with ``Engine.DELTA``,
    they skip values that have changed by no more than ``delta_threshold``, in integer units of the activations.

    ``rows`` x ``cols`` and ``dataflow`` shape the systolic engine, ``lanes`` the event engines. By default, both have
    the same number of multiply-accumulate lanes. A systolic array of one row suits one sample at a time: further rows
    work only on further samples. With ``argmax``, the host gets the class instead of one value per class. With
    ``Engine.REGISTER``, layers that are small enough have their states in registers. With ``NeuronUpdate.ACTIVE``,
    event engines whose neurons allow it update active words only. With ``event_bin``, the host sends events with time
    stamps, and a step is that many units long.
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
        "ANN: one systolic array; or an array per layer (dataflow); or, for dense layers, an event engine per layer "
        "that skips zeros (event) or unchanged values (delta). SNN: event engines, or registers for small layers",
        unset="systolic for an ANN, event for an SNN",
        per_layer="ann snn",
    )
    place: Place | None = option(
        None,
        "Hybrid: where a layer of an exact pair runs",
        unset="as in the file",
        per_layer="snn",
        by_layer=True,
    )
    bridge: SpikeCode = option(
        SpikeCode.ONCE,
        "Hybrid: spikes for a value k: a graded one (once), or k of them in the first steps (packed) or evenly spaced "
        "(even)",
    )
    fold: int = option(1024, "Dataflow: cycles per sample and layer, at most", low=1, high=MOST_CYCLES, per_layer="ann")
    dsp_products: int | None = option(
        None,
        "Dataflow: most multipliers per layer in DSP blocks, the rest in LUTs",
        low=0,
        high=1 << 14,
        unset="all of them",
        per_layer="ann",
    )
    products: Products | None = option(
        None,
        "Dataflow: arrays of multipliers, or constant weights in logic, a sample per cycle: for small sparse layers",
        unset="multipliers; with --fit constants, where they fit",
        per_layer="ann",
    )
    adder_levels: int = option(
        1,
        "Dataflow, constant weights: adders between two registers; more take fewer cycles, but longer ones",
        low=1,
        high=4,
    )
    cochlea_multipliers: int | None = option(
        None, "Cochlea: multipliers of its filter bank", low=1, high=64, unset="as in the file"
    )
    delta_threshold: int = option(0)
    update: NeuronUpdate = option(
        NeuronUpdate.ALL, "Event engines: update all words, or only active ones (IF and I)", per_layer="snn"
    )
    products_per_multiplier: int = option(1, "Systolic: 2 lets two columns share a multiplier, for ECP5", low=1, high=2)
    weights: WeightSource = option(
        WeightSource.MEMORY,
        "ANN on one array: weights on chip, or streamed in per frame",
        unset="memory; stream if --fit must",
    )
    weight_stream_bits: int | None = option(
        None, "Width of the stream of weights: 32, 64, 128 or 256", unset="32, for --weights stream"
    )
    unbanked: bool = option(
        False, "Do not split deep weight memories into banks: for standard cells; block RAMs are faster in banks"
    )
    host_bits: int | None = option(
        None, "Dataflow: width of the host's streams, packed: 32, 64, 128 or 256", unset="32, a byte per value"
    )
    argmax: bool = option(False, "Output only the index of the largest output")
    writable: bool = option(
        False, "Let the host write the weights, so that one bitstream serves all networks of its shape"
    )
    counters: Counters = option(Counters.ALL, "Performance counters in hardware, or none but that of the cycles")
    clock_gating: bool = option(
        False, "Stop the clock of arrays and event engines while nothing is in them: for standard cells"
    )
    event_bin: int | None = option(
        None,
        "Spike data: the host sends time-stamped events; a step lasts this many units of the stamps",
        low=1,
        high=LONGEST_TIME_BIN,
    )

    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """Options of single stages: by stage, then by field of this class; see `of_layer`."""

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.bridge is not SpikeCode.DIRECT,
            "--bridge direct repeats a value in every step, which adds it up: give once, packed or even",
        )
        for layer in self.layers:
            of_layer(self, layer)

    @property
    def is_placed(self) -> bool:
        """Whether a place is given, for all layers or for some."""
        return self.place is not None or any("place" in given for given in self.layers.values())

    @property
    def weight_source(self) -> dict[str, Any]:
        """Where an array has its weights, as fields of its engine's parameters."""
        if self.weight_stream_bits is None or self.weights is WeightSource.MEMORY:
            return {"weights": self.weights}
        return {"weights": self.weights, "weight_stream_bits": self.weight_stream_bits}

    def describe(self) -> dict[str, Any]:
        """Return every option by name, as JSON (the enums are strings), with those of single layers if there are
        any."""
        described = asdict(self)
        return {name: value for name, value in described.items() if name != "layers" or value}
