"""An array in a chain: it takes a frame, and sends another one when it has computed that."""

from dataclasses import dataclass, field

import numpy as np

from tospike.sim.arithmetic import Ints
from tospike.sim.link import Link
from tospike.sim.systolic_timing import FrameTiming


@dataclass(kw_only=True, eq=False)
class ArrayLink:
    """`tospike.hw.ann.engine.SystolicEngine` or `tospike.hw.image.engine.ImageEngine`, idle before the frame.

    What stands behind it must take a value in every cycle, for the times of a frame are those without back-pressure.
    """

    inputs: int
    timing: FrameTiming
    downstream: Link
    last: Ints
    """When the last value was taken, zeros that are filled in included."""
    address: Ints = field(init=False)
    """The first address that has not come yet."""

    def __post_init__(self) -> None:
        self.address = np.zeros_like(self.last)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle, as `tospike.hw.events.Densifier` does."""
        some = count > 0
        taken = np.maximum(offer, self.last + 1) + last_address - self.address
        self.last = np.where(some, taken, self.last)
        self.address = np.where(some, last_address + 1, self.address)
        return taken

    def take_end(self, offer: Ints) -> Ints:
        """Behind the zeros that are missing; then the results, one by one."""
        missing = self.inputs - self.address
        self.last = np.where(missing > 0, np.maximum(offer, self.last + 1) + missing - 1, self.last)
        taken = np.maximum(offer, self.last + 1)
        one = np.ones_like(taken)
        for address, after in enumerate(self.timing.values.tolist()):
            offered = self.last + after
            waited = self.downstream.take_values(offered, one, address * one) - offered
            assert not waited.any(), "an array may not wait: what stands behind it must hold a whole frame"
        self.downstream.take_end(self.last + self.timing.end)
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Dropped at once: there is none in a frame."""
        return offer


def array_link(inputs: int, timing: FrameTiming, samples: int, downstream: Link) -> ArrayLink:
    """Return an array before its first frame."""
    return ArrayLink(inputs=inputs, timing=timing, downstream=downstream, last=np.full(samples, -1, dtype=np.int64))
