"""Filters of events: crop, hot pixels, refractory period, smaller sensor, no polarities."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.events.events import Sensor
from tospike.gen.data.recordings.binning import Recordings
from tospike.hw.params import InputError, check_options, option, require


@dataclass(frozen=True, kw_only=True)
class EventFilters:
    """What to leave out of recordings of events, and how to merge their addresses; applied in this order."""

    crop: str | None = option(None, "Events: keep only this part of the sensor, X,Y,WIDTHxHEIGHT")
    hot_pixels: float | None = option(
        None, "Events: drop pixels with more events per second than this, in all recordings", above=0
    )
    refractory_us: int | None = option(
        None, "Events: drop those that follow the last one kept of their pixel in less than this time", low=1
    )
    downsample: int | None = option(None, "Events: merge squares of N x N pixels", low=1)
    merge_polarities: bool = option(False, "Events: do not distinguish polarities")

    def __post_init__(self) -> None:
        check_options(self)
        if self.crop is not None:
            _window(self.crop)

    @property
    def filters(self) -> "EventFilters":
        """The filters alone, of a class that has other options, too."""
        names = ("crop", "hot_pixels", "refractory_us", "downsample", "merge_polarities")
        return EventFilters(**{name: getattr(self, name) for name in names})

    @property
    def is_off(self) -> bool:
        """Whether nothing is filtered."""
        return self.filters == EventFilters()

    def apply(self, *parts: Recordings) -> list[Recordings]:
        """Return the events that are left of each part of a data set, with their addresses on the smaller sensor.

        A pixel is hot in all parts or in none.

        Raises
        ------
        InputError
            ``crop`` reaches beyond the sensor.
        """
        if self.crop is not None:
            parts = tuple(_crop(events, *_window(self.crop)) for events in parts)
        if self.hot_pixels is not None:
            parts = _without_hot(parts, self.hot_pixels)
        return [self._apply(events) for events in parts]

    def _apply(self, events: Recordings) -> Recordings:
        if self.refractory_us is not None:
            events = events.take(refractory(events, self.refractory_us))
        if self.downsample is not None and self.downsample > 1:
            events = _downsample(events, self.downsample)
        if self.merge_polarities and events.sensor.polarities == 2:
            events = replace(events, p=np.zeros_like(events.p), sensor=replace(events.sensor, polarities=1))
        return events


def _window(text: str) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"(\d+),(\d+),(\d+)[xX](\d+)", text)
    if found is None or "0" in (found[3].lstrip("0") or "0", found[4].lstrip("0") or "0"):
        raise InputError(f"crop {text!r} is not X,Y,WIDTHxHEIGHT, for example 10,0,64x64")
    x, y, width, height = (int(part) for part in found.groups())
    return x, y, width, height


def _crop(events: Recordings, x: int, y: int, width: int, height: int) -> Recordings:
    sensor = events.sensor
    require(
        x + width <= sensor.width and y + height <= sensor.height,
        f"crop {x},{y},{width}x{height} reaches beyond the sensor of {sensor.width}x{sensor.height}",
    )
    inside = (events.x >= x) & (events.x < x + width) & (events.y >= y) & (events.y < y + height)
    kept = events.take(inside)
    return replace(kept, x=kept.x - x, y=kept.y - y, sensor=replace(sensor, width=width, height=height))


def _pixels(events: Recordings) -> NDArray[np.int64]:
    return events.y.astype(np.int64, casting="same_kind") * events.sensor.width + events.x


def _without_hot(parts: Sequence[Recordings], rate_hz: float) -> tuple[Recordings, ...]:
    pixels, counts = np.unique(np.concatenate([_pixels(events) for events in parts]), return_counts=True)
    hot = pixels[counts * 1e6 > rate_hz * sum(events.duration_us for events in parts)]
    return tuple(events.take(~np.isin(_pixels(events), hot)) for events in parts)


def refractory(events: Recordings, period_us: int) -> NDArray[np.bool_]:
    """Return which events are kept: the first of each pixel and recording, then the first that comes ``period_us`` or
    more after the last one kept.
    """
    place = events.recording * (events.sensor.width * events.sensor.height) + _pixels(events)
    since = events.t_us - events.starts[events.recording]  # absolute times of months would overflow the keys
    order = np.lexsort((since, place))
    places, times = place[order], since[order]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    last = np.append(first[1:], len(places))
    kept = np.zeros(len(places), dtype=bool)
    # all pixels at once: each moves on to the first of its events that is late enough
    span = int(times.max() - times.min()) + period_us + 1 if len(times) else 1
    key = np.repeat(np.arange(len(first)), last - first) * span + (times - times.min(initial=np.iinfo(np.int64).max))
    here = first
    while len(here):
        kept[here] = True
        following = np.searchsorted(key, key[here] + period_us)
        is_left = following < last
        here, last = following[is_left], last[is_left]
    found = np.zeros(len(places), dtype=bool)
    found[order[kept]] = True
    return found


def _downsample(events: Recordings, factor: int) -> Recordings:
    sensor = events.sensor
    smaller = Sensor(width=-(-sensor.width // factor), height=-(-sensor.height // factor), polarities=sensor.polarities)
    return replace(events, x=events.x // factor, y=events.y // factor, sensor=smaller)
