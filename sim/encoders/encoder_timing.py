"""Exact timing of the encoder of single frames."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EncoderParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.engine import EngineRun, Sample

LEAST_ENTRIES = 3
"""Minimum cycles of a scan before its TICK, if entries have a state."""


@dataclass(kw_only=True, eq=False)
class EncoderLink:
    """`tospike.hw.encoders.encoder.Encoder`: sends the first step while it records the frame, then scans the record.

    A value enters a buffer for two tokens as soon as it has room, and leaves it as soon as the output register is free.
    """

    carried = ("taken", "departed")

    params: EncoderParams
    trains: Sample
    """(N, steps, inputs) payloads that it sends."""
    frames: Sample
    """(N, 1, inputs) values that it receives."""
    downstream: Link
    taken: Ints
    """When the last token was taken by the downstream engine."""
    departed: tuple[Ints, Ints]
    """When the last two values left the buffer, in order."""
    address: Ints = field(init=False)
    """The first address that has not been received yet."""
    recorded: NDArray[np.bool_] = field(init=False)
    """(inputs, N): whether a value of the frame is not 0."""
    sends: NDArray[np.bool_] = field(init=False)
    """(inputs, N): what the present step sends."""

    def __post_init__(self) -> None:
        self.address = np.zeros(len(self.taken), dtype=np.int64)
        self.recorded = _by_address(self.frames, 0)
        self.sends = _by_address(self.trains, 0)

    def take_values(self, offer: Ints, count: Ints, last_address: Ints) -> Ints:
        """Take one per cycle while the buffer has room."""
        some = count > 0
        entered = offer - 1
        for address in self._addresses(count, last_address):
            here = some & (address >= self.address) & (address <= last_address) & self.recorded[address]
            entered = np.where(here, np.maximum(entered, self.departed[0]) + 1, entered)
            leaves = self._leaves(entered)
            self.departed = (
                np.where(here, self.departed[1], self.departed[0]),
                np.where(here, leaves, self.departed[1]),
            )
            self._send(address, leaves + 1, here)
        self.address = np.where(some, last_address + 1, self.address)
        return entered

    def _addresses(self, count: Ints, last_address: Ints) -> list[int]:
        """The addresses that any of the values may have, in ascending order."""
        last = last_address[count > 0]
        if count.max(initial=0) > 1:
            return list(range(int(self.address.min()), int(last.max()) + 1))
        return np.unique(last).tolist()

    def take_end(self, offer: Ints) -> Ints:
        """Send the first step's TICK, then all other steps."""
        entered = np.maximum(offer, self.departed[0] + 1)
        leaves = self._leaves(entered)
        self.departed = (self.departed[1], leaves)
        self.taken = self.downstream.take_tick(leaves + 1)
        self._scan(leaves + 2)
        return entered

    def take_tick(self, offer: Ints) -> Ints:
        """Never called: a frame has no TICK."""
        raise AssertionError("a frame has no TICK")

    def _leaves(self, entered: Ints) -> Ints:
        """Return when a token leaves the buffer for the output register."""
        return np.maximum(np.maximum(entered + 1, self.taken), self.departed[1] + 1)

    def _send(self, address: int, offer: Ints, present: NDArray[np.bool_]) -> None:
        sends = present & self.sends[address]
        if sends.any():
            taken = self.downstream.take_values(offer, sends.astype(np.int64), np.full_like(offer, address))
            self.taken = np.where(sends, taken, self.taken)

    def _scan(self, scanned: Ints) -> None:
        """Scan the record once per remaining step; only an entry that is sent waits for the output register.

        ``scanned`` is the cycle before the first entry can be sent.
        """
        kept = self.recorded if self.params.encoding.code.keeps else np.zeros_like(self.recorded)
        count = kept.sum(axis=0, dtype=np.int64)
        last_address = len(kept) - 1 - np.argmax(kept[::-1], axis=0)
        entries = np.flatnonzero(kept.any(axis=1)).tolist()
        for step in range(1, self.params.steps):
            if self.params.encoding.code.sends_all:
                offer = np.maximum(scanned + 1, self.taken) + 1
                taken = self.downstream.take_values(offer, count, last_address)
                self.taken = np.where(count > 0, taken, self.taken)
            else:
                self.sends = _by_address(self.trains, step)
                for address in entries:
                    here = kept[address]
                    scanned = scanned + here
                    scanned = np.where(here & self.sends[address], np.maximum(scanned, self.taken), scanned)
                    self._send(address, scanned + 1, here)
            empty = np.maximum(LEAST_ENTRIES - count, 0) if self.params.state_bits else 0
            scanned = np.maximum(scanned + empty + 1, self.taken)
            self.taken = self.downstream.take_tick(scanned + 1)
        self.taken = self.downstream.take_end(np.maximum(scanned + 1, self.taken) + 1)


def _by_address(values: Sample, step: int) -> NDArray[np.bool_]:
    """Return (inputs, N): whether each of (N, steps, inputs) ``values`` of a step is not 0, an address in a row."""
    return np.ascontiguousarray(values[:, step].T) != 0


def encoder_link(params: EncoderParams, run: EngineRun, frames: Sample, downstream: Link) -> EncoderLink:
    """Return the timing model of an encoder before its first sample."""
    never = np.full(len(frames), -1, dtype=np.int64)
    return EncoderLink(
        params=params, trains=run.sent, frames=frames, downstream=downstream, taken=never, departed=(never, never)
    )
