"""Options of the data that calibrate and test a network."""

from dataclasses import dataclass
from typing import ClassVar

from tospike.gen.data.datasets import SPECS, DataSet, load_data
from tospike.hw.params import check_options, option


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """A data set, and how to derive time steps of events and a training part if it has none."""

    PANEL: ClassVar = "Data"

    data: str = option("digits", f"{SPECS} (values x,y; spikes,label; frames,label; events x,y,p,t_us,offsets,label)")
    hold_out: int | None = option(
        None, "npz, images without training part: test on every Nth sample, train on the others", low=2
    )
    test_fold: int | None = option(
        None,
        "Test part: of digits and --hold-out the interleaved one of this number, of fsdd this speaker's recordings",
        low=1,
        unset="the last; fsdd: the official one",
    )
    time_bin_us: int | None = option(None, "Events: time step in microseconds", low=1)
    sensor: str | None = option(None, "Events: sensor size, WIDTHxHEIGHT", unset="from the events")

    def __post_init__(self) -> None:
        check_options(self)

    def load(self, steps: int | None = None) -> DataSet:
        """Return the data set; events are binned into ``steps`` time steps.

        Raises
        ------
        InputError
            As in `load_data`.
        """
        return load_data(
            self.data,
            time_bin_us=self.time_bin_us,
            steps=steps,
            sensor=self.sensor,
            every=self.hold_out,
            fold=self.test_fold,
        )


@dataclass(frozen=True, kw_only=True)
class SampleOptions(DataOptions):
    """A data set, and how many of its test samples to use."""

    samples: int | None = option(None, "Use only this many test samples", low=1, unset="all")

    def load(self, steps: int | None = None) -> DataSet:
        """Return the data set with the chosen test samples.

        Raises
        ------
        InputError
            As in `load_data`, or it has fewer test samples.
        """
        return super().load(steps).first(self.samples)
