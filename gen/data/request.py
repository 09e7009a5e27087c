"""What a data set is loaded with."""

from dataclasses import dataclass, field
from pathlib import Path

from tospike.gen.data.recordings.filters import EventFilters
from tospike.hw.params import InputError


@dataclass(frozen=True, kw_only=True)
class Request:
    """A file or folder, and how to divide it into samples, steps, test and training."""

    path: Path
    time_bin_us: int | None = None
    steps: int | None = None
    sensor: tuple[int, int] | None = None
    """(width, height) of the sensor of events; ``None``: from the data."""
    every: int | None = None
    """Every ``every``-th sample is a test sample, if there is no training part."""
    fold: int | None = None
    filters: EventFilters = field(default_factory=EventFilters)

    @property
    def bins(self) -> tuple[int, int]:
        """Length of a time step, and number of steps.

        Raises
        ------
        InputError
            One of them is not given.
        """
        if self.time_bin_us is None or self.steps is None:
            raise InputError(f"{self.path} holds events: give the length of a time step (--time-bin-us) and --steps")
        return self.time_bin_us, self.steps
