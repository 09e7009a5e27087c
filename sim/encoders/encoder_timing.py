"""Exact times of the encoder of single frames."""

from dataclasses import dataclass, field

import numpy as np

from tospike.hw.params import EncoderParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.engine import EngineRun, Sample

LEAST_ENTRIES = 3
"""Cycles of a scan before its TICK, at least, if entries have a state."""


@dataclass(kw_only=True, eq=False)
class EncoderLink:
    """`tospike.hw.encoders.encoder.Encoder`: sends the first step while it records the frame, then scans the record.

    A value that comes waits for room in a buffer for two, then in there for the output register.
    """

    params: EncoderParams
    trains: Sample
    """(N, steps, inputs): what it sends."""
    frames: Sample
    """(N, 1, inputs): what comes."""
    downstream: Link
    taken: Ints
    """When the last token was taken by the downstream engine."""
    departed: tuple[Ints, Ints]
    """When the last two values left the buffer, the last one second."""
    address: Ints = field(init=False)
    """The first address that has not come yet."""

    def __post_init__(self) -> None:
        self.address = np.zeros(len(self.taken), dtype=np.int64)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """One per cycle, as long as there is room."""
        some = count > 0
        came = offer - 1
        for address in range(int(self.address.min()), int(last_address.max(where=some, initial=-1)) + 1):
            here = some & (address >= self.address) & (address <= last_address) & (self.frames[:, 0, address] != 0)
            came = np.where(here, np.maximum(came, self.departed[0]) + 1, came)
            leaves = self._leaves(came)
            self.departed = (
                np.where(here, self.departed[1], self.departed[0]),
                np.where(here, leaves, self.departed[1]),
            )
            self._send(0, address, leaves + 1, here)
        self.address = np.where(some, last_address + 1, self.address)
        return came

    def take_end(self, offer: Ints) -> Ints:
        """The first step's TICK, then all other steps."""
        came = np.maximum(offer, self.departed[0] + 1)
        leaves = self._leaves(came)
        self.taken = self.downstream.take_tick(leaves + 1)
        self._scan(leaves + 2)
        return came

    def take_tick(self, offer: Ints) -> Ints:
        """There is none in a frame."""
        raise AssertionError("a frame has no TICK")

    def _leaves(self, came: Ints) -> Ints:
        """When a token leaves the buffer for the output register."""
        return np.maximum(np.maximum(came + 1, self.taken), self.departed[1] + 1)

    def _send(self, step: int, address: int, offer: Ints, some: np.ndarray) -> None:
        sends = some & (self.trains[:, step, address] != 0)
        if sends.any():
            taken = self.downstream.take_values(offer, sends.astype(np.int64), np.full_like(offer, address))
            self.taken = np.where(sends, taken, self.taken)

    def _scan(self, scanned: Ints) -> None:
        """An entry that is sent waits until the register is free, the others do not. The argument is the cycle before
        the first entry can be sent."""
        recorded = self.frames[:, 0] != 0
        count = recorded.sum(axis=1, dtype=np.int64)
        last_address = recorded.shape[1] - 1 - np.argmax(recorded[:, ::-1], axis=1)
        entries = np.flatnonzero(recorded.any(axis=0)).tolist()
        for step in range(1, self.params.steps):
            if self.params.encoding.code.sends_all:
                offer = np.maximum(scanned + 1, self.taken) + 1
                taken = self.downstream.take_values(offer, count, last_address)
                self.taken = np.where(count > 0, taken, self.taken)
            else:
                for address in entries:
                    here = recorded[:, address]
                    scanned = scanned + here
                    sends = here & (self.trains[:, step, address] != 0)
                    scanned = np.where(sends, np.maximum(scanned, self.taken), scanned)
                    self._send(step, address, scanned + 1, here)
            empty = np.maximum(LEAST_ENTRIES - count, 0) if self.params.state_bits else 0
            scanned = np.maximum(scanned + empty + 1, self.taken)
            self.taken = self.downstream.take_tick(scanned + 1)
        self.downstream.take_end(np.maximum(scanned + 1, self.taken) + 1)


def encoder_link(params: EncoderParams, run: EngineRun, frames: Sample, downstream: Link) -> EncoderLink:
    """Return an encoder before its first sample."""
    never = np.full(len(frames), -1, dtype=np.int64)
    return EncoderLink(
        params=params, trains=run.sent, frames=frames, downstream=downstream, taken=never, departed=(never, never)
    )
