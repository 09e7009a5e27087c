"""The delay engine: per-input delays of whole time steps."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require_range
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat

LONGEST_DELAY = 255
"""Longest delay in time steps: the ring buffer has a slot and a flip-flop for each."""


@dataclass(frozen=True, kw_only=True)
class DelayParams(EngineParams):
    """Delay each VALUE of a spike train by a number of time steps set per address."""

    inputs: int
    longest: int
    """The longest delay in time steps."""
    payload: IntFormat = field(default=SPIKE)
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("the longest delay", self.longest, 1, LONGEST_DELAY)
        require_range("payload-bits", self.payload.bits, 1, 8)
        check_counter_bits(self.counter_bits)

    @property
    def slots(self) -> int:
        """Time steps held by the ring buffer: the current one, and all those that a VALUE can be delayed to."""
        return self.longest + 1

    @property
    def stored_bits(self) -> int:
        """Capacity of the ring buffer of payloads, each slot rounded up to a power of two."""
        return (self.slots << self.input.address_bits) * self.payload.bits

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: a spike train."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens: that of the input."""
        return self.input

    @property
    def takes(self) -> Contents:
        """Spikes, possibly graded."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """The same spikes, later."""
        return Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """``False``: a delay is no layer."""
        return False

    @property
    def orders_events(self) -> bool:
        """``True``: the spikes collected for a time step are sent in address order."""
        return True

    @property
    def longest_delay(self) -> int:
        """The longest delay of all inputs, in time steps."""
        return self.longest
