"""Activation functions of ANN layers on event engines."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import RequantizeParams
from tospike.hw.params.numbers import IntFormat


@dataclass(frozen=True, kw_only=True)
class ActivationParams:
    """Requantisation of membranes to activations: ``y = clamp(round(v * multiplier / 2**shift))``. Zeros are not sent.

    It takes the place of a spiking neuron's threshold, see :class:`RequantizeParams`. Each neuron has its own
    multiplier, and the membrane already includes the bias.
    """

    act: IntFormat
    """Format of the activations."""
    clamp: tuple[int, int]
    """Range of the activations; [0, max] is ReLU. It includes 0, which stands for a value that is not sent."""
    shift: int
    requantize: RequantizeParams = field(default=RequantizeParams())

    def __post_init__(self) -> None:
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("shift of an activation", self.shift, 1, self.requantize.max_shift)
        require(
            self.requantize.fraction_bits == 0,
            "the membranes' fraction bits are a parameter of the engine: leave those of its requantiser at 0",
        )
        low, high = self.clamp
        require(
            self.act.holds(low) and self.act.holds(high) and low <= 0 <= high,
            f"activations from {low} to {high} must fit {self.act.bits} bits and include 0, which an event engine does "
            "not send",
        )

    @property
    def change_threshold(self) -> int | None:
        """An activation is sent if it changed by more than this; ``None`` sends the activations themselves."""
        return None

    @property
    def sent(self) -> IntFormat:
        """Format of the payloads sent."""
        return self.act


@dataclass(frozen=True, kw_only=True)
class ChangeParams(ActivationParams):
    """Requantisation that sends an activation's difference from its last value sent, if it exceeds a threshold."""

    change_threshold: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("delta-threshold", self.change_threshold, 0, largest_threshold(self.act))

    @property
    def sent(self) -> IntFormat:
        """Format of the payloads sent."""
        return self.act.difference


def largest_threshold(values: IntFormat) -> int:
    """Return the largest delta threshold that some change can still exceed."""
    return values.max - values.min - 1
