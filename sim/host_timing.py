"""Exact times of what comes first in a spiking chain: the host's tokens or recordings, or its frames in an encoder."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EncoderParams, Encoding
from tospike.sim.link import Link


def send_tokens(trains: NDArray[np.integer], link: Link) -> None:
    """The host's tokens, one beat each, the first in cycle 0."""
    samples, steps, inputs = trains.shape
    events = trains != 0
    counts = events.sum(axis=2, dtype=np.int64)
    last_address = inputs - 1 - np.argmax(events[:, :, ::-1], axis=2)
    taken = np.full(samples, -1, dtype=np.int64)
    for step in range(steps):
        count = counts[:, step]
        last = link.take_values(taken + 1, count, last_address[:, step])
        taken = link.take_tick(np.where(count > 0, last, taken) + 1)
    link.take_end(taken + 1)


def send_events(trains: NDArray[np.integer], link: Link) -> None:
    """`tospike.hw.host.recording.RecordingInput`: an event for each spike, its step's beginning as the time stamp.

    A stamp's beat is taken before the TICKs that it makes due; those behind the last event need none.
    """
    samples, steps, _ = trains.shape
    events = trains != 0
    later = np.flip(np.logical_or.accumulate(np.flip(events.any(axis=2), axis=1), axis=1), axis=1)
    later = np.concatenate([later[:, 1:], np.zeros((samples, 1), dtype=bool)], axis=1)  # in any step behind this one
    done = np.zeros(samples, dtype=np.int64)  # when the last beat or token was taken
    stamped = np.zeros(samples, dtype=bool)  # the next event's stamp was taken
    for step in range(steps):
        for address in np.flatnonzero(events[:, step].any(axis=0)).tolist():
            some = events[:, step, address]
            offer = np.where(stamped, done, done + 1) + 1
            taken = link.take_values(offer, some.astype(np.int64), np.full_like(done, address))
            done, stamped = np.where(some, taken, done), stamped & ~some
        waits = later[:, step] & ~stamped
        done = link.take_tick(done + waits + 1)
        stamped = stamped | waits
    link.take_end(done + 1)


def encode_frames(params: EncoderParams, frames: NDArray[np.integer], trains: NDArray[np.integer], link: Link) -> None:
    """`tospike.hw.snn.encoder.Encoder` behind `tospike.hw.host.input.DenseInput`."""
    samples, inputs = frames.shape
    is_direct = params.encoding is Encoding.DIRECT
    recorded = np.ascontiguousarray((frames != 0).T)
    first = np.ascontiguousarray((trains[:, 0] != 0).T)
    one = np.ones(samples, dtype=np.int64)

    # The first beat is taken in cycle 0; each value then has a cycle, and one that is not 0 waits for room in a buffer
    # for two, then in there for the output register.
    came = np.zeros(samples, dtype=np.int64)
    taken = np.full(samples, -1, dtype=np.int64)
    recorded_before, recorded_last = taken, taken  # when the last two left the buffer
    for address in range(inputs):
        some = recorded[address]
        came = np.where(some, np.maximum(came, recorded_before) + 1, came + 1)
        leaves = np.maximum(np.maximum(came + 1, taken), recorded_last + 1)
        recorded_before = np.where(some, recorded_last, recorded_before)
        recorded_last = np.where(some, leaves, recorded_last)
        sent = first[address]
        if sent.any():
            taken = np.where(sent, link.take_values(leaves + 1, sent * one, address * one), taken)
    came = np.maximum(np.maximum(np.maximum(came, recorded_before) + 2, taken), recorded_last + 1)
    taken = link.take_tick(came + 1)

    # Scans: an entry that is sent waits until the register is free, the others do not.
    scanned = came + 1
    count = recorded.sum(axis=0, dtype=np.int64)
    last_address = inputs - 1 - np.argmax(recorded[::-1], axis=0)
    for step in range(1, params.steps):
        if not is_direct:
            events = np.ascontiguousarray((trains[:, step] != 0).T)
            for address in np.flatnonzero(recorded.any(axis=1)).tolist():
                some = events[address]
                scanned = scanned + recorded[address]
                if some.any():
                    scanned = np.where(some, np.maximum(scanned, taken), scanned)
                    offer = link.take_values(scanned + 1, some * one, address * one)
                    taken = np.where(some, offer, taken)
        else:
            offer = np.maximum(scanned + 1, taken) + 1
            taken = np.where(count > 0, link.take_values(offer, count, last_address), taken)
        scanned = np.maximum(scanned + 1, taken)
        taken = link.take_tick(scanned + 1)
    link.take_end(np.maximum(scanned + 1, taken) + 1)
