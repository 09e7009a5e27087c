"""Spiking layers, and the event engine, which keeps their states in memory."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.engine import Readout
from tospike.hw.params.engines.event import EventParams, NeuronUpdate
from tospike.hw.params.engines.window import EventWindow
from tospike.hw.params.neurons.firing_phase import FiringPhase
from tospike.hw.params.neurons.leaky import LifParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents


@dataclass(frozen=True, kw_only=True)
class SpikingLayerParams(EventParams):
    """Parameters of a spiking layer, wherever its states are kept."""

    payload: IntFormat = field(default=SPIKE)
    neuron: NeuronParams = field(default=LifParams())
    readout: Readout = Readout.SPIKES
    count_bits: int = 8
    recurrent: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("payload-bits", self.payload.bits, 1, 8)
        require_range("count-bits", self.count_bits, 1, 16)
        require(
            not self.recurrent or self.readout is not Readout.MEMBRANE,
            "a recurrent layer has no membrane readout: give it the readout spikes, and add a layer of LI or I neurons",
        )
        require(
            self.neuron.spikes or self.readout is Readout.MEMBRANE,
            f"{self.neuron.tag.upper()} neurons do not spike: their readout must be membrane, not {self.readout.value}",
        )

    @property
    def takes(self) -> Contents:
        """Spikes, possibly graded."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """Spikes, or the non-zero counts or membranes."""
        return Contents.TRAIN if self.readout is Readout.SPIKES else Contents.SPARSE_FRAME


@dataclass(frozen=True, kw_only=True)
class SpikingParams(SpikingLayerParams):
    """The event engine of a spiking layer: states in memory, ``lanes`` neurons updated per cycle.

    Synapses are dense, or those of a ``window``: an event then reaches the output positions whose window covers it.
    """

    lanes: int = 8
    update: NeuronUpdate = NeuronUpdate.ALL
    window: EventWindow | None = None
    weight_banks: bool = True
    """Split a memory of more than 2 * `BANK_WORDS` words of weights into banks, each with an output register: for block
    RAMs. Standard cells have memories of any depth."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("lanes", self.lanes, 1, 64)
        require(
            self.update is NeuronUpdate.ALL or (self.neuron.is_static and not self.bias),
            "--update active is for IF and I neurons without bias or refractory steps whose initial membrane is not "
            "above the threshold; all others change in every time step: give --update all",
        )
        if self.window is not None:
            self._check_window(self.window)
        if self.neuron.firing is not None:
            self._check_firing(self.neuron.firing)

    def _check_firing(self, phase: FiringPhase) -> None:
        require(
            self.update is NeuronUpdate.ALL and not self.recurrent,
            "a layer with a firing phase has no recurrence, and --update all",
        )
        require(
            (phase.steps == 0) == (self.readout is Readout.MEMBRANE),
            "a firing phase has steps, except that of a layer whose membranes are read",
        )

    def _check_window(self, window: EventWindow) -> None:
        require(
            (self.inputs, self.neurons) == (window.inputs, window.neurons),
            f"a window from {window.inputs} inputs to {window.neurons} neurons does not fit an event engine with "
            f"{self.inputs} inputs and {self.neurons} neurons",
        )
        require(not self.recurrent, "a convolutional event engine cannot be recurrent")
        require(
            self.update is NeuronUpdate.ALL,
            "--update active is for dense synapses, whose events reach all neurons: a window needs --update all",
        )
        require(
            self.lanes <= window.channels,
            f"{self.lanes} lanes are more than the {window.channels} channels of a window: give fewer lanes",
        )
        require(
            not window.depthwise or self.lanes % window.fan_out == 0 or window.fan_out % self.lanes == 0,
            f"neither of {self.lanes} lanes and {window.fan_out} output channels per input channel of a depthwise "
            "window divides the other: give other lanes",
        )

    @property
    def keeps_membranes(self) -> bool:
        """With a firing phase."""
        return self.neuron.firing is not None

    @property
    def arriving_image(self) -> tuple[int, int, int] | None:
        """The image that a window slides over."""
        return None if self.window is None else self.window.shape

    @property
    def sent_image(self) -> tuple[int, int, int] | None:
        """The neurons of a window, sent position by position, channels innermost."""
        return None if self.window is None else (self.window.channels, *self.window.size)
