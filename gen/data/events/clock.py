"""Times of a clock of few bits, counted on where it wraps."""

import numpy as np
from numpy.typing import NDArray


class Clock:
    """Turns the readings of a clock of ``bits`` bits into times that do not wrap, block by block.

    A step back by more than half the range is a wrap; a step forth by more than half of it, after a wrap, is an event
    from before the wrap that came late.
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._last: int | None = None
        self.wraps = 0
        """Wraps so far."""

    def unwrapped(self, readings: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return readings, from 0 to ``2**bits - 1``, as int64 times on one axis."""
        times = readings.astype(np.int64, casting="same_kind")
        if not len(times):
            return times
        steps = np.diff(times, prepend=times[0] if self._last is None else self._last)
        self._last = int(times[-1])
        half = 1 << (self._bits - 1)
        wraps = self.wraps + np.cumsum((steps < -half).astype(np.int64, casting="same_kind") - (steps > half))
        wraps -= np.minimum.accumulate(np.minimum(wraps, 0))  # none before the first wrap
        self.wraps = int(wraps[-1])
        return times + (wraps << self._bits)
