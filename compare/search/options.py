"""Options of a search."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.compare.search.costs import SearchObjective
from tospike.compare.sweep.runner import WorkerOptions
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import excess
from tospike.hw.params import check_options, option
from tospike.hw.params.devices import Device, find_device, named

GROUP = 4
CLUSTER_GROUP = 64
"""More of them are executed in vain, but at a time."""


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What a search minimises, within which budget, and for how long."""

    PANEL: ClassVar = "Search of both sides"

    pair: bool = option(False, "Compare one design of each network, as its options say, instead of searching")
    objective: SearchObjective | None = option(
        None, "What each side minimises at the target accuracy; with --pair: as for --fit", unset="energy"
    )
    accuracy: float | None = option(
        None, "Target accuracy on validation, a fraction", low=0, high=1, unset="the lower of the two sides' best"
    )
    device: str | None = option(
        None, f"Budget: all of {named()}, by predicted area", unset="the target of synthesis, if it is one of these"
    )
    lut: int | None = option(None, "Budget: LUTs, by predicted area", low=1, unset="the device's")
    dsp: int | None = option(None, "Budget: DSP blocks, by predicted area", low=0, unset="the device's")
    bram: int | None = option(None, "Budget: block RAMs, by predicted area", low=0, unset="the device's")
    latency: float | None = option(
        None, "Budget: microseconds per inference at the clock of the prices", above=0, unset="none"
    )
    search_minutes: float | None = option(None, "Time limit of the search", above=0, unset="2 for digits, otherwise 10")
    search_samples: int = option(1000, "Most validation samples, taken from the test part", low=1)
    finalists: int | None = option(
        None,
        "Cheapest designs of each side that go through RTL and synthesis",
        low=1,
        unset="1 for digits, otherwise 3",
    )
    jobs: int | None = option(None, "Parallel processes of the search", low=1, unset="one per core")
    scheduler: str | None = option(None, "Address of a Dask scheduler to search on instead (extra: cluster)")

    def __post_init__(self) -> None:
        check_options(self)
        _ = self.budget

    @property
    def workers(self) -> WorkerOptions:
        """Where the search runs."""
        return WorkerOptions(jobs=self.jobs, scheduler=self.scheduler)

    @property
    def group(self) -> int:
        """Points that are executed between two looks at the time and at the bounds: as many whatever the number of
        processes, so that this changes nothing but the time."""
        return CLUSTER_GROUP if self.scheduler else GROUP

    @property
    def minimised(self) -> SearchObjective:
        """What a search minimises."""
        return self.objective or SearchObjective.ENERGY

    @property
    def budget(self) -> Device | None:
        """The device that designs must fit.

        Raises
        ------
        InputError
            There is no such device.
        """
        return None if self.device is None else find_device(self.device)

    def fits(self, area: Area | None, device: Device | None, microseconds: float) -> bool:
        """Return whether a design is within the budget; one of unknown area is not within a budget that was given."""
        if self.latency is not None and microseconds > self.latency:
            return False
        limits = {
            name: most
            for name, most in (("lut4", self.lut), ("dsp", self.dsp), ("bram", self.bram))
            if most is not None
        }
        if area is None:
            return not limits and self.device is None
        within = all(getattr(area, name) <= most for name, most in limits.items())
        return within and (device is None or not excess(area, device))
