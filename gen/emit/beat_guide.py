"""Describe how a design's input and output pack into the beats of its AXI4-Streams, with an example."""

from collections.abc import Sequence

from tospike.gen.emit.beats import Beat
from tospike.hw.params import (
    WORD_ADDRESS,
    WORD_BITS,
    WORD_KIND,
    WORD_PAYLOAD,
    AcceleratorParams,
    BeatFormat,
    HostInput,
    HostOutput,
    IntFormat,
    TokenFormat,
    TokenKind,
)

_WORD = IntFormat(bits=WORD_BITS, signed=True)
EXAMPLE_BEATS = 4
"""Number of beats in an example."""


def input_guide(params: AcceleratorParams) -> list[str]:
    """Return the paragraphs on ``s_axis``."""
    count, payload = params.input.addresses, params.input.payload
    if params.host_input is HostInput.TOKENS:
        return [
            f"`s_axis` takes spike trains as tokens, one per beat, for addresses 0 to {count - 1} "
            f"with payloads of {_format(payload)}. {_tokens()} Addresses ascend between two TICKs, and "
            "payloads are not 0. TLAST is ignored: END ends a sample.",
        ]
    if params.host_events is not None:
        events = params.host_events
        return [
            f"`s_axis` takes recordings: the first beat is the start time of the recording; then each event takes "
            f"two beats, its time stamp and its address (0 to {count - 1}). TLAST is on the last beat. Time stamps are "
            f"unsigned 32-bit numbers that never decrease; each of the {events.steps} time steps lasts "
            f"{events.time_bin} of their units.",
        ]
    if isinstance(params.input, BeatFormat) and params.host_bits is not None:
        lanes, bits = params.input.lanes, payload.bits
        return [
            f"`s_axis` takes frames of {count} values of {_format(payload)} in {params.input.beats} beats of "
            f"{params.host_bits} bits, {lanes} side by side: value i is in beat i / {lanes}, from bit {bits} (i mod "
            f"{lanes}) on. TLAST is on the last beat. Bits beyond the last value are ignored.",
            *_input_image_guide(params),
        ]
    bits = params.input_field_bits
    lanes = WORD_BITS // bits
    beats = -(-count // lanes)
    size, each, several = {8: ("one byte", "byte", "four"), 16: ("two bytes", "value", "two")}[bits]
    guide = [
        f"`s_axis` takes frames of {count} values of {_format(payload)}, {size} each, {several} per beat: value i is "
        f"in beat i / {lanes}, bits {bits} (i mod {lanes}) + {bits - 1} to {bits} (i mod {lanes}). Bytes beyond the "
        "last value are 0.",
    ]
    if payload.bits < bits:
        guide.append(f"A {each} outside {payload.min} to {payload.max} saturates.")
    if params.input_frames > 1:
        guide.append(
            f"A sample is {params.input_frames} frames, each starting with a new beat: {params.input_frames} x "
            f"{beats} beats, with TLAST on the last beat of the last frame only."
        )
    else:
        guide.append(f"A sample is one frame of {beats} beats, with TLAST on the last.")
    return guide + _input_image_guide(params)


def output_guide(params: AcceleratorParams) -> list[str]:
    """Return the paragraphs on ``m_axis``."""
    count = params.output.addresses
    if params.host_output is HostOutput.TOKENS:
        return [
            f"`m_axis` sends the spikes of {count} neurons as tokens, one per beat. {_tokens()} TLAST is on END.",
            *_image_guide(params),
        ]
    if params.packed_output is not None:
        lanes = params.packed_output.lanes
        return [
            f"`m_axis` sends for each sample a frame of {count} values in {params.packed_output.beats} beats of "
            f"{params.output_beat_bits} bits, {lanes} side by side: value i is in beat i / {lanes}, from bit 32 (i mod "
            f"{lanes}) on, a signed 32-bit number ({params.output.payload.bits} bits of them are used). TLAST is on "
            "the last beat. Bits beyond the last value are 0.",
            *_image_guide(params),
        ]
    if params.host_output is HostOutput.DENSE:
        return [
            f"`m_axis` sends a frame of {count} values per sample, one per beat in the order of their addresses, as "
            f"signed 32-bit numbers (their range is {params.output.payload.bits} bits), with TLAST on the last.",
            *_image_guide(params),
        ]
    chosen = {
        HostOutput.ARGMAX: "the address of the largest value, the lowest address if several are equal",
        HostOutput.FIRST_SPIKE: "the address of the first spike, the lowest if a step has several, 0 if there is none",
        HostOutput.EARLY: "the address with the most spikes, the lowest if several are equal, as soon as that cannot "
        "change",
    }[params.host_output]
    guide = [f"`m_axis` sends one beat with TLAST per sample, an address from 0 to {count - 1}: {chosen}."]
    if params.output_image is not None:
        guide.append("These addresses number the network's outputs channel by channel, row by row.")
    return guide


def _input_image_guide(params: AcceleratorParams) -> list[str]:
    """Describe which input of the network each value of a frame is."""
    shape = params.engines[0].arriving_image
    if shape is None or shape[0] == 1 or shape[1] * shape[2] == 1:
        return []
    channels, height, width = shape
    return [
        f"They form an image of {channels} channels, {height} x {width}, sent position by position: value "
        f"(y * {width} + x) * {channels} + c is input (c * {height} + y) * {width} + x of the network."
    ]


def _image_guide(params: AcceleratorParams) -> list[str]:
    """Describe which output of the network each address is."""
    if params.output_image is None:
        return []
    channels, height, width = params.output_image
    return [
        f"They form an image of {channels} channels, {height} x {width}, sent position by position: address "
        f"(y * {width} + x) * {channels} + c is output (c * {height} + y) * {width} + x of the network."
    ]


def input_example(params: AcceleratorParams, beats: Sequence[Beat]) -> list[tuple[str, str]]:
    """Return (beat, meaning) of the first beats of a sample."""
    rows = []
    for number, beat in enumerate(beats[:EXAMPLE_BEATS]):
        if params.host_input is HostInput.TOKENS:
            meaning = _token(beat.data, params.input.payload)
        elif params.host_events is not None:
            meaning = "starts at" if not number else "time stamp" if number % 2 else "address"
            meaning = f"{meaning} {beat.data}"
        else:
            lanes = WORD_BITS // params.input_field_bits
            if isinstance(params.input, BeatFormat):
                lanes = params.input.lanes
            meaning = _values(beat, number * lanes, lanes, params.input_field_bits, params.input)
        rows.append(_row(beat, meaning, params.input_beat_bits))
    return rows


def output_example(params: AcceleratorParams, beats: Sequence[Beat]) -> list[tuple[str, str]]:
    """Return the same for an output."""
    rows = []
    for number, beat in enumerate(beats[:EXAMPLE_BEATS]):
        signed = beat.data - (beat.data >> 31 << 32)
        if params.packed_output is not None:
            lanes, words = params.packed_output.lanes, TokenFormat(addresses=params.output.addresses, payload=_WORD)
            meaning = _values(beat, number * lanes, lanes, WORD_BITS, words)
        elif params.host_output is HostOutput.TOKENS:
            meaning = _token(beat.data, params.output.payload)
        elif params.host_output is HostOutput.DENSE:
            meaning = f"value {number}: {signed}"
        else:
            meaning = f"class {signed}"
        rows.append(_row(beat, meaning, params.output_beat_bits))
    return rows


def _row(beat: Beat, meaning: str, bits: int) -> tuple[str, str]:
    return f"0x{beat.data:0{bits // 4}x}{' TLAST' * beat.last}", meaning


def _values(beat: Beat, start: int, lanes: int, bits: int, fmt: TokenFormat) -> str:
    """Return the values side by side in a beat, from ``start`` on."""
    stop = min(start + lanes, fmt.addresses)
    fields = [beat.data >> bits * lane & (1 << bits) - 1 for lane in range(stop - start)]
    return f"values {start} to {stop - 1}: {', '.join(str(_value(field, bits, fmt.payload)) for field in fields)}"


def _format(fmt: IntFormat) -> str:
    return f"{fmt.bits} bit{'s' * (fmt.bits > 1)} ({'signed' if fmt.signed else 'unsigned'})"


def _bits(field: tuple[int, int]) -> str:
    low, width = field
    return f"{low + width - 1}..{low}"


def _tokens() -> str:
    kinds = ", ".join(f"{kind.value} {kind.name}" for kind in TokenKind)
    return (
        f"Bits {_bits(WORD_KIND)} are the kind ({kinds}), bits {_bits(WORD_PAYLOAD)} the payload, sign-extended if it "
        f"is signed, bits {_bits(WORD_ADDRESS)} the address. VALUE is a spike or value at the address; TICK ends a "
        "time step and END a sample, both with address and payload 0."
    )


def _token(word: int, payload: IntFormat) -> str:
    address, value, kind = (word >> low & (1 << width) - 1 for low, width in (WORD_ADDRESS, WORD_PAYLOAD, WORD_KIND))
    if kind != TokenKind.VALUE:
        return TokenKind(kind).name
    return f"VALUE {_value(value, WORD_PAYLOAD[1], payload)} at address {address}"


def _value(raw: int, bits: int, fmt: IntFormat) -> int:
    return raw - (raw >> bits - 1 << bits) if fmt.signed else raw
