"""The event engine."""

from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.activation import ActivationParams
from tospike.hw.params.check import require, require_range
from tospike.hw.params.limits import LAYER_WEIGHTS
from tospike.hw.params.neurons.integrating import IParams
from tospike.hw.params.neurons.leaky import LifParams
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.numbers import IntFormat, ceil_div
from tospike.hw.params.stream import SPIKE, TokenFormat
from tospike.hw.params.window import EventWindow


class Readout(StrEnum):
    """What an event engine sends."""

    SPIKES = "spikes"
    """On every TICK the spikes of the step, then the TICK; on END the END."""
    COUNT = "count"
    """On END the number of spikes of each neuron since the last END, then the END."""
    MEMBRANE = "membrane"
    """On END the membrane potential of each neuron, then the END. A frame, which has no TICK, is summed up so."""


class Sweep(StrEnum):
    """Which words of neurons a TICK sweeps."""

    ALL = "all"
    """All of them."""
    TOUCHED = "touched"
    """Those that got an event since their last sweep, and those that spike again without one."""


class SpikingEngine(StrEnum):
    """Where the states of a layer are, and so how many neurons are updated at a time."""

    EVENT = "event"
    """In a memory of words of ``lanes`` neurons, one word per cycle."""
    REGISTER = "register"
    """In registers, all neurons in every cycle: for small layers."""


MAX_REGISTER_NEURONS = 256
"""Neurons that a register engine may have: each has its own arithmetic."""

SWEEP_PIPELINE = 4
"""Cycles from a membrane to the decayed membrane, for a LIF that spikes once per step."""

LIST_SETTLE = 4
"""Cycles after the return of a sweep's words for which a sweep of listed words waits: until it is known which words
will spike again. After a sweep of listed words all else waits as long: it may come back to any word at once."""


@dataclass(frozen=True, kw_only=True)
class EventParams:
    """A spiking layer's engine: synapses from on-chip memory, ``lanes`` neurons updated per cycle.

    Synapses are dense, or a ``window``: then an event reaches the neurons of the positions under whose windows it is.
    """

    inputs: int
    neurons: int
    lanes: int = 8
    engine: SpikingEngine = SpikingEngine.EVENT
    payload: IntFormat = field(default=SPIKE)
    weight_bits: int = 8
    neuron: NeuronParams = field(default=LifParams())
    readout: Readout = Readout.SPIKES
    count_bits: int = 8
    bias: bool = False
    recurrent: bool = False
    """The engine's spikes of a step are events of its next step, before those that come in."""
    sweep: Sweep = Sweep.ALL
    window: EventWindow | None = None
    activation: ActivationParams | None = None
    """What becomes of the membranes on their way out, in a layer of an ANN that is not the last one."""
    delta: bool = False
    """A layer of a delta ANN: events are changes of activations, and a TICK ends each frame of them. Membranes last
    until the END, biases come in once. A layer that is not the last one answers a TICK with changes of its own."""
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
        if self.engine is SpikingEngine.REGISTER:
            require_range("neurons of a register engine", self.neurons, 1, MAX_REGISTER_NEURONS)
            require(
                self.lanes == self.neurons and self.sweep is Sweep.ALL,
                f"a register engine updates its {self.neurons} neurons at once: lanes must be as many, not "
                f"{self.lanes}, and --sweep all",
            )
        else:
            require_range("lanes", self.lanes, 1, 64)
        require_range("payload-bits", self.payload.bits, 1, 9 if self.delta else 8)
        require_range("weight-bits", self.weight_bits, 2, 16)
        require_range("count-bits", self.count_bits, 1, 16)
        require_range("counter-bits", self.counter_bits, 8, 32)
        require(
            not self.recurrent or self.readout is not Readout.MEMBRANE,
            "a recurrent engine cannot be read out by its membrane: put an LI or I behind it, or read spikes",
        )
        require(
            self.neuron.spikes or self.readout is Readout.MEMBRANE,
            f"a {self.neuron.tag.upper()} neuron has no spikes: its readout must be membrane, not {self.readout.value}",
        )
        require(
            self.sweep is Sweep.ALL or (self.neuron.unmoved and (self.delta or not self.bias)),
            "--sweep touched is for IF and I neurons without bias and refractory steps that begin below their "
            "threshold, because all others change in every step: give --sweep all",
        )
        if self.window is not None:
            self._check_window(self.window)
        if self.activation is not None:
            self._check_activation(self.activation)
        if self.delta:
            self._check_delta()
        else:
            require(
                self.activation is None or self.activation.change_threshold is None,
                "changes of activations are for a delta ANN: leave the change threshold out",
            )

    def _check_delta(self) -> None:
        require(
            isinstance(self.neuron, IParams)
            and self.readout is Readout.MEMBRANE
            and self.engine is SpikingEngine.EVENT
            and self.window is None
            and self.payload.signed,
            "a layer of a delta ANN is an event engine with dense synapses, signed payloads, I neurons and readout "
            "membrane",
        )
        require(
            self.activation is None or (self.activation.change_threshold is not None and self.sweep is Sweep.ALL),
            "a layer of a delta ANN that is not the last one needs a change threshold, and sweeps all words",
        )

    def _check_activation(self, activation: ActivationParams) -> None:
        require(
            isinstance(self.neuron, IParams) and self.readout is Readout.MEMBRANE,
            f"activations are made of the membranes of I neurons, not of {self.neuron.tag.upper()} with readout "
            f"{self.readout.value}",
        )
        require(
            self.engine is SpikingEngine.EVENT and self.window is None,
            "activations are for an event engine with dense synapses: leave the window and --engine register out",
        )
        require(
            all(self.neuron.state.holds(end) for end in activation.clamp),
            f"activations from {activation.clamp[0]} to {activation.clamp[1]} do not fit membranes of "
            f"{self.neuron.state_bits} bits: give more state bits",
        )

    def _check_window(self, window: EventWindow) -> None:
        require(
            (self.inputs, self.neurons) == (window.inputs, window.neurons),
            f"a window from {window.inputs} inputs to {window.neurons} neurons does not fit an event engine with "
            f"{self.inputs} and {self.neurons}",
        )
        require(not self.recurrent, "an event engine with a window of weights cannot be recurrent")
        require(
            self.engine is SpikingEngine.EVENT,
            "a register engine has dense synapses: a window of weights needs --engine event",
        )
        require(
            self.sweep is Sweep.ALL,
            "--sweep touched is for dense synapses, whose events touch all neurons: a window needs --sweep all",
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
        """Whether the engine keeps a list of the words that must be swept though nothing came."""
        return self.sweep is Sweep.TOUCHED and self.neuron.spikes_again_above is not None

    @property
    def sweep_return(self) -> int:
        """Cycles after the last word of a sweep until all words are back in the memories."""
        # a word of the side memory is read 3 cycles after a sweep begins, and written 10 cycles after
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
    def swept(self) -> TokenFormat:
        """Tokens that sweeps send; counts saturate."""
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
            return self.swept
        return TokenFormat(addresses=self.neurons, payload=self.activation.sent)

    @property
    def sends_changes(self) -> bool:
        """Whether it answers a TICK with changes of activations."""
        return self.activation is not None and self.activation.change_threshold is not None

    @property
    def answers_ticks(self) -> bool:
        """Whether a TICK that comes is a TICK that leaves, and VALUEs before it."""
        return self.readout is Readout.SPIKES or self.sends_changes
