"""Steps of an array with streamed weights, for a host that always has the next beat ready."""

from collections import deque

from tospike.hw.params import Dataflow, DenseLayer, SystolicParams, WeightFormat, ceil_div

QUEUE_LATENCY = 2
"""Cycles from the last beat of a word to the word at the queue's output."""


class WeightStream:
    """The queue of `tospike.hw.systolic.weight_queue`, full when the first frame begins."""

    def __init__(self, fmt: WeightFormat, *, depth: int):
        self._beats, self._depth = fmt.beats_per_word, depth
        self._arrived: int | None = None  # last beat of the youngest word; the initial ones arrived long ago
        self._left: deque[int] = deque(maxlen=self._depth)

    def take(self, earliest: int, words: int = 1) -> int:
        """Return when the last of ``words`` leaves the queue: the first no earlier than ``earliest``, each other one no
        earlier than the cycle after the previous one."""
        if self._beats == 1:
            return earliest + words - 1  # a full queue lasts until the word that replaces its first has arrived
        left = earliest - 1
        while words:
            left, words = self._one(left + 1), words - 1
            if self._arrived is not None and left == self._arrived + QUEUE_LATENCY:
                # the queue is empty, and remains so: the other words leave as they arrive
                rest = range(left + self._beats, left + words * self._beats + 1, self._beats)
                self._arrived += words * self._beats
                self._left.extend(rest[-self._depth :])
                return rest[-1] if rest else left
        return left

    def _one(self, earliest: int) -> int:
        if len(self._left) == self._depth:
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
            self._now = stream.take(self._now + 1, array.rows)

    def __call__(self, freed: int) -> int:
        """Return when the step of the next group that needs a slot is issued, if the slot is free from ``freed`` on."""
        tiles, spacing = self._tiles, self._spacing
        if self._words == spacing:  # the reads of successive tiles are contiguous
            reads = min(tiles, self._reading) * spacing
            self._reading -= tiles
            return self._tile(tiles * spacing, reads, self._committing, freed)
        commit = 0
        for tile in range(tiles):
            reads = self._words if self._reading > 0 else 0
            self._reading -= 1
            commit = max(commit, self._tile(spacing, reads, self._committing - tile * spacing, freed))
        return commit

    def _tile(self, steps: int, reads: int, committing: int, freed: int) -> int:
        """Issue ``steps``, the first ``reads`` of which take a word; return when ``committing``, if one of them, is."""
        if not 0 <= committing < steps:
            self._issue(steps, reads)
            return 0
        self._issue(committing, reads)
        self._now = max(self._now, freed + self._start - 1)
        self._issue(1, reads - committing)
        commit = self._now - self._start
        self._issue(steps - committing - 1, reads - committing - 1)
        return commit

    def _issue(self, steps: int, reads: int) -> None:
        """Issue ``steps``, the first ``reads`` of which take a word."""
        reads = min(max(reads, 0), steps)
        if reads:
            self._now = self._stream.take(self._now + 1, reads)
        self._now += steps - reads
