"""Bridges between values and spikes: they hold a whole frame, so that what stands before them never waits."""

from dataclasses import dataclass, field

from tospike.hw.params.check import require_range
from tospike.hw.params.engines.engine import EngineParams
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


@dataclass(frozen=True, kw_only=True)
class BridgeParams(EngineParams):
    """What all bridges have: a word for each address."""

    inputs: int
    payload: IntFormat = field(default=SPIKE)
    """Of what comes in."""
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("payload-bits", self.payload.bits, 1, 32)
        require_range("counter-bits", self.counter_bits, 8, 32)

    @property
    def stored(self) -> IntFormat:
        """What is held of each address, and sent."""
        return self.payload

    @property
    def steps(self) -> int:
        """How often the frame is sent."""
        return 1

    @property
    def input(self) -> TokenFormat:
        """Tokens that come in."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Tokens that go out."""
        return TokenFormat(addresses=self.inputs, payload=self.stored)

    @property
    def runs_stages(self) -> bool:
        """None: what it does is no layer."""
        return False


@dataclass(frozen=True, kw_only=True)
class GradedSpikeParams(BridgeParams):
    """Values as graded spikes: a frame becomes a spike train that has it, without its zeros, in each of its steps."""

    steps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("steps", self.steps, 1, 1 << 12)

    @property
    def takes(self) -> Contents:
        """Values, as an array sends them."""
        return Contents.FRAME

    @property
    def sends(self) -> Contents:
        """Graded spikes."""
        return Contents.TRAIN


@dataclass(frozen=True, kw_only=True)
class SpikeCountParams(BridgeParams):
    """Spike counts as values: what came to each address in all steps is summed up, saturating, and sent at the END."""

    count: IntFormat = field(default=IntFormat(bits=8, signed=False))

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("count-bits", self.count.bits, 1, 16)

    @property
    def stored(self) -> IntFormat:
        """A count."""
        return self.count

    @property
    def takes(self) -> Contents:
        """Spikes, graded ones too."""
        return Contents.TRAIN

    @property
    def sends(self) -> Contents:
        """Counts, zeros too, as an array wants them."""
        return Contents.FRAME
