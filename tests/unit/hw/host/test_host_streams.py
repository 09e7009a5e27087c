"""The host's AXI4-Streams to tokens and back, in Amaranth's simulator."""

import random

import numpy as np
import pytest
from support.beats import receive_beats, send_beats
from support.stream_bench import END, TICK, as_token, receive, send_tokens, simulate, value

from tospike.gen.emit.beats import dense_beats, token_word
from tospike.hw.host.input import DenseInput, TokenInput
from tospike.hw.host.output import ArgmaxOutput, DenseOutput, FirstSpikeOutput, TokenOutput
from tospike.hw.params import IntFormat, TokenFormat, TokenKind


def frame(values):
    return [(beat.data, beat.last) for beat in dense_beats(np.array(values))]


def count_pulses(signal):
    pulses = []

    async def count(ctx):
        async for _, _, level in ctx.tick().sample(signal):
            if level:
                pulses.append(1)

    return pulses, count


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("send_zeros", [False, True])
@pytest.mark.parametrize("addresses", [1, 3, 4, 5, 8, 13])
def test_dense_frames_become_tokens(addresses, send_zeros, stall):
    rng = random.Random(addresses)
    fmt = TokenFormat(addresses=addresses, payload=IntFormat(bits=8, signed=True))
    frames = [[0] * addresses, [-128] * addresses]
    frames += [[rng.choice([0, 0, 127, -1, 5]) for _ in range(addresses)] for _ in range(8)]
    expected = []
    for values in frames:
        expected += [value(a, v) for a, v in enumerate(values) if v or send_zeros] + [END]
    dut = DenseInput(fmt, send_zeros=send_zeros)
    errors, count_errors = count_pulses(dut.error)
    starts, count_starts = count_pulses(dut.started)

    async def producer(ctx):
        await send_beats(ctx, dut.i, [beat for values in frames for beat in frame(values)], stall=stall)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)

    _, tokens = simulate(dut, producer, consumer, background=(count_errors, count_starts))
    assert tokens == expected
    assert not errors
    assert len(starts) == len(frames)


def test_dense_input_sends_one_value_per_cycle():
    fmt = TokenFormat(addresses=10, payload=IntFormat(bits=8, signed=False))
    dut = DenseInput(fmt, send_zeros=False)
    values = [1, 0, 0, 4, 5, 6, 0, 8, 9, 10]

    async def producer(ctx):
        await send_beats(ctx, dut.i, frame(values) * 2)

    async def consumer(ctx):
        ctx.set(dut.o.ready, 1)
        arrivals = []
        cycle = 0
        started = None
        while len(arrivals) < 2 * (10 - values.count(0) + 1):
            _, _, valid, payload, begin = await ctx.tick().sample(dut.o.valid, dut.o.payload, dut.started)
            if begin and started is None:
                started = cycle
            if valid:
                arrivals.append((cycle - started, *as_token(payload)))
            cycle += 1
        return arrivals

    arrivals = simulate(dut, producer, consumer)[1]
    one = [(1 + a, TokenKind.VALUE, a, v) for a, v in enumerate(values) if v] + [(11, TokenKind.END, 0, 0)]
    assert arrivals == one + [(cycle + 11, *rest) for cycle, *rest in one]


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("addresses", [1, 2, 5])
def test_values_of_two_bytes(addresses, stall):
    dut = DenseInput(
        TokenFormat(addresses=addresses, payload=IntFormat(bits=16, signed=True)), send_zeros=True, field_bits=16
    )
    frames = [[(-1) ** a * (a * 7919 % 32768) for a in range(addresses)], [-32768] * addresses, [0] * addresses]
    expected = [token for values in frames for token in [*(value(a, v) for a, v in enumerate(values)), END]]
    beats = [(beat.data, beat.last) for values in frames for beat in dense_beats(np.array(values), 16)]

    async def producer(ctx):
        await send_beats(ctx, dut.i, beats, stall=stall)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)

    assert simulate(dut, producer, consumer)[1] == expected


@pytest.mark.parametrize(
    ("bits", "signed", "byte", "sent"), [(4, False, 200, 15), (4, True, 0x80, -8), (1, False, 2, 1)]
)
def test_bytes_saturate_to_the_format(bits, signed, byte, sent):
    dut = DenseInput(TokenFormat(addresses=1, payload=IntFormat(bits=bits, signed=signed)), send_zeros=False)

    async def producer(ctx):
        await send_beats(ctx, dut.i, [(byte, 1)])

    async def consumer(ctx):
        return await receive(ctx, dut.o, 2, convert=as_token)

    assert simulate(dut, producer, consumer)[1] == [value(0, sent), END]


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("addresses", [3, 6, 8])
def test_frames_of_wrong_length_are_cut_and_flagged(addresses, stall):
    fmt = TokenFormat(addresses=addresses, payload=IntFormat(bits=8, signed=False))
    good = list(range(1, addresses + 1))
    beats, expected, wrong = [], [], 0
    for length in (addresses, 4, addresses, addresses + 4, addresses + 9, 4, addresses + 4, addresses):
        values = [(v % 200) + 1 for v in range(length)]
        beats += frame(values) + frame(good)
        kept = values[:addresses]
        expected += [value(a, v) for a, v in enumerate(kept)] + [END]
        expected += [value(a, v) for a, v in enumerate(good)] + [END]
        wrong += (length + 3) // 4 != (addresses + 3) // 4
    if addresses == 3:  # a frame of 4 bytes is one beat, as long as one of 3
        assert wrong == 3
    dut = DenseInput(fmt, send_zeros=False)
    errors, count_errors = count_pulses(dut.error)

    async def producer(ctx):
        await send_beats(ctx, dut.i, beats, stall=stall)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)

    _, tokens = simulate(dut, producer, consumer, background=(count_errors,))
    assert tokens == expected
    assert len(errors) == wrong


def sequence(lengths):
    """A sample of frames of such lengths, each beginning with a beat; its values count up."""
    frames = [[(n + v) % 200 + 1 for v in range(length)] for n, length in enumerate(lengths)]
    beats = [(data, 0) for values in frames for data, _ in frame(values)]
    return frames, [*beats[:-1], (beats[-1][0], 1)]


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("addresses", [1, 4, 6])
def test_samples_of_several_frames(addresses, stall):
    """Samples that end early get the ENDs that are missing; what goes on is dropped; the next one is whole again."""
    fmt = TokenFormat(addresses=addresses, payload=IntFormat(bits=8, signed=False))
    whole = [addresses] * 3
    samples = [whole, whole, [addresses], whole, [addresses, 4], whole, [*whole, addresses, 9], whole, [4], [4]]
    beats, expected, wrong = [], [], 0
    for lengths in samples:
        frames, sent = sequence(lengths)
        beats += sent
        for values in [*frames, [], []][:3]:
            expected += [value(a, v) for a, v in enumerate(values[:addresses])] + [END]
        wrong += [(length + 3) // 4 for length in lengths] != [(addresses + 3) // 4] * 3
    dut = DenseInput(fmt, send_zeros=True, frames=3)
    errors, count_errors = count_pulses(dut.error)
    starts, count_starts = count_pulses(dut.started)

    async def producer(ctx):
        await send_beats(ctx, dut.i, beats, stall=stall)

    async def consumer(ctx):
        tokens = await receive(ctx, dut.o, len(expected), stall=stall, convert=as_token)
        await ctx.tick().repeat(5)
        return tokens

    _, tokens = simulate(dut, producer, consumer, background=(count_errors, count_starts))
    assert tokens == expected
    assert len(errors) == wrong
    assert len(starts) == len(samples)


def through_token_input(dut, words, tokens, *, stall):
    """What leaves, and how often each error and ``started`` pulsed."""
    names = ("token_error", "order_error", "frame_error", "started")
    pulses = {name: count_pulses(getattr(dut, name)) for name in names}

    async def producer(ctx):
        await send_beats(ctx, dut.i, [(word, 0) for word in words], stall=stall)
        await ctx.tick().repeat(3)

    async def consumer(ctx):
        return await receive(ctx, dut.o, tokens, stall=stall, convert=as_token)

    _, received = simulate(dut, producer, consumer, background=[count for _, count in pulses.values()])
    return received, {name: len(seen) for name, (seen, _) in pulses.items()}


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_token_words_and_malformed_ones(stall):
    fmt = TokenFormat(addresses=20, payload=IntFormat(bits=5, signed=True))
    tokens = [value(0, -16), value(19, 15), TICK, TICK, value(3, -1), TICK, END, END, value(7, 1), END]
    words = [token_word(*token) for token in tokens]
    wrong = [(20, 1), (19, 0), (19, 16), (19, -17)]
    words[1:1] = [3 << 30, *(token_word(TokenKind.VALUE, *token) for token in wrong)]
    words[-1:-1] = [token_word(TokenKind.VALUE, 8, 0)]
    received, pulses = through_token_input(TokenInput(fmt), words, len(tokens), stall=stall)
    assert received == tokens
    assert pulses == {"token_error": 6, "order_error": 0, "frame_error": 0, "started": 3}


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_payloads_without_sign(stall):
    fmt = TokenFormat(addresses=2, payload=IntFormat(bits=1, signed=False))
    words = [token_word(TokenKind.VALUE, 0, payload) for payload in (2, -1, 3, 0, 1)] + [token_word(*END)]
    received, pulses = through_token_input(TokenInput(fmt), words, 2, stall=stall)
    assert received == [value(0), END]
    assert pulses["token_error"] == 4


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_tokens_out_of_order_are_flagged(stall):
    """Each of a step's addresses must be above the one before."""
    fmt = TokenFormat(addresses=9, payload=IntFormat(bits=1, signed=False))
    sent = [value(0), value(5), value(5), value(4), value(0), value(8), value(8), TICK, value(8), value(7), TICK, END]
    sent += [value(3), END, value(3), value(3), END, value(0), END]
    received, pulses = through_token_input(TokenInput(fmt), [token_word(*t) for t in sent], len(sent), stall=stall)
    assert received == sent
    assert pulses == {"token_error": 0, "order_error": 6, "frame_error": 0, "started": 4}


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("ticks", [0, 1, 3])
def test_ticks_too_few_and_too_many(ticks, stall):
    """Samples that are whole, too long, whole, too short, empty: too many TICKs are dropped, an END always leaves."""
    fmt = TokenFormat(addresses=4, payload=IntFormat(bits=1, signed=False))
    sent, kept, wrong = [], [], 0
    for length in (ticks, ticks + 2, ticks, max(0, ticks - 1), 0, ticks):
        sent += [*[value(1), TICK] * length, value(2), END]
        wrong += max(length - ticks, int(length < ticks))
        steps = [value(1), TICK] * min(length, ticks)
        kept += [*steps, *[value(1)] * max(0, length - ticks), value(2), END]  # one step what the dropped TICKs part
    received, pulses = through_token_input(
        TokenInput(fmt, ticks=ticks), [token_word(*t) for t in sent], len(kept), stall=stall
    )
    assert received == kept
    assert (pulses["frame_error"], pulses["token_error"], pulses["started"]) == (wrong, 0, 6)
    assert pulses["order_error"] == 1  # the second step too many begins at the address that the first one had


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(("bits", "signed"), [(1, False), (8, True), (32, True), (32, False)])
def test_dense_output_extends_the_sign(bits, signed, stall):
    fmt = TokenFormat(addresses=5, payload=IntFormat(bits=bits, signed=signed))
    low, high = fmt.payload.min, fmt.payload.max
    dut = DenseOutput(fmt)
    tokens = [value(1, low), value(4, high)] if low else [value(4, high)]

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [*tokens, END] * 3, stall=stall)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, 15, stall=stall)

    words = [0, low & 0xFFFF_FFFF, 0, 0, high & 0xFFFF_FFFF]
    assert simulate(dut, producer, consumer)[1] == [(w, int(a == 4)) for a, w in enumerate(words)] * 3


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize(("addresses", "bits", "signed"), [(1, 4, True), (2, 1, False), (5, 3, True), (8, 32, True)])
def test_argmax_output(addresses, bits, signed, stall):
    """The first of equals, as NumPy has it; values that are not sent are 0; ends of the range; frames back to back."""
    fmt = TokenFormat(addresses=addresses, payload=IntFormat(bits=bits, signed=signed))
    rng = np.random.default_rng(addresses)
    ends = fmt.payload.min, fmt.payload.max
    frames = [*np.full((2, addresses), [[ends[0]], [ends[1]]]), *rng.choice([*ends, 0, *ends], (4, addresses))]
    frames += list(rng.integers(*ends, (10, addresses), endpoint=True))
    dut = ArgmaxOutput(fmt)
    finished, count_finished = count_pulses(dut.finished)

    async def producer(ctx):
        for values in frames:
            await send_tokens(ctx, dut.i, [*(value(a, int(v)) for a, v in enumerate(values) if v), END], stall=stall)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, len(frames), stall=stall)

    _, beats = simulate(dut, producer, consumer, background=(count_finished,))
    assert beats == [(int(np.argmax(values)), 1) for values in frames]
    assert len(finished) == len(frames)


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_token_output(stall):
    fmt = TokenFormat(addresses=300, payload=IntFormat(bits=5, signed=True))
    tokens = [value(0, -16), value(299, 15), TICK, END, TICK, END]
    dut = TokenOutput(fmt)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, tokens, stall=stall)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, len(tokens), stall=stall)

    assert simulate(dut, producer, consumer)[1] == [(token_word(*t), int(t == END)) for t in tokens]


@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_the_first_spike_of_each_train(stall):
    fmt = TokenFormat(addresses=9, payload=IntFormat(bits=2, signed=False))
    trains = {
        3: [TICK, value(3, 2), value(7, 1), TICK, value(1, 1), TICK, END],
        0: [TICK, TICK, END],
        8: [value(8, 3), END],
        5: [TICK, TICK, value(5, 1), TICK, END],
    }
    dut = FirstSpikeOutput(fmt)
    finished, count_finished = count_pulses(dut.finished)

    async def producer(ctx):
        await send_tokens(ctx, dut.i, [token for tokens in trains.values() for token in tokens] * 2, stall=stall / 2)

    async def consumer(ctx):
        return await receive_beats(ctx, dut.o, 2 * len(trains), stall=stall)

    assert simulate(dut, producer, consumer, background=(count_finished,))[1] == [(first, 1) for first in trains] * 2
    assert len(finished) == 2 * len(trains)
