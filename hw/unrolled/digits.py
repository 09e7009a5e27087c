"""Constants as sums of few powers of two. Plain Python, no Amaranth."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Multiple:
    """``-+ odd * 2**shift``."""

    shift: int
    odd: int
    """With at most two signed digits, so that ``odd * x`` takes one adder, or none if it is 1."""
    negative: bool


def signed_digits(value: int) -> list[tuple[int, bool]]:
    """Return the powers of two whose sum is ``value``, as (exponent, negative), ascending.

    They are the canonical signed digits (Reitwiesner, "Binary Arithmetic", 1960): no two are adjacent, and no other
    digits are fewer.
    """
    digits, exponent = [], 0
    while value:
        if value & 1:
            negative = value & 3 == 3
            digits.append((exponent, negative))
            value += 1 if negative else -1
        value >>= 1
        exponent += 1
    return digits


def multiples(value: int) -> list[Multiple]:
    """Return the fewest multiples whose sum is ``value``: one for each two digits.

    Of an odd number of digits, one stays alone; the pairs are those whose odd factors are smallest, because sums that
    share an input more often share small ones.
    """
    digits = signed_digits(value)
    if len(digits) % 2 == 0:
        return _paired(digits)
    choices = []
    for alone in range(0, len(digits), 2):
        exponent, negative = digits[alone]
        single = Multiple(shift=exponent, odd=1, negative=negative)
        choices.append([single, *_paired(digits[:alone] + digits[alone + 1 :])])
    return min(choices, key=lambda made: (sum(multiple.odd for multiple in made), made))


def _paired(digits: list[tuple[int, bool]]) -> list[Multiple]:
    return [_pair(*digits[first : first + 2]) for first in range(0, len(digits), 2)]


def _pair(low: tuple[int, bool], high: tuple[int, bool]) -> Multiple:
    factor = (1 << high[0] - low[0]) + (1 if low[1] == high[1] else -1)
    return Multiple(shift=low[0], odd=factor, negative=high[1])
