"""The delta encoder: changes between successive frames as events."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.activation import largest_threshold
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import Contents, TokenFormat

CHANGE = IntFormat(bits=2, signed=True)
"""Payload of the sign of a change: 1 up, -1 down."""


@dataclass(frozen=True, kw_only=True)
class DeltaParams(EngineParams):
    """Encode ``steps`` whole frames, each with an END, in ``steps`` time steps of changes and one END."""

    inputs: int
    steps: int
    threshold: int = 0
    """A change is sent if its magnitude exceeds this."""
    amounts: bool = False
    """Whether a change is sent as its difference from the last value sent, rather than as its sign alone."""
    payload: IntFormat = field(default=IntFormat(bits=8, signed=False))
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("steps", self.steps, 1, 1 << 12)
        require_range("payload-bits", self.payload.bits, 1, 8)
        check_counter_bits(self.counter_bits)
        require(self.amounts or not self.payload.signed, "delta encoding needs unsigned input values")
        require_range("delta-threshold", self.threshold, 0, largest_threshold(self.payload))

    @property
    def stored_bits(self) -> int:
        """Capacity of the memory of reference values, those last sent."""
        return self.inputs * self.payload.bits

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: one frame per time step."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: changes."""
        return TokenFormat(addresses=self.inputs, payload=self.payload.difference if self.amounts else CHANGE)

    @property
    def takes(self) -> Contents:
        """One frame per time step."""
        return Contents.FRAMES

    @property
    def sends(self) -> Contents:
        """Changes, or a spike train of their signs."""
        return Contents.CHANGES if self.amounts else Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """``False``: an encoder is no layer."""
        return False

    @property
    def frames(self) -> int:
        """Frames per sample: one per time step."""
        return self.steps
