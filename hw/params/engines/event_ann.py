"""Layers of ANNs on event engines: what is zero is no event, or what has not changed."""

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
    """What a layer of an ANN on an event engine is: dense synapses, and sums that are as wide as they must be."""

    act: IntFormat
    """Of its inputs."""
    lanes: int = 8
    state_bits: int = 16
    fraction_bits: int = 0
    """Bits by which biases and sums are finer than weights, see :class:`RequantizeParams`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("lanes", self.lanes, 1, 64)
        require_range("act-bits", self.act.bits, 1, 8)
        low, high = (0, 0) if self.activation is None else self.activation.clamp
        require(
            self.neuron.state.holds(low) and self.neuron.state.holds(high),
            f"activations from {low} to {high} do not fit membranes of {self.state_bits} bits: give more state bits",
        )

    @cached_property
    def neuron(self) -> IParams:
        """It sums up, and no more."""
        return IParams(state_bits=self.state_bits, state_fraction_bits=self.fraction_bits)


@dataclass(frozen=True, kw_only=True)
class EventAnnParams(AnnLayerParams):
    """A layer of an ANN whose events are the activations that are not zero. The END asks for the results."""

    activation: ActivationParams | None = None
    """``None``: the last layer, which sends its sums."""

    @property
    def payload(self) -> IntFormat:
        """An activation."""
        return self.act

    @property
    def takes(self) -> Contents:
        """Activations."""
        return Contents.SPARSE_FRAME

    @property
    def sends(self) -> Contents:
        """Activations, or sums."""
        return Contents.SPARSE_FRAME


@dataclass(frozen=True, kw_only=True)
class DeltaAnnParams(AnnLayerParams):
    """A layer of a delta ANN: events are changes of activations, and a TICK ends each frame of them.

    Sums last until the END. A layer that is not the last one answers a TICK with changes of its own.
    """

    activation: ChangeParams | None = None
    """``None``: the last layer, which sends its sums on the END, and needs no update on a TICK."""

    @property
    def payload(self) -> IntFormat:
        """From an activation to another."""
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
        """All membranes, where they become activations."""
        return NeuronUpdate.ACTIVE if self.activation is None else NeuronUpdate.ALL

    @property
    def keeps_membranes(self) -> bool:
        """From frame to frame."""
        return True
