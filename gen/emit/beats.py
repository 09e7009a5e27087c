"""Convert samples to beats of the host's input stream."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tospike.hw.layout import pack_lanes
from tospike.hw.params import (
    WORD_ADDRESS,
    WORD_BITS,
    WORD_KIND,
    WORD_PAYLOAD,
    AcceleratorParams,
    BeatFormat,
    HostInput,
    HostOutput,
    InputError,
    TokenKind,
    require,
)
from tospike.sim.network import Array
from tospike.sim.network.output_order import as_sent
from tospike.sim.result import Result


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One transfer of an AXI4-Stream."""

    data: int
    last: bool


def beat_lines(beats: Iterable[Beat], bits: int) -> str:
    """Return one beat of ``bits`` bits per line: TLAST, then the data in hexadecimal."""
    return "".join(f"{beat.last:d}{beat.data:0{bits // 4}x}\n" for beat in beats)


def token_word(kind: TokenKind, address: int = 0, payload: int = 0) -> int:
    """Return a token as a host word."""
    fields = ((WORD_ADDRESS, address), (WORD_PAYLOAD, payload), (WORD_KIND, int(kind)))
    return sum((value & ((1 << width) - 1)) << low for (low, width), value in fields)


def dense_beats(values: Array, bits: int = 8) -> Iterator[Beat]:
    """Yield the beats of a frame: ``bits`` (8 or 16) per value, as many values per beat as fit, zeros after the
    last."""
    lanes = WORD_BITS // bits
    padded = np.zeros(-(-len(values) // lanes) * lanes, dtype=f"<u{bits // 8}")
    padded[: len(values)] = values.astype(np.int64, casting="same_kind") & ((1 << bits) - 1)
    words = padded.view("<u4").tolist()
    for number, word in enumerate(words):
        yield Beat(data=word, last=number == len(words) - 1)


def packed_beats(params: AcceleratorParams, values: Array) -> Iterator[Beat]:
    """Yield the beats of a frame, each with as many values as the first engine takes at a time."""
    fmt, bits = params.input, params.input_field_bits
    assert isinstance(fmt, BeatFormat)  # only such links have packed streams
    for number in range(fmt.beats):
        parts = values[number * fmt.lanes : (number + 1) * fmt.lanes].tolist()
        yield Beat(data=pack_lanes(parts, bits), last=number == fmt.beats - 1)


def answer_beats(params: AcceleratorParams, words: Sequence[int]) -> list[int]:
    """Return the beats that carry ``words`` (from `output_words`) to the host."""
    lanes = 1 if params.packed_output is None else params.packed_output.lanes
    return [pack_lanes(words[first : first + lanes], WORD_BITS) for first in range(0, len(words), lanes)]


def answer_words(params: AcceleratorParams, beats: Sequence[int]) -> list[int]:
    """Return the unsigned words in the beats of an output."""
    packed, mask = params.packed_output, (1 << WORD_BITS) - 1
    if packed is None:
        return list(beats)
    words = [beat >> WORD_BITS * lane & mask for beat in beats for lane in range(packed.lanes)]
    spare = packed.beats * packed.lanes - packed.addresses  # unused lanes of the last beat
    return words[: len(words) - spare]


def frames_beats(frames: Array, bits: int = 8) -> Iterator[Beat]:
    """Yield the beats of frames (steps, inputs); each frame starts with a new beat."""
    for number, values in enumerate(frames, start=1):
        for beat in dense_beats(values, bits):
            yield replace(beat, last=beat.last and number == len(frames))


def token_beats(steps: Array) -> Iterator[Beat]:
    """Yield the beats of a spike train (steps, inputs): VALUEs and a TICK for each step, then an END."""
    for step in steps:
        for address in np.flatnonzero(step).tolist():
            yield Beat(data=token_word(TokenKind.VALUE, address, int(step[address])), last=False)
        yield Beat(data=token_word(TokenKind.TICK), last=False)
    yield Beat(data=token_word(TokenKind.END), last=True)


def output_words(params: AcceleratorParams, result: Result, sample: int) -> list[int]:
    """Return the signed words that the host receives for a sample: values, a class, or tokens, in the order sent."""
    if params.host_output is HostOutput.TOKENS:
        assert result.trains is not None  # the accelerator sends them
        return [beat.data for beat in token_beats(as_sent(params, result.trains[sample]))]
    outputs = result.outputs[sample]
    return (outputs if params.sends_class else as_sent(params, outputs)).tolist()


def recording_beats(stamps: Array, addresses: Array, *, inputs: int, origin: int | None = None) -> Iterator[Beat]:
    """Return the beats of a recording: (E,) time stamps and addresses. It starts at ``origin``, by default the first
    stamp.

    Raises
    ------
    InputError
        There are no events, an address is out of range, or time goes backwards or does not fit a beat.
    """
    require(stamps.shape == addresses.shape and stamps.ndim == 1, "events: stamps and addresses differ in length")
    require(len(stamps) > 0, "events: the recording is empty: leave it out")
    begin = int(stamps[0]) if origin is None else origin
    wrong = np.flatnonzero((addresses < 0) | (addresses >= inputs))
    if len(wrong):
        raise InputError(
            f"events: address {addresses[wrong[0]]} of event {wrong[0]} is outside 0 to {inputs - 1}: remove such "
            "events"
        )
    times = np.concatenate([[begin], stamps])
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        at = int(back[0])
        raise InputError(f"events: time goes backwards at event {at}, {times[at]} to {times[at + 1]}: sort by time")
    require(
        begin >= 0 and int(stamps[-1]) < 1 << WORD_BITS,
        f"events: time stamps from {begin} to {stamps[-1]} do not fit {WORD_BITS} bits: subtract the first",
    )
    return _event_beats(begin, stamps.tolist(), addresses.tolist())


def _event_beats(origin: int, stamps: list[int], addresses: list[int]) -> Iterator[Beat]:
    yield Beat(data=origin, last=not stamps)
    for number, (stamp, address) in enumerate(zip(stamps, addresses, strict=True), start=1):
        yield Beat(data=stamp, last=False)
        yield Beat(data=address, last=number == len(stamps))


def input_beats(params: AcceleratorParams, sample: Array) -> Iterator[Beat]:
    """Return the beats in which the host sends a sample: (inputs,) values or (steps, inputs) values or spikes.

    If the accelerator takes events, each spike becomes an event at the start of its step.
    """
    if params.host_events is not None:
        steps, addresses = np.nonzero(sample)
        return _event_beats(0, (steps * params.host_events.time_bin).tolist(), addresses.tolist())
    if params.host_input is HostInput.TOKENS:
        return token_beats(sample)
    if params.host_bits is not None:
        return packed_beats(params, sample)
    bits = params.input_field_bits
    return dense_beats(sample, bits) if sample.ndim == 1 else frames_beats(sample, bits)


def weight_lines(params: AcceleratorParams, beats: Iterable[int]) -> str:
    """Return the beats of streamed weights as a memory file for ``$readmemh``."""
    digits = params.weight_stream.beat_bits // 4 if params.weight_stream else 8
    return "".join(f"{beat:0{digits}x}\n" for beat in beats)
