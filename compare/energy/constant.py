"""Constants with their sources."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A number with its unit and source."""

    value: float
    unit: str
    source: str
