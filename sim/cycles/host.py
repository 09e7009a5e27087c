"""Exact timing of the host's input, the head of a chain: frames, tokens or recordings."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import AcceleratorParams, BeatFormat, Contents, HostInput
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.engine import Sample


def send(params: AcceleratorParams, sample: Sample, link: Link, before: Ints | None = None) -> Ints:
    """Send (N, steps, inputs) samples to the first engine; return when the last token, or beat, of each is taken.

    ``before`` is that of the samples before them, without a gap; ``None``: the first beat of each is in cycle 0.
    """
    is_dense = params.host_input is HostInput.DENSE
    if before is None:  # a dense sample's first beat arrives a cycle before what it contains is sent
        before = np.full(len(sample), 0 if is_dense else -1, dtype=np.int64)
    if params.host_input is HostInput.EVENTS:
        return send_events(sample, link, before)
    if params.host_input is HostInput.TOKENS:
        return send_tokens(sample, link, before, ticks=params.engines[0].takes is Contents.TRAIN)
    if params.engines[0].takes is Contents.SPARSE_FRAME:
        return send_sparse_frame(sample, link, before)
    if isinstance(params.input, BeatFormat):
        return send_beats(params.input, before + 1, link)
    return send_frames(sample, link, before)


def send_frames(frames: Sample, link: Link, done: Ints) -> Ints:
    """Send frames through `tospike.hw.host.input.DenseInput`, zeros included.

    A frame's first beat is taken in the cycle of the previous frame's END, and its first value offered in the next.
    """
    samples, steps, inputs = frames.shape
    count = np.full(samples, inputs, dtype=np.int64)
    for _ in range(steps):
        done = link.take_values(done + 1, count, count - 1)
        done = link.take_end(done + 1)
    return done


def send_beats(fmt: BeatFormat, offer: Ints, link: Link) -> Ints:
    """Send frames through `tospike.hw.host.beats.BeatInput`, which offers a beat one cycle after the host's.

    The first beat is offered from cycle ``offer`` on. Return when the last one is taken: in that cycle, the host's next
    beat is taken, too.
    """
    one = np.ones_like(offer)
    return link.take_values(offer, fmt.beats * one, (fmt.addresses - 1) * one)


def send_sparse_frame(frames: Sample, link: Link, done: Ints) -> Ints:
    """Send frames through `tospike.hw.host.input.DenseInput`: a zero takes a cycle, but is not sent."""
    for address, values in enumerate(np.ascontiguousarray(frames[:, 0].T)):
        sends = values != 0
        taken = link.take_values(done + 1, sends.astype(np.int64), np.full_like(done, address)) if sends.any() else done
        done = np.where(sends, taken, done + 1)
    return link.take_end(done + 1)


def send_tokens(trains: Sample, link: Link, taken: Ints, *, ticks: bool = True) -> Ints:
    """Send tokens, one per beat; a frame has no TICK."""
    _, steps, inputs = trains.shape
    events = trains != 0
    counts = events.sum(axis=2, dtype=np.int64)
    last_address = inputs - 1 - np.argmax(events[:, :, ::-1], axis=2)
    for step in range(steps):
        count = counts[:, step]
        last = link.take_values(taken + 1, count, last_address[:, step])
        taken = np.where(count > 0, last, taken)
        if ticks:
            taken = link.take_tick(taken + 1)
    return link.take_end(taken + 1)


def send_events(trains: NDArray[np.integer], link: Link, before: Ints) -> Ints:
    """Send a recording through `tospike.hw.host.recording.RecordingInput`: one event per spike, stamped with the start
    of its step.

    A stamp's beat is taken before the TICKs that it causes; the TICKs after the last event need no stamp.
    """
    samples, steps, _ = trains.shape
    events = trains != 0
    later = np.flip(np.logical_or.accumulate(np.flip(events.any(axis=2), axis=1), axis=1), axis=1)
    later = np.concatenate([later[:, 1:], np.zeros((samples, 1), dtype=bool)], axis=1)  # in any later step
    done = before + 1  # when the last beat, at first the origin, or token was taken
    stamped = np.zeros(samples, dtype=bool)  # whether the next event's stamp was taken
    for step in range(steps):
        for address in np.flatnonzero(events[:, step].any(axis=0)).tolist():
            sends = events[:, step, address]
            offer = np.where(stamped, done, done + 1) + 1
            taken = link.take_values(offer, sends.astype(np.int64), np.full_like(done, address))
            done, stamped = np.where(sends, taken, done), stamped & ~sends
        needs_stamp = later[:, step] & ~stamped
        done = link.take_tick(done + needs_stamp + 1)
        stamped = stamped | needs_stamp
    return link.take_end(done + 1)
