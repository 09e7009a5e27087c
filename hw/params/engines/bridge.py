"""Bridges between values and spikes: each buffers a whole frame, so that the engine upstream never stalls."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require_range
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


@dataclass(frozen=True, kw_only=True)
class BridgeParams(EngineParams):
    """Parameters common to all bridges, which store one word per address."""

    inputs: int
    payload: IntFormat = field(default=SPIKE)
    """Payload of the input tokens."""
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("payload-bits", self.payload.bits, 1, 32)
        check_counter_bits(self.counter_bits)

    @property
    def stored(self) -> IntFormat:
        """Format of the word that is stored per address, and sent."""
        return self.payload

    @property
    def steps(self) -> int:
        """Number of times the frame is sent."""
        return 1

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens."""
        return TokenFormat(addresses=self.inputs, payload=self.stored)

    @property
    def runs_stages(self) -> bool:
        """``False``: a bridge is no layer."""
        return False


@dataclass(frozen=True, kw_only=True)
class GradedSpikeParams(BridgeParams):
    """Values to graded spikes: the frame, without its zeros, is sent in each time step of a spike train."""

    steps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("steps", self.steps, 1, 1 << 12)

    @property
    def takes(self) -> Contents:
        """A whole frame, as an array sends it."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """Graded spikes."""
        return Contents.TRAIN


@dataclass(frozen=True, kw_only=True)
class SpikeCountParams(BridgeParams):
    """Spikes to values: the payloads of each address are summed over all time steps, saturating, and sent on END."""

    count: IntFormat = field(default=IntFormat(bits=8, signed=False))

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("count-bits", self.count.bits, 1, 16)

    @property
    def stored(self) -> IntFormat:
        """Format of a count."""
        return self.count

    @property
    def takes(self) -> Contents:
        """Spikes, possibly graded."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """Counts, zeros included, as an array takes them."""
        return Contents.FRAME
