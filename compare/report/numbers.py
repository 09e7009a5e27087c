"""How the report writes numbers: the digits that carry meaning, and no more."""

import math

MISSING = "–"
"""Stands where nothing was measured."""


def significant(value: float | None, digits: int = 3) -> str:
    """Write ``value`` with ``digits`` significant digits, or as many as its integer part has; no exponent."""
    if value is None:
        return MISSING
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    # Rounding may add a digit (9.996), so the magnitude is taken after it.
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def signed(value: float) -> str:
    """Write a difference, with its sign."""
    return significant(value) if value == 0 else f"{'+' if value > 0 else '−'}{significant(abs(value))}"


def count(value: float | None) -> str:
    """Write a count, or a mean of counts: in full where it is a whole number."""
    return significant(int(value) if value is not None and value == int(value) else value)


def percent(fraction: float | None) -> str:
    """Write a fraction as a percentage with one decimal."""
    return MISSING if fraction is None else f"{100 * fraction:.1f} %"


def times(ratio: float | None) -> str:
    """Write a ratio."""
    return MISSING if ratio is None else f"{significant(ratio)}×"
