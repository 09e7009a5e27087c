"""What makes an ANN's layer of an event engine."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import RequantizeParams
from tospike.hw.params.numbers import IntFormat


@dataclass(frozen=True, kw_only=True)
class ActivationParams:
    """Membranes become activations on their way out: ``y = clamp(round(v * multiplier / 2**shift))``, zeros left out.

    The neuron of an ANN in the place of a threshold, see :class:`RequantizeParams`; there is a multiplier for each
    neuron, and the bias is part of the membrane.
    """

    act: IntFormat
    """What they become."""
    clamp: tuple[int, int]
    """[0, max] is ReLU. Zero is in it, for what is not sent is zero."""
    shift: int
    requantize: RequantizeParams = field(default=RequantizeParams())

    def __post_init__(self) -> None:
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("shift of an activation", self.shift, 1, self.requantize.max_shift)
        require(self.requantize.fraction_bits == 0, "membranes are finer than weights by the engine's fraction bits")
        low, high = self.clamp
        require(
            self.act.holds(low) and self.act.holds(high) and low <= 0 <= high,
            f"an activation between {low} and {high} must fit {self.act.bits} bits and may be 0: an event engine does "
            "not send what is 0",
        )

    @property
    def change_threshold(self) -> int | None:
        """By more than what an activation must have changed to be sent; ``None``: activations themselves are sent."""
        return None

    @property
    def sent(self) -> IntFormat:
        """What leaves."""
        return self.act


@dataclass(frozen=True, kw_only=True)
class ChangeParams(ActivationParams):
    """Activations leave as their differences from what was last sent of them, where these are above a threshold."""

    change_threshold: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("delta-threshold", self.change_threshold, 0, largest_threshold(self.act))

    @property
    def sent(self) -> IntFormat:
        """What leaves."""
        return self.act.difference


def largest_threshold(values: IntFormat) -> int:
    """Return the largest threshold of changes that some change exceeds."""
    return values.max - values.min - 1
