"""Exact cycle counts of an ANN on event engines: see `tospike.sim.link` for the method."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tospike.hw.params import AcceleratorParams, EventParams
from tospike.sim.activations import FrameRun
from tospike.sim.arithmetic import Ints
from tospike.sim.event_timing import event_engine_link
from tospike.sim.link import Link, dense_sink

ACTIVATE = 13
"""`tospike.hw.snn.activate.Activate`: from a token that is taken to its result being offered, 11 to the result and 2
in the queue."""


@dataclass(kw_only=True, eq=False)
class ActivationLink:
    """`tospike.hw.snn.activate.Activate`: takes a token per cycle, and is never full of a lone frame."""

    membranes: Ints
    """(N, neurons)."""
    activations: Ints
    """(N, neurons)."""
    behind: Link
    address: Ints
    """The first address that has not come yet."""
    left: Ints
    """When the engine behind took the last token."""

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle; those that become 0 go no further."""
        some = count > 0
        taken = offer - 1
        for address in range(int(self.address.min()), int(last_address.max(where=some, initial=-1)) + 1):
            here = some & (address >= self.address) & (address <= last_address)
            came = here & (self.membranes[:, address] != 0)
            taken = taken + came
            sends = came & (self.activations[:, address] != 0)
            if sends.any():
                offered = np.maximum(taken + ACTIVATE, self.left + 1)
                left = self.behind.take_values(offered, sends.astype(np.int64), np.full_like(taken, address))
                self.left = np.where(sends, left, self.left)
        self.address = np.where(some, last_address + 1, self.address)
        return taken

    def take_tick(self, offer: Ints) -> Ints:
        """Behind the values."""
        self.left = self.behind.take_tick(np.maximum(offer + ACTIVATE, self.left + 1))
        return offer

    def take_end(self, offer: Ints) -> Ints:
        """Behind the values."""
        self.left = self.behind.take_end(np.maximum(offer + ACTIVATE, self.left + 1))
        return offer


def frame_chain_cycles(params: AcceleratorParams, frames: Ints, runs: Sequence[FrameRun]) -> Ints:
    """Cycles of each frame, as ``docs/architecture.md`` defines them.

    Parameters
    ----------
    params
        A chain of event engines behind dense frames.
    frames
        (N, inputs).
    runs
        What each engine does, in order.
    """
    samples = len(frames)
    zeros = np.zeros(samples, dtype=np.int64)
    sink = dense_sink(params, samples)
    link: Link = sink
    for engine, run in zip(reversed(params.engines), reversed(runs), strict=True):
        assert isinstance(engine, EventParams)  # all engines of such a chain are
        if run.activations is not None:
            link = ActivationLink(
                membranes=run.event.outputs, activations=run.activations, behind=link, address=zeros, left=zeros - 1
            )
        link = event_engine_link(engine, run.event, link, samples)
    # `tospike.hw.host.input.DenseInput`: the first beat is taken in cycle 0; a value that is 0 has its cycle too
    done = zeros
    for address, values in enumerate(frames.T):
        some = values != 0
        taken = link.take_values(done + 1, some.astype(np.int64), np.full_like(done, address))
        done = np.where(some, taken, done + 1)
    link.take_end(done + 1)
    return sink.last_beat + 1
