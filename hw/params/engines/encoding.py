"""The codes that make time steps of a frame, each with what every layer has to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Code:
    """What is true of a code, so that nobody has to ask which one it is.

    Its golden model is in `tospike.sim.encoders.codes`, its hardware in `tospike.hw.encoders.codes`.
    """

    takes_integers: bool = True
    """Whether it is defined on unsigned integers of a given width; if not, it sends values unchanged."""
    takes_frames: bool = False
    """Whether a sample has a frame of values for each time step, rather than one for all of them."""
    sends_all: bool = False
    """Whether every value that is not 0 is sent in every step."""
    keeps: bool = True
    """Whether the encoder keeps values beyond the first step."""
    sends_values: bool = False
    """Whether a payload is as wide as the values, rather than a spike."""
    payload_unit: Callable[[int], float] = lambda bits: 1.0
    """What a payload of 1 stands for, from the bits of a value, if it takes integers; a spike is 1."""
    stored_bits: Callable[[int, int], int] = lambda bits, steps: bits
    """Bits that the encoder stores of a value, from the bits of a value and the steps."""
    state_bits: Callable[[int], int] = lambda bits: 0
    """Bits that the encoder stores besides and every step changes, from the bits of a value."""
    computes: bool = False
    """Whether every step adds or compares each value, which costs energy."""
    is_elementwise: bool = True
    """Whether what a value sends depends on that value alone, so that values that nobody reads may be left out."""


class NamedCode(StrEnum):
    """A code by its name: a member is that and, where the code is not as most are, a `Code`."""

    code: Code

    def __new__(cls, name: str, code: Code | None = None) -> "NamedCode":
        """Make a member whose value is the name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.code = code or Code()
        return member


class Encoding(NamedCode):
    """How a frame of values is encoded in time steps."""

    DIRECT = "direct", Code(takes_integers=False, sends_all=True, sends_values=True)
    """Direct encoding: every non-zero value is the payload of a graded spike in each time step."""
    ONCE = (
        "once",
        Code(sends_values=True, keeps=False, stored_bits=lambda bits, steps: 0),
    )
    """Every non-zero value is the payload of one graded spike, in the first time step. A payload of 1 stands for 1."""
    RATE = "rate", Code(state_bits=lambda bits: bits + 1, computes=True)
    """Deterministic rate code: a phase accumulator per value, spike on carry (first-order sigma-delta)."""
    STOCHASTIC = "stochastic", Code(computes=True, is_elementwise=False)
    """Stochastic rate code: spike if the value exceeds a random number from a linear-feedback shift register."""
    TTFS = "ttfs", Code(stored_bits=lambda bits, steps: max(1, (steps - 1).bit_length()))
    """Time to first spike: every non-zero value spikes once; the larger the value, linearly, the earlier."""
    PHASE = "phase", Code(sends_values=True, payload_unit=lambda bits: bits / (1 << bits))
    """Phase code: the bits of the value, most significant first, cyclically; each set bit is a spike of its weight.

    A period of steps comes to what the rate code comes to: a full scale is nearly 1 per step, on average.
    """
    DELTA = "delta", Code(takes_frames=True)
    """Delta code: one frame per time step; a value that changed since it was last sent spikes: 1 up, -1 down."""
