"""Exact timing of an array in a chain: it takes a whole frame, computes, and sends the results."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tospike.hw.params import InputError
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.front import FrontLink, front_link
from tospike.sim.cycles.link import DensifierLink, Link
from tospike.sim.systolic.timing import INPUT_LATENCY, FrameTiming


class ArrayStallError(InputError):
    """An array has to wait until the engine downstream takes a result."""


class FrameSequence:
    """The timing of one frame after another.

    Parameters
    ----------
    lone
        That of the first frame.
    later
        Return the timing of the next frame, from the first on, given when its last VALUE is taken; ``None`` if all have
        that of the first.
    """

    def __init__(self, lone: FrameTiming, later: Callable[[int], FrameTiming] | None):
        self._lone, self._later = lone, later
        self._first: int | None = None  # when the last VALUE of the first frame was taken, until the second comes
        self._begun = False

    def __call__(self, taken: int) -> FrameTiming:
        """Return the timing of the next frame, as if its last VALUE were taken in cycle ``taken``."""
        if self._later is None or not self._begun:
            self._first, self._begun = taken, True
            return self._lone
        if self._first is not None:
            self._later(self._first)
            self._first = None
        return self._later(taken)


@dataclass(kw_only=True, eq=False)
class ArrayLink(DensifierLink):
    """`tospike.hw.systolic.engine.SystolicEngine` or `tospike.hw.conv.engine.ConvEngine`, behind its buffer.

    The timing of a frame assumes no back-pressure, so the downstream engine must take a value in every cycle.
    """

    carried = ("frames", "done", "earliest")

    frames: FrameSequence
    earliest: Ints
    """First cycle in which the buffer can take a frame's last VALUE so that the engine starts at once."""
    downstream: Link

    @property
    def ready(self) -> Ints:
        """First cycle in which a VALUE can be taken."""
        return self.done + 1

    def taken(self, number: Ints, count: Ints) -> Ints:
        """Return when VALUE ``number`` of the last ``count`` was taken."""
        return self.done - (count - number)

    def take_end(self, offer: Ints) -> Ints:
        """Take it after the missing zeros, then send the results one by one."""
        taken = super().take_end(offer)
        one = np.ones_like(taken)
        loaded = np.maximum(self.done - INPUT_LATENCY, self.earliest)
        timing = self.frames(int(loaded[0]))
        for address, after in enumerate(timing.values.tolist()):
            offered = loaded + after
            stalled = self.downstream.take_values(offered, one, address * one) - offered
            if stalled.any():
                raise ArrayStallError("the timing of an array that the engine downstream stalls is not known")
        self.downstream.take_end(loaded + timing.end)
        self.done = np.maximum(self.done, loaded + timing.release - 1)
        self.earliest = loaded + timing.next
        return taken


def array_link(inputs: int, frames: FrameSequence, samples: int, downstream: Link) -> FrontLink:
    """Return the timing model of an array before its first frame."""
    zeros = np.zeros(samples, dtype=np.int64)
    engine = ArrayLink(
        addresses=inputs, address=zeros, done=zeros - 1, frames=frames, earliest=zeros, downstream=downstream
    )
    return front_link(engine, samples)
