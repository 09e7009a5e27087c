"""The delta encoder: what changed."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.activation import largest_threshold
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import Contents, TokenFormat

CHANGE = IntFormat(bits=2, signed=True)
"""Payload of a change: 1 upwards, -1 downwards."""


@dataclass(frozen=True, kw_only=True)
class DeltaParams(EngineParams):
    """Turns ``steps`` frames, each with all its values and an END, into as many time steps of changes and an END."""

    inputs: int
    steps: int
    threshold: int = 0
    """A change is sent if it is larger."""
    amounts: bool = False
    """Whether a change is sent as the difference from what was last sent, and not by its sign alone."""
    payload: IntFormat = field(default=IntFormat(bits=8, signed=False))
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("steps", self.steps, 1, 1 << 12)
        require_range("payload-bits", self.payload.bits, 1, 8)
        require(self.amounts or not self.payload.signed, "delta encoding needs unsigned input values")
        require_range("delta-threshold", self.threshold, 0, largest_threshold(self.payload))

    @property
    def stored_bits(self) -> int:
        """Capacity of the memory of the values that were sent last."""
        return self.inputs * self.payload.bits

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: a frame for each step."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out: changes."""
        return TokenFormat(addresses=self.inputs, payload=self.payload.difference if self.amounts else CHANGE)

    @property
    def takes(self) -> Contents:
        """A frame for each step."""
        return Contents.FRAMES

    @property
    def sends(self) -> Contents:
        """Changes, whose signs are spikes."""
        return Contents.CHANGES if self.amounts else Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """None: what it does is no layer."""
        return False

    @property
    def frames(self) -> int:
        """One for each step."""
        return self.steps
