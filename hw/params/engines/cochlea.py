"""The cochlea: sound to spikes, or to the levels of its frequency bands."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import log2

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.delta import CHANGE
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat, ceil_div
from tospike.hw.params.stream import SPIKE, Contents, TokenFormat


class Compression(StrEnum):
    """How the fraction of a base-2 logarithm is found; its integer part is the place of the leading one."""

    TABLE = "table"
    """From a table, to the nearest step."""
    SHIFT = "shift"
    """The bits after the leading one, unchanged: at most 0.086 too low (Mitchell, 1962)."""


class CochleaCode(StrEnum):
    """What a channel sends at the end of each time bin."""

    LIF = "lif"
    """A leaky integrate-and-fire neuron integrates the level: at most one spike."""
    DELTA = "delta"
    """A change of the level since the last one sent, if it exceeds the threshold: 1 up, -1 down."""
    LEVELS = "levels"
    """The level itself, in a single frame of all time bins: bin by bin, and channel by channel within each."""

    @property
    def sends_levels(self) -> bool:
        """Whether it sends values, not spikes or changes."""
        return self is CochleaCode.LEVELS


@dataclass(frozen=True, kw_only=True)
class CochleaParams(EngineParams):
    """Filter sound in a bank of ``len(rotations)`` channels, and send what they hear in ``steps`` time bins.

    A channel is a cascade of ``sections`` equal band-pass sections of the second order, then half-wave rectification,
    the sum over ``hop`` samples, a logarithm and a code: `tospike.sim.cochlea.golden` has the equations.
    """

    rotations: tuple[int, ...]
    """For each channel cos(w) (1 - damping), in units of ``2**(1 - coefficient_bits)``; w: centre, radians per
    sample."""
    dampings: tuple[int, ...]
    """For each channel (1 - r**2) / 2 in the same units; r: radius of the poles."""
    sample_rate: int
    """Samples per second."""
    hop: int
    """Samples per time bin."""
    steps: int
    """Time bins per sample of the data."""
    sections: int = 2
    coefficient_bits: int = 16
    guard_bits: int = 4
    """Fraction bits of a section's output, below the last bit of the sound."""
    headroom_bits: int = 1
    """Bits of a section's output above the first bit of the sound. A section amplifies its centre by 1, and no sound by
    2; without headroom, loud sound saturates."""
    compression: Compression = Compression.TABLE
    fraction_bits: int = 3
    """Steps per octave, as a power of 2."""
    floor: int = 0
    """A logarithm, in such steps, up to which the level is 0."""
    level_bits: int = 8
    code: CochleaCode = CochleaCode.LIF
    threshold: int = 0
    """Of a spike, or of a change: what exceeds it is sent."""
    leak_shift: int = 0
    """The membrane loses ``membrane >> leak_shift`` per time bin; 0: nothing."""
    sparse: bool = False
    """Whether levels of 0 are left out."""
    sent: IntFormat | None = None
    """Format of the levels as they leave, if it is wider than ``level_bits``."""
    multipliers: int = 1
    """Sections that are computed at a time: each has a multiplier for two cycles."""
    payload: IntFormat = field(default=IntFormat(bits=16, signed=True))
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require_range("cochlea channels", self.channels, 1, 64)
        require(len(self.dampings) == self.channels, "a cochlea has a damping for each rotation")
        for name, low, high in (
            ("sample_rate", 1000, 192000),
            ("hop", 1, 1 << 14),
            ("steps", 1, 1 << 12),
            ("sections", 1, 4),
            ("coefficient_bits", 6, 24),
            ("guard_bits", 0, 12),
            ("headroom_bits", 0, 2),
            ("fraction_bits", 0, 6),
            ("level_bits", 1, 8),
            ("leak_shift", 0, 15),
        ):
            require_range(name.replace("_", "-"), getattr(self, name), low, high)
        require_range("cochlea multipliers", self.multipliers, 1, self.channels)
        require(self.payload.signed and 8 <= self.payload.bits <= 16, "sound has signed samples of 8 to 16 bits")
        require_range("floor", self.floor, 0, self.largest_log)
        check_counter_bits(self.counter_bits)
        self._check_code()
        for channel, (rotation, damping) in enumerate(zip(self.rotations, self.dampings, strict=True)):
            # both poles are inside the unit circle: |a2| < 1, |a1| < 1 + a2
            require(
                1 <= damping < self.unit and abs(rotation) < self.unit - damping,
                f"channel {channel} of the cochlea is not stable, or silent, with {self.coefficient_bits}-bit "
                f"coefficients (rotation {rotation}, damping {damping}): give more bits, or a wider or higher channel",
            )

    def _check_code(self) -> None:
        if self.code.sends_levels:
            wide = self.sent is None or (self.sent.holds(self.level.max) and self.sent.bits <= 16)
            require(wide, f"levels of {self.level_bits} bits do not fit {self.sent}: give fewer level-bits")
            require(self.threshold == 0 and self.leak_shift == 0, "levels have neither threshold nor leak")
            return
        low, most = (1, 1 << 16) if self.code is CochleaCode.LIF else (0, self.level.max - 1)
        require_range("cochlea threshold", self.threshold, low, most)
        require(
            not self.sparse and self.sent is None,
            "sparse and sent are for levels: spikes are sparse anyway",
        )
        require(self.code is CochleaCode.LIF or self.leak_shift == 0, "changes have no leak")

    def describe(self) -> str:
        """Return it in a line."""
        sends = {CochleaCode.LIF: "spikes", CochleaCode.DELTA: "changes", CochleaCode.LEVELS: "levels"}[self.code]
        bins = f"{self.steps} time bins of {1000 * self.hop / self.sample_rate:g} ms"
        return f"{self.channels} channels of {self.sections} sections at {self.sample_rate} Hz, {sends} in {bins}"

    @property
    def channels(self) -> int:
        """Channels of the filter bank."""
        return len(self.rotations)

    @property
    def unit(self) -> int:
        """The integer that stands for a coefficient of 1."""
        return 1 << (self.coefficient_bits - 1)

    @property
    def section(self) -> IntFormat:
        """Format of a section's output, which saturates."""
        return IntFormat(bits=self.payload.bits + self.guard_bits + self.headroom_bits, signed=True)

    @property
    def sum(self) -> IntFormat:
        """Format of a channel's sum over a time bin, which cannot overflow."""
        return IntFormat(bits=(self.section.max * self.hop).bit_length(), signed=False)

    @property
    def largest_log(self) -> int:
        """The logarithm of the largest sum, at most."""
        return (self.sum.bits << self.fraction_bits) - 1

    @property
    def level(self) -> IntFormat:
        """Format of a level."""
        return IntFormat(bits=self.level_bits, signed=False)

    @property
    def log_fractions(self) -> tuple[int, ...]:
        """The fraction of the logarithm for each value of the ``fraction_bits`` bits after the leading one."""
        entries = 1 << self.fraction_bits
        if self.compression is Compression.SHIFT:
            return tuple(range(entries))
        return tuple(round(entries * log2(1 + index / entries)) for index in range(entries))

    @property
    def state_bits(self) -> int:
        """Bits of what the code keeps of a channel: the membrane, from 0 to the threshold, or the level last sent."""
        widths = {CochleaCode.LIF: self.threshold.bit_length(), CochleaCode.DELTA: self.level_bits}
        return widths.get(self.code, 0)

    @property
    def groups(self) -> int:
        """Groups of channels that are computed one after another."""
        return ceil_div(self.channels, self.multipliers)

    @property
    def samples(self) -> int:
        """Samples of sound per sample of the data."""
        return self.hop * self.steps

    @property
    def input(self) -> TokenFormat:
        """Format of the input tokens: a frame of sound per time bin."""
        return TokenFormat(addresses=self.hop, payload=self.payload)

    @property
    def output(self) -> TokenFormat:
        """Format of the output tokens."""
        if self.code.sends_levels:
            return TokenFormat(addresses=self.channels * self.steps, payload=self.sent or self.level)
        return TokenFormat(addresses=self.channels, payload=SPIKE if self.code is CochleaCode.LIF else CHANGE)

    @property
    def field_bits(self) -> int:
        """Sound takes one or two bytes a sample."""
        return 8 if self.payload.bits <= 8 else 16

    @property
    def takes(self) -> Contents:
        """One frame per time bin."""
        return Contents.FRAMES

    @property
    def sends(self) -> Contents:
        """A spike train, or a frame of levels."""
        if self.code.sends_levels:
            return Contents.SPARSE_FRAME if self.sparse else Contents.FRAME
        return Contents.TRAIN

    @property
    def runs_stages(self) -> bool:
        """``False``: a cochlea is no layer."""
        return False

    @property
    def frames(self) -> int:
        """Frames per sample: one per time bin."""
        return self.steps
