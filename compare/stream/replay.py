"""Replay recordings one after another, with silence in between, and look at them at regular times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.data_set import DataSet, Samples
from tospike.hw.params import require
from tospike.hw.params.limits import DATA_BYTES


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """R recordings of ``window`` steps each, with as many steps of silence before each and after the last."""

    samples: Samples
    """(steps, channels) spikes, or (steps,) values of sound."""
    onsets: NDArray[np.int64]
    """(R,) first step of each recording."""
    labels: NDArray[np.int64]
    """(R,)."""
    window: int
    """Steps of a recording, and of the window that a look sees."""
    step_us: float

    @property
    def is_sound(self) -> bool:
        """Whether a step is a value of sound."""
        return self.samples.ndim == 1

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) * self.step_us / 1e6

    @property
    def events_per_second(self) -> float | None:
        """Spikes of all channels; ``None``: sound."""
        return None if self.is_sound else float(np.count_nonzero(self.samples)) / self.seconds

    def looks(self, per_second: float) -> NDArray[np.int64]:
        """Return the steps at whose beginning a look is taken, after the first silence.

        Raises
        ------
        InputError
            Looks would be closer than steps, or none would be taken.
        """
        hop = 1e6 / per_second / self.step_us
        require(
            hop >= 1,
            f"{per_second:g} looks per second are more than steps of {self.step_us:g} us: give at most "
            f"{1e6 / self.step_us:g}",
        )
        found = np.floor(np.arange(1, int((len(self.samples) - self.window) / hop) + 1) * hop).astype(np.int64)
        require(
            len(found) >= 1,
            f"there is no look in {self.seconds:.3g} s of stream at {per_second:g} per second: give more --recordings",
        )
        return found + self.window

    def watched(self, looks: NDArray[np.int64]) -> float:
        """Return the seconds from the first silence to the last of ``looks``."""
        return float(looks[-1] - self.window) * self.step_us / 1e6

    def spacing_us(self, looks: NDArray[np.int64]) -> float:
        """Return the shortest time from one of ``looks`` to the next, or from the first silence to the first."""
        return float(np.diff(looks, prepend=self.window).min()) * self.step_us

    def nearest(self, looks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (R,): which of ``looks`` is nearest to the end of each recording."""
        return np.array([int(np.argmin(np.abs(looks - onset - self.window))) for onset in self.onsets])

    def accuracy(self, looks: NDArray[np.int64], answers: NDArray[np.int64]) -> float:
        """Return the fraction of right answers among those of the looks nearest to the ends of the recordings."""
        return float(np.mean(answers[self.nearest(looks)] == self.labels))

    def windows(self, looks: NDArray[np.int64]) -> Samples:
        """Return (looks, window, channels), of sound (looks, window): what each look sees.

        Raises
        ------
        InputError
            They are too large.
        """
        size = len(looks) * self.window * self.samples[0].nbytes
        require(size <= DATA_BYTES, f"{len(looks)} looks have {size} bytes: at most {DATA_BYTES} (--recordings)")
        places = looks[:, None] + np.arange(-self.window, 0)
        return self.samples[places]


def replay(data: DataSet, recordings: int, step_us: float) -> Stream:
    """Return the stream of the first test samples of ``data``.

    Raises
    ------
    InputError
        They are neither spike trains nor sound, or there are fewer.
    """
    has_time = data.is_spikes or data.sample_rate is not None
    require(has_time, f"{data.name} has no time: a stream needs spike trains, events or sound")
    few = data.require_labels().first(recordings)
    count, window, *channels = few.x.shape
    samples = np.zeros(((2 * count + 1) * window, *channels), few.x.dtype)
    onsets = window * (2 * np.arange(count) + 1)
    for onset, sample in zip(onsets, few.x, strict=True):
        samples[onset : onset + window] = sample
    return Stream(samples=samples, onsets=onsets, labels=few.y, window=window, step_us=step_us)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """How soon the answers of a stream are right."""

    detected: float
    """Fraction of the recordings after whose onset the answer becomes right and stays right until their end."""
    median_ms: float | None
    """From the onset to the first of these answers, over the detected ones; ``None``: there is none."""


def decide(stream: Stream, looks: NDArray[np.int64], answers: NDArray[np.int64], answer_us: float) -> Decisions:
    """Return how soon ``answers``, one for each of ``looks``, are right; each comes ``answer_us`` after its look."""
    delays = []
    for onset, label in zip(stream.onsets, stream.labels, strict=True):
        during = np.flatnonzero((looks > onset) & (looks <= onset + stream.window))
        right = answers[during] == label
        first = len(right) - int(np.argmin(right[::-1])) if not right.all() else 0
        if len(right) and right[-1]:
            delays.append((looks[during[first]] - onset) * stream.step_us + answer_us)
    median = float(np.median(delays)) / 1000 if delays else None
    return Decisions(detected=len(delays) / len(stream.labels), median_ms=median)
