"""Layers of spiking neurons: those whose states lie in a memory of words."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.engine import Readout
from tospike.hw.params.engines.event import EventParams, NeuronUpdate
from tospike.hw.params.engines.window import EventWindow
from tospike.hw.params.neurons.leaky import LifParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents


@dataclass(frozen=True, kw_only=True)
class SpikingLayerParams(EventParams):
    """What a layer of spiking neurons is, wherever its states are."""

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
            "a recurrent engine cannot be read out by its membrane: put an LI or I behind it, or read spikes",
        )
        require(
            self.neuron.spikes or self.readout is Readout.MEMBRANE,
            f"a {self.neuron.tag.upper()} neuron has no spikes: its readout must be membrane, not {self.readout.value}",
        )

    @property
    def takes(self) -> Contents:
        """Spikes, or what stands for several."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """Spikes, or of each neuron what is read out of it."""
        return Contents.TRAIN if self.readout is Readout.SPIKES else Contents.SPARSE_FRAME


@dataclass(frozen=True, kw_only=True)
class SpikingParams(SpikingLayerParams):
    """The event engine of a spiking layer: states in a memory, ``lanes`` neurons updated per cycle.

    Synapses are dense, or a ``window``: then an event reaches the neurons of the positions under whose windows it is.
    """

    lanes: int = 8
    update: NeuronUpdate = NeuronUpdate.ALL
    window: EventWindow | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("lanes", self.lanes, 1, 64)
        require(
            self.update is NeuronUpdate.ALL or (self.neuron.is_static and not self.bias),
            "--update active is for IF and I neurons without bias and refractory steps that begin below their "
            "threshold, because all others change in every step: give --update all",
        )
        if self.window is not None:
            self._check_window(self.window)

    def _check_window(self, window: EventWindow) -> None:
        require(
            (self.inputs, self.neurons) == (window.inputs, window.neurons),
            f"a window from {window.inputs} inputs to {window.neurons} neurons does not fit an event engine with "
            f"{self.inputs} and {self.neurons}",
        )
        require(not self.recurrent, "an event engine with a window of weights cannot be recurrent")
        require(
            self.update is NeuronUpdate.ALL,
            "--update active is for dense synapses, whose events touch all neurons: a window needs --update all",
        )
        require(self.neuron.noise is None, "a noisy threshold is for dense synapses: leave the noise out")
        require(
            self.lanes <= window.channels,
            f"{self.lanes} lanes are more than the {window.channels} channels of a window",
        )
        require(
            not window.depthwise or self.lanes % window.fan_out == 0 or window.fan_out % self.lanes == 0,
            f"{self.lanes} lanes and {window.fan_out} output channels for each input of a depthwise window do not "
            "divide one another: give other lanes",
        )

    @property
    def arriving_image(self) -> tuple[int, int, int] | None:
        """What a window lies on."""
        return None if self.window is None else self.window.shape

    @property
    def sent_image(self) -> tuple[int, int, int] | None:
        """A window's neurons go position by position, channels innermost."""
        return None if self.window is None else (self.window.channels, *self.window.size)
