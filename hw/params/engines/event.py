"""Parameters common to all event-driven engines."""

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tospike.hw.params.added import ADDED
from tospike.hw.params.banks import bank_cycles
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.activation import ActivationParams
from tospike.hw.params.engines.engine import WHOLE, EngineParams, Readout, check_counter_bits
from tospike.hw.params.engines.window import EventWindow
from tospike.hw.params.limits import LAYER_WEIGHTS
from tospike.hw.params.neurons.model import NeuronParams
from tospike.hw.params.numbers import IntFormat, ceil_div
from tospike.hw.params.stream import SPIKE, TokenFormat


class NeuronUpdate(StrEnum):
    """Which state words an update on a TICK covers."""

    ALL = "all"
    """All words."""
    ACTIVE = "active"
    """The words that received an event since their last update, and those that spike again without one."""


UPDATE_PIPELINE = 4
"""Cycles from a membrane to the decayed membrane, for a LIF that spikes at most once per time step."""

GROUP_LANES = 16
"""Lanes that work at the same time, and share the nets that control them."""

LIST_SETTLE = 4
"""Cycles that an update of active words waits after the words of the previous update are written back, until it is
known which of them spike again. Whatever follows an update of active words waits as long: it may access any word at
once."""

RING_WORDS = 4
"""Words of states in a ring, at most: an updated word is stored 4 cycles after its fetch, when the ring has rotated
once."""


@dataclass(frozen=True, kw_only=True)
class EventParams(EngineParams):
    """A layer that accumulates the weights of incoming events: synapses in on-chip memory, and neurons.

    It is a :class:`SpikingParams`, a :class:`RegisterParams`, an :class:`EventAnnParams` or a :class:`DeltaAnnParams`.
    A feature that only some of them have is a property here whose value means that it is absent.
    """

    inputs: int
    neurons: int
    weight_bits: int = 8
    bias: bool = False
    writable: bool = False
    counter_bits: int = 32
    clock_gating: bool = field(default=False, metadata=ADDED)

    sleeping_parts = WHOLE

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("neurons", self.neurons, 1, 1 << 16)
        weights = self.neurons * (self.inputs + self.neurons * self.recurrent) if self.window is None else 0
        require(
            weights <= LAYER_WEIGHTS,
            f"{self.inputs} inputs and {self.neurons} neurons have {weights} weights: {LAYER_WEIGHTS} at most",
        )
        require_range("weight-bits", self.weight_bits, 2, 16)
        check_counter_bits(self.counter_bits)

    def as_writable(self, weight_bits: int) -> "EventParams":
        """Return this engine with writable memories and, unless it updates active words only, biases."""
        return replace(
            self,
            writable=True,
            weight_bits=max(weight_bits, self.weight_bits),
            bias=self.bias or self.update is NeuronUpdate.ALL,
        )

    @property
    def is_writable(self) -> bool:
        """Whether the host may write its memories."""
        return self.writable

    @property
    @abstractmethod
    def payload(self) -> IntFormat:
        """Payload format of incoming events."""

    @property
    @abstractmethod
    def lanes(self) -> int:
        """Neurons updated per cycle."""

    @property
    @abstractmethod
    def neuron(self) -> NeuronParams:
        """The neuron model."""

    @property
    def readout(self) -> Readout:
        """What the neurons send."""
        return Readout.MEMBRANE

    @property
    def count_bits(self) -> int:
        """Width of a spike counter."""
        return 1

    @property
    def recurrent(self) -> bool:
        """Whether the engine's spikes are events of its next time step, ahead of the incoming ones."""
        return False

    @property
    def update(self) -> NeuronUpdate:
        """Which state words an update on a TICK covers."""
        return NeuronUpdate.ALL

    @property
    def window(self) -> EventWindow | None:
        """Geometry of a convolution; ``None`` if the synapses are dense."""
        return None

    @property
    def activation(self) -> ActivationParams | None:
        """Requantisation of membranes to activations, in a hidden layer of an ANN."""
        return None

    @property
    def weight_banks(self) -> bool:
        """Whether a deep memory of weights is split into banks, each with an output register."""
        return False

    @property
    def bank_cycles(self) -> int:
        """Cycles that the banks add to a read of weights, and so to the pipeline of every operation."""
        return bank_cycles(self.weight_words) if self.weight_banks else 0

    @property
    def lane_groups(self) -> int:
        """Groups of lanes, of which each works a cycle after the one before, so that no net spans more of them.

        Lanes stay together where an update lists words, which depends on all lanes, or sends changes, and in registers.
        """
        together = self.lists_words or self.sends_changes or self.in_registers
        return 1 if together else ceil_div(self.lanes, GROUP_LANES)

    @property
    def group_sizes(self) -> list[int]:
        """Lanes of each group: all have the same number, but the last may have fewer."""
        size = ceil_div(self.lanes, self.lane_groups)
        return [min(size, self.lanes - first) for first in range(0, self.lanes, size)]

    @property
    def group_cycles(self) -> int:
        """Cycles from the output of the first group of lanes to that of all lanes, through a register."""
        return self.lane_groups if self.lane_groups > 1 else 0

    @property
    def weight_words(self) -> int:
        """Words of weights."""
        return self.rows * self.event_words

    @property
    def in_registers(self) -> bool:
        """Whether all states are in registers, none in memory."""
        return False

    @property
    def keeps_membranes(self) -> bool:
        """Whether membranes persist until the END and biases are added once, rather than once per TICK."""
        return False

    @property
    def channels(self) -> int:
        """Neurons per output position. The neurons of a dense layer share one position."""
        return self.neurons if self.window is None else self.window.channels

    @property
    def position_words(self) -> int:
        """State words per output position: ``ceil(channels / lanes)``."""
        return ceil_div(self.channels, self.lanes)

    @property
    def event_words(self) -> int:
        """State words per output position that an event reaches: all, except with depthwise windows."""
        if self.window is None or not self.window.depthwise:
            return self.position_words
        return ceil_div(self.window.fan_out, self.lanes)

    @property
    def ragged(self) -> bool:
        """Whether the last word of every output position has unused lanes."""
        return self.window is not None and self.channels % self.lanes != 0

    @property
    def words(self) -> int:
        """State words, position by position. A VALUE takes a cycle for each word it reaches: all, if dense."""
        return self.neurons // self.channels * self.position_words

    @property
    def states_in_ring(self) -> bool:
        """Whether the states circulate in registers: few words, always accessed in order, as a ring cannot skip any."""
        return self.words <= (1 if self.lists_words else RING_WORDS) and self.window is None

    @property
    def rows(self) -> int:
        """Rows of weights, each of ``event_words`` words: one per input, then one per neuron if recurrent; or one per
        tap and input channel of a window."""
        if self.window is not None:
            return self.window.taps * self.window.shape[0]
        return self.inputs + (self.neurons if self.recurrent else 0)

    @property
    def event(self) -> IntFormat:
        """Payload format that holds both incoming events and recurrent spikes: the multiplicand of the weights."""
        recurrent = self.neuron.spike.bits + self.payload.signed
        return (
            IntFormat(bits=max(self.payload.bits, recurrent), signed=self.payload.signed)
            if self.recurrent
            else self.payload
        )

    @property
    def product(self) -> IntFormat:
        """Format of payload times weight, exact. For 1-bit spikes it is that of the weight."""
        if self.event == SPIKE:
            return self.weight
        return IntFormat(bits=self.weight_bits + self.event.bits + (not self.event.signed), signed=True)

    @property
    def lists_words(self) -> bool:
        """Whether the engine lists words that spike again without an event, which the next update must include."""
        return self.update is NeuronUpdate.ACTIVE and self.neuron.spikes_again_above is not None

    @property
    def update_return(self) -> int:
        """Cycles from the last word of an update until all words are written back."""
        # the auxiliary state of a word is read 3 cycles after an update begins, and written back 10 cycles after
        late = max(0, 3 - self.words) if self.neuron.has_aux else 0
        return UPDATE_PIPELINE + self.neuron.extra_cycles + self.bank_cycles + late

    @property
    def settle(self) -> int:
        """Cycles after its last work until every pipeline is empty, that of the counters included."""
        return 14 + self.neuron.extra_cycles + self.bank_cycles + 2 * self.group_cycles

    @property
    def weight(self) -> IntFormat:
        """Format of the weights: signed."""
        return IntFormat(bits=self.weight_bits, signed=True)

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def updated(self) -> TokenFormat:
        """Format of the tokens that updates emit; counts saturate."""
        payload = {
            Readout.SPIKES: self.neuron.spike,
            Readout.COUNT: IntFormat(bits=self.count_bits, signed=False),
            Readout.MEMBRANE: self.neuron.state,
        }[self.readout]
        return TokenFormat(addresses=self.neurons, payload=payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens."""
        if self.activation is None:
            return self.updated
        return TokenFormat(addresses=self.neurons, payload=self.activation.sent)

    @property
    def sends_changes(self) -> bool:
        """Whether it responds to a TICK with changes of activations."""
        return self.activation is not None and self.activation.change_threshold is not None

    @property
    def answers_ticks(self) -> bool:
        """Whether it responds to each TICK with VALUEs and a TICK."""
        return self.readout is Readout.SPIKES or self.sends_changes
