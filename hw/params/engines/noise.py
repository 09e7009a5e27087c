"""Threshold noise: a linear-feedback shift register and its seed."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range
from tospike.hw.params.numbers import IntFormat

NOISE_LAGS = (127, 64)
"""Bit t of the noise sequence is the exclusive or of bits t - 127 and t - 64. The polynomial x^127 + x^63 + 1 is
primitive, so the period is 2**127 - 1, and up to 64 new bits per cycle take one XOR gate each."""

_MASK = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True)
class NoiseParams:
    """Uniform noise, drawn for each neuron in each time step: a signed integer of ``bits``, times ``2**shift``.

    The bits come from one sequence, which restarts with each sample. In a time step, neuron n takes ``bits`` bits from
    bit ``(step * words * lanes + n) * bits`` on, least significant first.
    """

    bits: int = 4
    shift: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        require_range("noise-bits", self.bits, 1, 8)
        require_range("noise-shift", self.shift, 0, 15)
        require_range("noise-seed", self.seed, 0, (1 << 32) - 1)

    @property
    def value(self) -> IntFormat:
        """Format of a noise value before the shift."""
        return IntFormat(bits=self.bits, signed=True)

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
