"""Delays of whole time steps."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require_range
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat

LONGEST_DELAY = 255
"""Steps: the ring has a slot and a flip-flop for each."""


@dataclass(frozen=True, kw_only=True)
class DelayParams(EngineParams):
    """Sends each VALUE of a spike train some steps later, as many as its address has."""

    inputs: int
    longest: int
    """The longest delay in steps."""
    payload: IntFormat = field(default=SPIKE)
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("a delay's steps", self.longest, 1, LONGEST_DELAY)
        require_range("payload-bits", self.payload.bits, 1, 8)

    @property
    def slots(self) -> int:
        """Steps whose payloads are stored: this one, and those that a VALUE of this one may be put off to."""
        return self.longest + 1

    @property
    def stored_bits(self) -> int:
        """Capacity of the ring of payloads, each slot a power of two."""
        return (self.slots << self.input.address_bits) * self.payload.bits

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in: a spike train."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out."""
        return self.input

    @property
    def takes(self) -> Contents:
        """Spikes, or what stands for several."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """The same, later."""
        return Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """None: what it does is no layer."""
        return False

    @property
    def orders_events(self) -> bool:
        """It sends what a step collected in the order of the addresses."""
        return True

    @property
    def longest_delay(self) -> int:
        """Of all inputs."""
        return self.longest
