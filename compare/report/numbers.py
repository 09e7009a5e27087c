"""Number formats of the report: significant digits only."""

import math

MISSING = "–"
"""Text for a figure that was not measured."""


def significant(value: float | None, digits: int = 3) -> str:
    """Format ``value`` with ``digits`` significant digits, but with its whole integer part and no exponent."""
    if value is None:
        return MISSING
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}"
    # rounding may add a digit (9.996), so determine the magnitude after it
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def signed(value: float) -> str:
    """Format a difference with its sign."""
    return significant(value) if value == 0 else f"{'+' if value > 0 else '−'}{significant(abs(value))}"


def count(value: float | None) -> str:
    """Format a count or a mean of counts; integers in full."""
    return significant(int(value) if value is not None and value == int(value) else value)


def percent(fraction: float | None) -> str:
    """Format a fraction as a percentage with one decimal."""
    return MISSING if fraction is None else f"{100 * fraction:.1f} %"


def times(ratio: float | None) -> str:
    """Format a ratio."""
    return MISSING if ratio is None else f"{significant(ratio)}×"
