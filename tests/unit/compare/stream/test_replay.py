"""A stream, the looks at it, and how soon they are right."""

from dataclasses import replace

import numpy as np
import pytest

from tospike.compare.stream.options import StreamOptions
from tospike.compare.stream.replay import decide, replay
from tospike.gen.data.data_set import DataSet
from tospike.hw.params import InputError


def stream(recordings=2, step_us=1000, **changes):
    spikes = np.zeros((3, 4, 2), np.uint8)
    spikes[0, :, 0] = spikes[1, 1:3, 1] = 1
    labels = np.array([5, 6, 7])
    data = DataSet(name="d", split="", x=spikes, y=labels, train_x=spikes, train_y=labels, **changes)
    return replay(data, recordings, step_us)


def test_recordings_are_surrounded_by_silence():
    found = stream()
    assert found.samples[:, 0].tolist() == [0] * 4 + [1] * 4 + [0] * 12
    assert found.samples[:, 1].tolist() == [0] * 13 + [1, 1] + [0] * 5
    assert found.onsets.tolist() == [4, 12] and found.labels.tolist() == [5, 6] and found.window == 4
    assert found.seconds == 0.02 and found.events_per_second == 300


def test_looks_are_regular_and_see_the_window_before_them():
    found = stream()
    assert found.looks(500).tolist() == [6, 8, 10, 12, 14, 16, 18, 20]
    assert found.looks(400).tolist() == [6, 9, 11, 14, 16, 19]  # every 2.5 steps
    assert found.watched(found.looks(500)) == 0.016
    assert [found.spacing_us(found.looks(rate)) for rate in (500, 400)] == [2000, 2000]
    windows = found.windows(np.array([6, 8]))
    assert windows[..., 0].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]
    with pytest.raises(InputError, match="2000 looks per second are more than steps of 1000 us: give at most 1000"):
        found.looks(2000)
    with pytest.raises(InputError, match=r"there is no look in 0\.02 s of stream at 10 per second"):
        found.looks(10)


def sound(rate=8000):
    x, y = np.arange(1, 13, dtype=np.float32).reshape(3, 4) / 16, np.array([5, 6, 7])
    return DataSet(name="d", split="", x=x, y=y, train_x=x, train_y=y, sample_rate=rate)


def test_sound_is_a_stream_of_values():
    data = sound()
    found = replay(data, 2, StreamOptions().step_of(data))
    assert found.is_sound and found.step_us == 125 and found.events_per_second is None
    assert (16 * found.samples).tolist() == [0] * 4 + [1, 2, 3, 4] + [0] * 4 + [5, 6, 7, 8] + [0] * 4
    assert found.seconds == 20 / 8000
    assert (16 * found.windows(np.array([6, 8]))).tolist() == [[0, 0, 1, 2], [1, 2, 3, 4]]
    assert found.nearest(np.array([6, 9, 15, 18])).tolist() == [1, 2]


def test_the_length_of_a_step_is_stated_once():
    assert StreamOptions().step_of(sound(44100)) == pytest.approx(22.68, abs=0.01)
    with pytest.raises(InputError, match="d is sound of 8000 values per second: leave --step-us out"):
        StreamOptions(step_us=125).step_of(sound())
    assert StreamOptions(step_us=7).step_of(replace(sound(), sample_rate=None)) == 7
    with pytest.raises(InputError, match="d does not state how long a time step is: give --step-us"):
        StreamOptions().step_of(replace(sound(), sample_rate=None))


@pytest.mark.parametrize(
    ("answers", "detected", "median"),
    [
        ([5, 5, 0, 0, 0, 6, 0, 0], 1, (2 + 4) / 2 + 0.5),  # right from the look at 6, and from that at 16
        ([5, 0, 0, 0, 0, 0, 0, 0], 0, None),  # not until the end
        ([0, 5, 0, 0, 6, 6, 0, 0], 1, (4 + 2) / 2 + 0.5),
        ([5, 5, 0, 0, 6, 0, 0, 0], 0.5, 2.5),
    ],
)
def test_a_decision_is_the_first_answer_that_stays_right(answers, detected, median):
    found = stream()
    decisions = decide(found, found.looks(500), np.array(answers), answer_us=500)
    assert (decisions.detected, decisions.median_ms) == (detected, median)


def test_answers_are_judged_at_the_ends_of_recordings():
    found = stream()
    assert found.accuracy(found.looks(500), np.array([0, 5, 0, 0, 0, 7, 0, 0])) == 0.5


def test_data_without_time_or_labels_are_refused():
    with pytest.raises(InputError, match="d has no time: a stream needs spike trains, events or sound"):
        stream(is_frames=True)
    with pytest.raises(InputError, match="d is a recording without labels"):
        stream(is_labelled=False)
    with pytest.raises(InputError, match="samples must be from 1 to 3"):
        stream(recordings=4)


@pytest.mark.parametrize("text", ["", "1,x", "10,1", "0,1", "1,1", "nan", "-1"])
def test_rates_ascend(text):
    with pytest.raises(InputError, match="are no ascending numbers, as in 1,10,100"):
        StreamOptions(looks_per_second=text)
