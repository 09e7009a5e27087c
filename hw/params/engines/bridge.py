"""Bridges between values and spikes: each buffers a whole frame, so that the engine upstream never stalls."""

from abc import abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


class SpikeCode(StrEnum):
    """How a bridge sends a value k of a frame as spikes."""

    DIRECT = "direct"
    """A graded spike of payload k in every step."""
    ONCE = "once"
    """A graded spike of payload k in the first step."""
    PACKED = "packed"
    """k spikes, in the first k steps: as a layer with a firing phase sends them."""
    EVEN = "even"
    """k spikes in as many steps as there are levels, as evenly as possible (Bresenham): in step s if
    floor(k (s + 1) / levels) > floor(k s / levels)."""

    @property
    def is_graded(self) -> bool:
        """Whether a payload is the value, rather than a spike."""
        return self in (SpikeCode.DIRECT, SpikeCode.ONCE)


@dataclass(frozen=True, kw_only=True)
class BridgeParams(EngineParams):
    """Parameters common to all bridges, which store one word per address."""

    inputs: int
    payload: IntFormat = field(default=SPIKE)
    """Payload of the input tokens."""
    counter_bits: int = 32
    transpose: tuple[int, int] | None = field(default=None, metadata=ADDED)
    """(rows, columns): what arrives row by row is sent column by column. Arrays take and send an image channel by
    channel, spiking layers position by position."""

    def __post_init__(self) -> None:
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("payload-bits", self.payload.bits, 1, 32)
        check_counter_bits(self.counter_bits)
        if self.transpose is not None:
            rows, columns = self.transpose
            require(
                rows >= 1 and columns >= 1 and rows * columns == self.inputs,
                f"a bridge of {self.inputs} words cannot transpose {rows} rows and {columns} columns",
            )

    @property
    @abstractmethod
    def stored(self) -> IntFormat:
        """Format of the value that is stored per address; others saturate, at ``levels`` if there are any."""

    @property
    def steps(self) -> int:
        """TICKs that it sends, or 1 if it sends a frame."""
        return 1

    @property
    def scans(self) -> int:
        """Times that it reads the frame and sends what there is to send."""
        return 1

    @property
    def code(self) -> SpikeCode | None:
        """How values become spikes; ``None`` if it sends values."""
        return None

    @property
    def levels(self) -> int | None:
        """The largest value, if that is known."""
        return None

    @property
    def clears(self) -> bool:
        """Whether the last scan clears the words: not all of them arrive in each sample."""
        return self.takes is not Contents.FRAME

    @property
    def adds(self) -> bool:
        """Whether VALUEs of an address are added up."""
        return self.takes is Contents.TRAIN

    @property
    def written_back(self) -> int:
        """Words per sample that scans write."""
        return self.inputs * (self.scans if self.code is SpikeCode.EVEN else int(self.clears))

    @property
    def word_bits(self) -> int:
        """Bits of a word: of the value, and for the even code of its phase."""
        return self.stored.bits * (2 if self.code is SpikeCode.EVEN else 1)

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens."""
        return TokenFormat(addresses=self.inputs, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens."""
        sends_spikes = self.code is not None and not self.code.is_graded
        return TokenFormat(addresses=self.inputs, payload=SPIKE if sends_spikes else self.stored)

    @property
    def runs_stages(self) -> bool:
        """``False``: a bridge is no layer."""
        return False


@dataclass(frozen=True, kw_only=True)
class ValueSpikesParams(BridgeParams):
    """Values to spikes, by a code: the frame, without its zeros, becomes a spike train of ``steps`` steps."""

    steps: int = 1
    code: SpikeCode = field(default=SpikeCode.DIRECT, metadata=ADDED)
    levels: int | None = field(default=None, metadata=ADDED)
    """The largest value, which ``PACKED`` and ``EVEN`` need; ``None``: as large as ``payload`` can be."""
    sparse: bool = field(default=False, metadata=ADDED)
    """Whether the frame arrives without its zeros, as from an event engine, not an array."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("steps", self.steps, 1, 1 << 12)
        require(self.code.is_graded or self.levels is not None, f"{self.code} spikes need the number of levels")
        if self.levels is not None:
            require_range("levels", self.levels, 1, self.payload.max)
        require(
            self.steps >= self.scans,
            f"a window of {self.steps} steps is too short for values of up to {self.levels}, which are {self.levels} "
            "spikes: give more steps, or graded spikes",
        )

    @property
    def stored(self) -> IntFormat:
        """Format of a value."""
        return self.payload if self.levels is None else IntFormat(bits=self.levels.bit_length(), signed=False)

    @property
    def scans(self) -> int:
        """One per step that has spikes."""
        if self.code is SpikeCode.DIRECT:
            return self.steps
        return 1 if self.code is SpikeCode.ONCE else self.levels or 1

    @property
    def takes(self) -> Contents:
        """A frame."""
        return Contents.SPARSE_FRAME if self.sparse else Contents.FRAME

    @property
    def sends(self) -> Contents:
        """Spikes, possibly graded."""
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


@dataclass(frozen=True, kw_only=True)
class FrameBufferParams(BridgeParams):
    """Values to values: a frame loses its zeros between an array and an event engine, or regains them the other way."""

    sparse: bool = False
    """Whether the frame arrives without its zeros, and leaves with them."""
    values: IntFormat | None = None
    """Format of the values as they leave, saturated; ``None``: as they arrive."""

    @property
    def stored(self) -> IntFormat:
        """Format of a value."""
        return self.values or self.payload

    @property
    def takes(self) -> Contents:
        """A frame."""
        return Contents.SPARSE_FRAME if self.sparse else Contents.FRAME

    @property
    def sends(self) -> Contents:
        """The other kind of frame."""
        return Contents.FRAME if self.sparse else Contents.SPARSE_FRAME
