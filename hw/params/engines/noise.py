"""Threshold noise: uniform or nearly Gaussian numbers from a linear-feedback shift register with a seed."""

import math
from dataclasses import dataclass, field

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require_range
from tospike.hw.params.numbers import IntFormat

NOISE_LAGS = (127, 64)
"""Bit t of the noise sequence is the exclusive or of bits t - 127 and t - 64. The polynomial x^127 + x^63 + 1 is
primitive, so the period is 2**127 - 1, and up to 64 new bits per cycle take one XOR gate each."""

MAX_NOISE_BITS = 8
MAX_NOISE_SHIFT = 15
MAX_DRAWS = 8
MAX_NOISE_SCALE = 31

_MASK = (1 << 64) - 1


def deviation_of_sum(bits: int, draws: int) -> float:
    """Return the standard deviation of a sum of ``draws`` uniform integers of ``bits``."""
    return math.sqrt(draws * (4.0**bits - 1) / 12)


def largest_deviation(draws: int) -> float:
    """Return the largest standard deviation of noise of ``draws`` integers."""
    return deviation_of_sum(MAX_NOISE_BITS, draws) * MAX_NOISE_SCALE * 2.0**MAX_NOISE_SHIFT


@dataclass(frozen=True, kw_only=True)
class NoiseParams:
    """Noise, drawn for each neuron in each time step: a sum of signed integers, times ``scale * 2**shift``.

    The sum has ``draws`` uniform integers of ``bits`` each: one is uniform, four are close to a Gaussian. A negative
    shift rounds, and then removes the mean of -1/2 of each integer.

    The bits come from one sequence, which restarts with each sample. In a time step, neuron n takes ``draws * bits``
    bits from bit ``(step * words * lanes + n) * draws * bits`` on, least significant first.
    """

    bits: int = 4
    shift: int = 0
    seed: int = 1
    draws: int = field(default=1, metadata=ADDED)
    scale: int = field(default=1, metadata=ADDED)

    def __post_init__(self) -> None:
        require_range("noise-bits", self.bits, 1, MAX_NOISE_BITS)
        require_range("noise-shift", self.shift, -MAX_NOISE_SHIFT, MAX_NOISE_SHIFT)
        require_range("noise-seed", self.seed, 0, (1 << 32) - 1)
        require_range("noise-draws", self.draws, 1, MAX_DRAWS)
        require_range("noise-scale", self.scale, 1, MAX_NOISE_SCALE)

    @property
    def drawn_bits(self) -> int:
        """Bits of the sequence that a neuron takes in a time step."""
        return self.draws * self.bits

    @property
    def left_shift(self) -> int:
        """What is left of the shift once ``value`` is rounded."""
        return max(0, self.shift)

    @property
    def right_shift(self) -> int:
        """Bits that ``value`` is rounded by."""
        return max(0, -self.shift)

    @property
    def centre(self) -> int:
        """Added before bits are shifted out: half of what is rounded away, and half a ``scale`` for each integer."""
        return (self.draws * self.scale + (1 << self.right_shift)) >> 1 if self.right_shift else 0

    @property
    def value(self) -> IntFormat:
        """Format of a noise value, rounded, before a shift to the left."""
        each = IntFormat(bits=self.bits, signed=True)
        ends = [(self.draws * end * self.scale + self.centre) >> self.right_shift for end in (each.min, each.max)]
        return IntFormat(bits=max((~end if end < 0 else end).bit_length() for end in ends) + 1, signed=True)

    @property
    def format(self) -> IntFormat:
        """Format of what is added to a membrane."""
        return IntFormat(bits=self.value.bits + self.left_shift, signed=True)

    @property
    def is_summed(self) -> bool:
        """Whether a value is more than the bits that are drawn for it."""
        return self.draws > 1 or self.scale > 1 or self.right_shift > 0

    def register_bits(self, lanes: int) -> int:
        """Return the bits of registers that change with each word: the last bits of the sequence, and sums."""
        return NOISE_LAGS[0] + self.value.bits * lanes * self.is_summed

    @property
    def deviation(self) -> float:
        """The standard deviation, apart from rounding."""
        return deviation_of_sum(self.bits, self.draws) * self.scale * 2.0**self.shift

    @property
    def initial(self) -> int:
        """Initial state: the bits before bit 0 of the sequence, oldest in the least significant position, from two
        outputs of SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195)."""
        length = NOISE_LAGS[0]
        bits = _split_mix(self.seed, 1) << 64 | _split_mix(self.seed, 2)
        return bits & ((1 << length) - 1) or 1


def _split_mix(seed: int, index: int) -> int:
    z = (seed + index * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
