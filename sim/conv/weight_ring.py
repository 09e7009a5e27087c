"""Steps of the conv engine with streamed weights, for a host that always has the next beat ready."""

import numpy as np

from tospike.hw.params import WeightFormat
from tospike.sim.arithmetic import Ints

WORD_LATENCY = 2
"""Cycles from the last beat of a word to the first step that can read it."""


class WeightRing:
    """The ring buffer of `tospike.hw.conv.weight_ring`, full when the first frame begins.

    Parameters
    ----------
    depth
        Words that it holds.
    operands
        Cycles from a step to its operands at the array, when the place of a word is free.
    """

    def __init__(self, fmt: WeightFormat, *, depth: int, operands: int):
        self._beats, self._depth = fmt.beats_per_word, depth
        # cycles from a word's last step to the last beat of the one in its place
        self._until_replaced = operands + self._beats
        self._words = fmt.words
        self._last_read = np.empty(fmt.words, dtype=np.int64)  # when each word is read for the last time
        self._taken = self._freed = 0
        self._arrived: int | None = None  # last beat of the youngest word; the initial ones arrived long ago

    @property
    def known(self) -> int:
        """Words not yet taken whose arrival does not depend on words that are not yet freed."""
        return self._freed + self._depth - self._taken

    def take(self, begin: int, count: int) -> Ints:
        """Return when ``count`` steps, at most `known`, are issued that take the next words: one per cycle, from
        ``begin`` on at the earliest."""
        numbers = np.arange(count, dtype=np.int64)
        slack = np.full(count, begin, dtype=np.int64)  # when a step may be issued, less its number
        initial = max(0, self._depth - self._taken)
        if initial < count:
            replaced = self._last_read[self._taken + initial - self._depth : self._taken + count - self._depth]
            beats = self._beats * np.arange(len(replaced), dtype=np.int64)
            room = replaced + self._until_replaced - beats
            if self._arrived is not None:
                room[0] = max(room[0], self._arrived + self._beats)
            arrived = np.maximum.accumulate(room) + beats
            self._arrived = int(arrived[-1])
            slack[initial:] = np.maximum(slack[initial:], arrived + WORD_LATENCY - numbers[initial:])
        self._taken += count
        return np.maximum.accumulate(slack) + numbers

    def free(self, steps: Ints) -> None:
        """Free the oldest words, which are read for the last time in ``steps``."""
        if self._freed + len(steps) > len(self._last_read):  # another frame
            self._last_read = np.concatenate([self._last_read, np.empty(self._words, dtype=np.int64)])
        self._last_read[self._freed : self._freed + len(steps)] = steps
        self._freed += len(steps)


class StreamedSteps:
    """The steps of a layer, issued one per cycle, except that a step that takes a word of weights waits for it.

    Parameters
    ----------
    start
        Cycle in which the layer starts, in the time of ``ring``; the other times are relative to it.
    depth, span
        Steps of a tile; cycles from its first step to that of the next one, without waiting.
    readers
        Tiles that read the same words, one after another.
    """

    def __init__(self, ring: WeightRing, *, start: int, depth: int, span: int, readers: int):
        self._ring, self._start = ring, start
        self._begin = start + 1
        self._depth, self._span, self._readers = depth, span, readers
        self._reader = 0

    def __call__(self, freed: int) -> int:
        """Return when the last step of the next tile is issued, if a slot for its results is free from ``freed`` on."""
        takes, frees = self._reader == 0, self._reader == self._readers - 1
        self._reader = 0 if frees else self._reader + 1
        left = self._depth
        commit = self._begin - 1  # of the step before
        while left:
            count = min(left, self._ring.known) if takes else left
            left -= count
            begin = commit + 1
            steps = self._ring.take(begin, count) if takes else np.arange(begin, begin + count, dtype=np.int64)
            if not left:
                steps[-1] = max(int(steps[-1]), freed + self._start)
            if frees:
                self._ring.free(steps)
            commit = int(steps[-1])
        self._begin = commit + 1 + self._span - self._depth
        return commit - self._start
