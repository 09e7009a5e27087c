"""ANN layers on event engines, which skip activations that are zero, or that have not changed."""

from dataclasses import dataclass
from functools import cached_property

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.activation import ActivationParams, ChangeParams
from tospike.hw.params.engines.event import EventParams, NeuronUpdate
from tospike.hw.params.neurons.integrating import IParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import Contents


@dataclass(frozen=True, kw_only=True)
class AnnLayerParams(EventParams):
    """An ANN layer on an event engine: dense synapses, and accumulators ("membranes") wide enough never to overflow."""

    act: IntFormat
    """Format of its input activations."""
    lanes: int = 8
    state_bits: int = 16
    fraction_bits: int = 0
    """Fraction bits of biases and sums relative to weights, see :class:`RequantizeParams`."""
    weight_banks: bool = True
    """Split a memory of more than 2 * `BANK_WORDS` words of weights into banks, each with an output register: for block
    RAMs. Standard cells have memories of any depth."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("lanes", self.lanes, 1, 64)
        require_range("act-bits", self.act.bits, 1, 8)
        low, high = (0, 0) if self.activation is None else self.activation.clamp
        require(
            self.neuron.state.holds(low) and self.neuron.state.holds(high),
            f"activations from {low} to {high} do not fit membranes of {self.state_bits} bits: give more state-bits",
        )

    @cached_property
    def neuron(self) -> IParams:
        """A pure integrator."""
        return IParams(state_bits=self.state_bits, state_fraction_bits=self.fraction_bits)


@dataclass(frozen=True, kw_only=True)
class EventAnnParams(AnnLayerParams):
    """An ANN layer whose events are non-zero activations. The END triggers the results."""

    activation: ActivationParams | None = None
    """``None`` for the last layer, which sends its sums."""

    @property
    def payload(self) -> IntFormat:
        """Format of an activation."""
        return self.act

    @property
    def takes(self) -> Contents:
        """Non-zero activations."""
        return Contents.SPARSE_FRAME

    @property
    def sends(self) -> Contents:
        """Non-zero activations, or sums."""
        return Contents.SPARSE_FRAME


@dataclass(frozen=True, kw_only=True)
class DeltaAnnParams(AnnLayerParams):
    """A layer of a delta ANN: events are changes of activations, and a TICK ends the changes of a frame.

    Sums persist until the END. A hidden layer responds to a TICK with the changes of its own activations.
    """

    activation: ChangeParams | None = None
    """``None`` for the last layer, which sends its sums on the END and needs no update on a TICK."""

    @property
    def payload(self) -> IntFormat:
        """Format of a change of an activation."""
        return self.act.difference

    @property
    def takes(self) -> Contents:
        """Changes of activations."""
        return Contents.CHANGES

    @property
    def sends(self) -> Contents:
        """Changes of activations, or the sums of the last frame."""
        return Contents.SPARSE_FRAME if self.activation is None else Contents.CHANGES

    @property
    def update(self) -> NeuronUpdate:
        """``ALL`` if the membranes become activations."""
        return NeuronUpdate.ACTIVE if self.activation is None else NeuronUpdate.ALL

    @property
    def keeps_membranes(self) -> bool:
        """``True``: sums persist from frame to frame."""
        return True
