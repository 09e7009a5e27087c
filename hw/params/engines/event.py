"""What all engines have in common whose work is events."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.activation import ActivationParams
from tospike.hw.params.engines.engine import EngineParams, Readout
from tospike.hw.params.engines.window import EventWindow
from tospike.hw.params.limits import LAYER_WEIGHTS
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.numbers import IntFormat, ceil_div
from tospike.hw.params.stream import SPIKE, TokenFormat


class NeuronUpdate(StrEnum):
    """Which words of neurons a TICK updates."""

    ALL = "all"
    """All of them."""
    ACTIVE = "active"
    """Those that got an event since their last update, and those that spike again without one."""


SWEEP_PIPELINE = 4
"""Cycles from a membrane to the decayed membrane, for a LIF that spikes once per step."""

LIST_SETTLE = 4
"""Cycles after the return of an update's words for which an update of listed words waits: until it is known which words
will spike again. After an update of listed words all else waits as long: it may come back to any word at once."""


@dataclass(frozen=True, kw_only=True)
class EventParams(EngineParams):
    """A layer whose engine turns events into sums of weights: synapses from on-chip memory, and neurons.

    It is a :class:`SpikingParams`, a :class:`RegisterParams`, an :class:`EventAnnParams` or a :class:`DeltaAnnParams`.
    What some of them have and others lack is a property here, which says that it is absent.
    """

    inputs: int
    neurons: int
    weight_bits: int = 8
    bias: bool = False
    writable: bool = False
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("neurons", self.neurons, 1, 1 << 16)
        weights = self.neurons * (self.inputs + self.neurons * self.recurrent) if self.window is None else 0
        require(
            weights <= LAYER_WEIGHTS,
            f"{self.inputs} inputs and {self.neurons} neurons have {weights} weights: {LAYER_WEIGHTS} at most",
        )
        require_range("weight-bits", self.weight_bits, 2, 16)
        require_range("counter-bits", self.counter_bits, 8, 32)

    @property
    @abstractmethod
    def payload(self) -> IntFormat:
        """What an event brings."""

    @property
    @abstractmethod
    def lanes(self) -> int:
        """Neurons that are updated in a cycle."""

    @property
    @abstractmethod
    def neuron(self) -> NeuronParams:
        """What becomes of the sums."""

    @property
    def readout(self) -> Readout:
        """What an update sends."""
        return Readout.MEMBRANE

    @property
    def count_bits(self) -> int:
        """Width of a spike counter."""
        return 1

    @property
    def recurrent(self) -> bool:
        """Whether the engine's spikes of a step are events of its next step, before those that come in."""
        return False

    @property
    def update(self) -> NeuronUpdate:
        """Which words of neurons a TICK updates."""
        return NeuronUpdate.ALL

    @property
    def window(self) -> EventWindow | None:
        """Where the weights of an event are, unless they are dense."""
        return None

    @property
    def activation(self) -> ActivationParams | None:
        """What becomes of the membranes on their way out, in a layer of an ANN that is not the last one."""
        return None

    @property
    def in_registers(self) -> bool:
        """Whether all states are in registers, and none in a memory of words."""
        return False

    @property
    def keeps_membranes(self) -> bool:
        """Whether membranes last until the END, and biases come in once; else a TICK begins a new step of both."""
        return False

    @property
    def channels(self) -> int:
        """Neurons of a position. Dense neurons are all in one."""
        return self.neurons if self.window is None else self.window.channels

    @property
    def position_words(self) -> int:
        """State words of a position: ``ceil(channels / lanes)``."""
        return ceil_div(self.channels, self.lanes)

    @property
    def event_words(self) -> int:
        """State words of a position that an event reaches: all, but for depthwise windows."""
        if self.window is None or not self.window.depthwise:
            return self.position_words
        return ceil_div(self.window.fan_out, self.lanes)

    @property
    def ragged(self) -> bool:
        """Whether the last word of each of several positions has lanes to spare."""
        return self.window is not None and self.channels % self.lanes != 0

    @property
    def words(self) -> int:
        """State words, position by position. A VALUE costs a cycle for each that it reaches: all, if dense."""
        return self.neurons // self.channels * self.position_words

    @property
    def rows(self) -> int:
        """Rows of weights, ``event_words`` words each: one for each input, then one for each neuron of a recurrent
        engine; or one for each tap and input channel of a window."""
        if self.window is not None:
            return self.window.taps * self.window.shape[0]
        return self.inputs + (self.neurons if self.recurrent else 0)

    @property
    def event(self) -> IntFormat:
        """Payload of whatever the weights are multiplied by: what comes in, and the engine's own spikes."""
        own = self.neuron.spike.bits + self.payload.signed
        return (
            IntFormat(bits=max(self.payload.bits, own), signed=self.payload.signed) if self.recurrent else self.payload
        )

    @property
    def product(self) -> IntFormat:
        """Payload times weight, exactly. A spike's is the weight itself."""
        if self.event == SPIKE:
            return self.weight
        return IntFormat(bits=self.weight_bits + self.event.bits + (not self.event.signed), signed=True)

    @property
    def lists_words(self) -> bool:
        """Whether the engine keeps a list of the words that must be updated though nothing came."""
        return self.update is NeuronUpdate.ACTIVE and self.neuron.spikes_again_above is not None

    @property
    def update_return(self) -> int:
        """Cycles after the last word of an update until all words are back in the memories."""
        # a word of the side memory is read 3 cycles after an update begins, and written 10 cycles after
        late = max(0, 3 - self.words) if self.neuron.has_side else 0
        return SWEEP_PIPELINE + self.neuron.extra_cycles + late

    @property
    def weight(self) -> IntFormat:
        """Weights are signed."""
        return IntFormat(bits=self.weight_bits, signed=True)

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def updated(self) -> TokenFormat:
        """Tokens that updates send; counts saturate."""
        payload = {
            Readout.SPIKES: self.neuron.spike,
            Readout.COUNT: IntFormat(bits=self.count_bits, signed=False),
            Readout.MEMBRANE: self.neuron.state,
        }[self.readout]
        return TokenFormat(addresses=self.neurons, payload=payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out."""
        if self.activation is None:
            return self.updated
        return TokenFormat(addresses=self.neurons, payload=self.activation.sent)

    @property
    def sends_changes(self) -> bool:
        """Whether it answers a TICK with changes of activations."""
        return self.activation is not None and self.activation.change_threshold is not None

    @property
    def answers_ticks(self) -> bool:
        """Whether a TICK that comes is a TICK that leaves, and VALUEs before it."""
        return self.readout is Readout.SPIKES or self.sends_changes
