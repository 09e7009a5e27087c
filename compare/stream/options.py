"""Options of a comparison on a stream."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from tospike.gen.data.data_set import DataSet
from tospike.hw.params import InputError, check_options, option, require


@dataclass(frozen=True, kw_only=True)
class StreamOptions:
    """How a stream is looked at."""

    PANEL: ClassVar = "Streams"

    stream: bool = option(False, "Compare energy per second on a stream of the recordings, with silence between them")
    looks_per_second: str = option("1,10,100", "With --stream: answers per second, ascending")
    recordings: int = option(8, "With --stream: test samples that are replayed", low=1)
    step_us: int | None = option(
        None, "With --stream: duration of a time step, if the data do not state it", low=1, unset="--time-bin-us"
    )
    latency_ms: float = option(10.0, "With --stream: time from a look's last input to its answer, at most", above=0)

    def __post_init__(self) -> None:
        check_options(self)
        _ = self.rates

    @property
    def rates(self) -> tuple[float, ...]:
        """Looks per second.

        Raises
        ------
        InputError
            They are no ascending numbers above 0.
        """
        try:
            found = tuple(float(part) for part in self.looks_per_second.split(","))
        except ValueError:
            found = ()
        ascends = all(low < high for low, high in pairwise(found))
        good = bool(found) and ascends and found[0] > 0 and found[-1] <= 1e6
        if not good:
            raise InputError(f"looks-per-second {self.looks_per_second!r} are no ascending numbers, as in 1,10,100")
        return found

    def step_of(self, data: DataSet) -> float:
        """Return the duration of a step of the data in microseconds; of sound, the time from a value to the next.

        Raises
        ------
        InputError
            Nothing states it, or the rate of sound does.
        """
        if data.sample_rate is not None:
            rate = f"{data.sample_rate} values per second"
            require(self.step_us is None, f"{data.name} is sound of {rate}: leave --step-us out")
            return 1e6 / data.sample_rate
        found = self.step_us or data.time_bin_us
        require(found is not None, f"{data.name} does not state how long a time step is: give --step-us")
        assert found is not None
        return found
