"""Options of the data that calibrate and test a network."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tospike.gen.data.datasets import SPECS, DataSet, load_data
from tospike.gen.data.recordings.binning import parse_sensor
from tospike.gen.data.recordings.filters import EventFilters
from tospike.gen.data.request import Request
from tospike.hw.params import option


@dataclass(frozen=True, kw_only=True)
class DataOptions(EventFilters):
    """A data set, and how to derive time steps of events and a training part if it has none."""

    PANEL: ClassVar = "Data"

    data: str = option(
        "digits", f"{SPECS} (npz: values x,y; spikes,label; frames,label; events x,y,p,t_us,offsets,label)"
    )
    hold_out: int | None = option(
        None, "Without training part (npz, images, events): test on every Nth sample, train on the others", low=2
    )
    test_fold: int | None = option(
        None,
        "Test part: of digits and --hold-out the interleaved one of this number, of fsdd this speaker's recordings",
        low=1,
        unset="the last; fsdd: the official one",
    )
    time_bin_us: int | None = option(None, "Events: time step in microseconds", low=1)
    sensor: str | None = option(None, "Events: sensor size, WIDTHxHEIGHT", unset="from the events")

    def request(self, path: Path) -> Request:
        """Return what to load from ``path``, without steps."""
        size = parse_sensor(self.sensor) if self.sensor else None
        return Request(path=path, sensor=size, every=self.hold_out, fold=self.test_fold, filters=self.filters)

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
            filters=self.filters,
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


@dataclass(frozen=True, kw_only=True)
class PictureOptions(DataOptions):
    """A data set, and which sample to draw."""

    sample: int = option(0, "Which recording or test sample, from 0", low=0)
