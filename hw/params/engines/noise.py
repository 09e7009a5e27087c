"""Noise of thresholds."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range
from tospike.hw.params.numbers import IntFormat

NOISE_LAGS = (127, 64)
"""Bit t of a noise sequence is the exclusive or of bits t - 127 and t - 64: x^127 + x^63 + 1 is primitive, so the
period is 2**127 - 1, and 64 bits at a time follow from those before by one gate each."""

_MASK = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True)
class NoiseParams:
    """Uniform noise, drawn for each neuron in each step: a signed integer of ``bits``, times ``2**shift``.

    The bits come from one sequence that starts anew with each sample. Neuron n takes bits
    ``(step * words * lanes + n) * bits`` and following in a step, least significant first.
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
        """What is drawn, before the shift."""
        return IntFormat(bits=self.bits, signed=True)

    @property
    def initial(self) -> int:
        """The bits before bit 0 of the sequence, the oldest in the least significant place: two numbers of SplitMix64
        (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195)."""
        length = NOISE_LAGS[0]
        bits = _split_mix(self.seed, 1) << 64 | _split_mix(self.seed, 2)
        return bits & ((1 << length) - 1) or 1


def _split_mix(seed: int, index: int) -> int:
    z = (seed + index * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
