"""Numbers that somebody can look up."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A number with its unit and where it comes from."""

    value: float
    unit: str
    source: str
