from itertools import pairwise

import numpy as np
import pytest

from tospike.gen.data.datasets import load_data
from tospike.gen.data.recordings.binning import check_recordings
from tospike.gen.data.recordings.filters import EventFilters, refractory
from tospike.hw.params import InputError


def recordings(seed=0, count=500, several=3, width=6, height=4, span_us=20_000):
    generator = np.random.default_rng(seed)
    offsets = np.linspace(0, count, several + 1).astype(int)
    times = generator.integers(0, span_us, count)
    for first, last in pairwise(offsets):
        times[first:last].sort()
    return {
        "x": generator.integers(0, width, count),
        "y": generator.integers(0, height, count),
        "p": generator.integers(0, 2, count),
        "t_us": times,
        "offsets": offsets,
    }


@pytest.mark.parametrize("period", [1, 50, 800, 10**6])
def test_the_refractory_period_is_that_of_a_pixel_that_waits(period):
    events = check_recordings(recordings(), (6, 4))
    last: dict[tuple[int, int, int], int] = {}
    expected = []
    for n, x, y, t in zip(events.recording, events.x, events.y, events.t_us, strict=True):
        kept = t - last.get((n, x, y), -(10**9)) >= period
        if kept:
            last[n, x, y] = t
        expected.append(kept)
    np.testing.assert_array_equal(refractory(events, period), expected)
    assert EventFilters(refractory_us=period).apply(events)[0].t_us.size == sum(expected)


def test_hot_pixels_are_those_above_the_rate_over_all_recordings():
    arrays = recordings()
    arrays["x"][::3], arrays["y"][::3] = 5, 2
    events = check_recordings(arrays, (6, 4))
    rate = 1e6 / events.duration_us
    counts = np.bincount(events.y * 6 + events.x)
    (left,) = EventFilters(hot_pixels=float(100 * rate)).apply(events)
    assert counts.max() > 100 and left.t_us.size == counts[counts <= 100].sum()
    assert not ((left.x == 5) & (left.y == 2)).any()


def test_a_pixel_is_hot_in_all_parts_or_in_none():
    test, train = (check_recordings(recordings(seed), (6, 4)) for seed in (0, 1))
    busy = recordings(1)
    busy["x"][::2], busy["y"][::2] = 5, 2
    train = check_recordings(busy, (6, 4))
    rate = 1e6 / (test.duration_us + train.duration_us)
    parts = EventFilters(hot_pixels=float(200 * rate)).apply(test, train)
    assert ((test.x == 5) & (test.y == 2)).any()
    assert not any(((part.x == 5) & (part.y == 2)).any() for part in parts)
    assert parts[0].t_us.size == test.t_us.size - ((test.x == 5) & (test.y == 2)).sum()


def test_absolute_times_do_not_matter_to_the_refractory_period():
    arrays = recordings(several=40)
    moved = {**arrays, "t_us": arrays["t_us"].astype(np.int64)}
    for number, (first, last) in enumerate(pairwise(arrays["offsets"])):
        moved["t_us"][first:last] += 1_700_000_000_000_000 * (number % 2)
    kept = [refractory(check_recordings(each, (6, 4)), 200_000) for each in (arrays, moved)]
    np.testing.assert_array_equal(*kept)


def test_crop_downsample_and_merged_polarities():
    events = check_recordings(recordings(), (6, 4))
    (found,) = EventFilters(crop="1,1,5x3", downsample=2, merge_polarities=True).apply(events)
    inside = (events.x >= 1) & (events.y >= 1)
    assert (found.sensor.width, found.sensor.height, found.sensor.polarities, found.sensor.channels) == (3, 2, 1, 6)
    np.testing.assert_array_equal(found.x, (events.x[inside] - 1) // 2)
    np.testing.assert_array_equal(found.y, (events.y[inside] - 1) // 2)
    assert not found.p.any() and found.recording.tolist() == events.recording[inside].tolist()


def test_filters_keep_where_time_begins(tmp_path):
    np.savez(tmp_path / "a.npz", **recordings(), label=np.arange(3))
    whole = load_data(f"npz:{tmp_path / 'a.npz'}", time_bin_us=1000, steps=20)
    part = load_data(f"{tmp_path / 'a.npz'}", time_bin_us=1000, steps=20, filters=EventFilters(crop="2,0,4x4"))
    pixels = whole.x.reshape(3, 20, 2, 4, 6)[..., 2:]
    np.testing.assert_array_equal(part.x.reshape(3, 20, 2, 4, 4), pixels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": "1,2,3"}, "crop '1,2,3' is not X,Y,WIDTHxHEIGHT"),
        ({"crop": "0,0,0x4"}, "is not X,Y,WIDTHxHEIGHT"),
        ({"crop": "3,0,4x4"}, "crop 3,0,4x4 reaches beyond the sensor of 6x4"),
        ({"downsample": 0}, "downsample must be an integer of at least 1"),
        ({"hot_pixels": -1.0}, "hot-pixels must be a number above 0"),
        ({"refractory_us": 0}, "refractory-us must be"),
    ],
)
def test_impossible_filters_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        EventFilters(**changes).apply(check_recordings(recordings(), (6, 4)))


def test_data_without_events_have_nothing_to_filter(tmp_path):
    with pytest.raises(InputError, match="digits has no events: leave --crop"):
        load_data("digits", filters=EventFilters(downsample=2))
    np.savez(tmp_path / "d.npz", x=np.zeros((4, 3)), y=np.zeros(4, int))
    with pytest.raises(InputError, match=r"d\.npz has no events: leave the filters of events out"):
        load_data(f"npz:{tmp_path / 'd.npz'}", filters=EventFilters(merge_polarities=True))
