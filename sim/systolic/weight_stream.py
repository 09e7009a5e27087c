"""Steps of an array with streamed weights, for a host that always has the next beat ready."""

from collections import deque

from tospike.hw.params import Dataflow, DenseLayer, SystolicParams, ceil_div

QUEUE_LATENCY = 2
"""Cycles from the last beat of a word to the word at the queue's output."""


class WeightStream:
    """The queue of `tospike.hw.systolic.weight_queue`, full when the frame begins."""

    def __init__(self, params: SystolicParams):
        self._beats = params.beats_per_word
        self._arrived: int | None = None  # last beat of the youngest word; the initial ones arrived long ago
        self._left: deque[int] = deque(maxlen=params.weight_queue)

    def take(self, earliest: int) -> int:
        """Return when the next word leaves the queue, no earlier than ``earliest``."""
        if len(self._left) == self._left.maxlen:
            room = self._left[0] + 1
            self._arrived = room if self._arrived is None else max(self._arrived + self._beats, room)
            earliest = max(earliest, self._arrived + QUEUE_LATENCY)
        self._left.append(earliest)
        return earliest


class StreamedSteps:
    """The steps of a layer, issued one per cycle, except that a step that takes a word of weights waits for it.

    Parameters
    ----------
    start
        Cycle in which the layer starts, in the time of ``stream``; all other times are relative to it.
    spacing, committing
        Steps of a tile; steps from the first one of a group to the one that needs a free slot.
    groups
        Number of groups.
    """

    def __init__(
        self,
        params: SystolicParams,
        layer: DenseLayer,
        stream: WeightStream,
        *,
        start: int,
        spacing: int,
        committing: int,
        groups: int,
    ):
        array = params.array
        self._stream = stream
        self._start = self._now = start
        self._spacing, self._committing = spacing, committing
        if array.dataflow is Dataflow.OS:
            self._tiles, self._words, self._reading = 1, layer.inputs, groups
        else:
            self._tiles = ceil_div(layer.inputs, array.rows)
            # the weights of a tile are taken during the previous tile, those of the first one before it
            self._words, self._reading = array.rows, groups * self._tiles - 1
            for _ in range(array.rows):
                self._now = stream.take(self._now + 1)

    def __call__(self, freed: int) -> int:
        """Return when the step of the next group that needs a slot is issued, if the slot is free from ``freed`` on."""
        commit = 0
        for step in range(self._tiles * self._spacing):
            earliest = self._now + 1
            if step == self._committing:
                earliest = max(earliest, freed + self._start)
            reads = step % self._spacing < self._words and self._reading > 0
            self._now = self._stream.take(earliest) if reads else earliest
            if step == self._committing:
                commit = self._now - self._start
            if step % self._spacing == self._spacing - 1:
                self._reading -= 1
        return commit
