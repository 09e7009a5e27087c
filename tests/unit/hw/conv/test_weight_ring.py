"""Streamed weights of the conv engine: tokens, cycles and counters equal those of the golden model."""

import numpy as np
import pytest
from support.conv_engine import Maker, check
from support.stream_bench import simulate

from tospike.gen.emit.memory_init import pack
from tospike.hw.conv.layout import memories
from tospike.hw.conv.weight_ring import WeightRing
from tospike.hw.params import WeightFormat, WeightSource, banks
from tospike.sim.conv.timing import frame_timing

STREAM = WeightSource.STREAM


def test_all_kinds_of_layers():
    made = Maker((2, 5, 6)).conv(5, (3, 3), padding=(1, 1, 1, 1)).conv(5, (2, 2), groups=5)
    made.max_pool((2, 2)).sum_pool((1, 2)).dense(3).logits()
    design = made.design(5, 2, weights=STREAM)
    check(design)
    check(design, frames=2, stall=0.4)


@pytest.mark.parametrize("cols", [1, 9])
def test_residual_and_dense_layers(cols):
    """One column; three beats to a word."""
    made = Maker((3, 3, 4), seed=6)
    made.conv(4, (1, 1)).conv(4, (3, 3), padding=(1, 1, 1, 1), relu=False).add(0, 1, (3, 5)).dense(9).dense(3).logits()
    check(made.design(3, cols, weights=STREAM))


def test_one_layer_of_one_tile():
    """Whose weights pass through a ring smaller than they are."""
    design = Maker((9, 3, 3), seed=3).conv(7, (3, 3)).logits().design(2, 5, weights=STREAM)
    (params,) = design.params.engines
    assert params.weight_ring == 32 < params.layers[0].depth
    check(design, frames=3)
    check(design)


def random_design(seed):
    """Layers, arrays and widths of any size."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high, count: tuple(rng.integers(low, high, count, endpoint=True).tolist())  # noqa: E731
    rows, cols, weight_bits = int(rng.integers(1, 6)), int(rng.choice([1, 2, 3, 5, 9])), int(rng.integers(1, 9))
    made = Maker((*draw(1, 3, 1), *draw(3, 6, 2)), seed=seed, weight_bits=weight_bits)
    made.conv(int(rng.integers(1, 7)), draw(1, 3, 2), stride=draw(1, 2, 2), padding=draw(1, 2, 4))
    if rng.random() < 0.5:
        made.conv(made.shape[0], draw(1, 2, 2), groups=made.shape[0])
    if rng.random() < 0.5:
        made.max_pool((1, 2) if made.shape[2] > 1 else (1, 1))
    made.dense(int(rng.integers(1, 9))).dense(3).logits()
    return made.design(rows, cols, weights=STREAM, weight_stream_bits=int(rng.choice([32, 64, 128, 256])))


@pytest.mark.parametrize("seed", range(4))
def test_any_shape(seed):
    check(random_design(seed), frames=1 + seed % 2, stall=0.5 * (seed % 2))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 22))
def test_any_shape_at_length(seed):
    check(random_design(seed))
    check(random_design(seed), frames=2, stall=0.5)


def test_the_stream_is_what_memory_would_hold():
    """Each word once a frame, in the same order, whatever number of tiles reads it."""
    made = Maker((2, 5, 6)).conv(5, (3, 3), padding=(1, 1, 1, 1)).max_pool((2, 2)).dense(3).logits()
    stored, streamed = made.design(2, 3), made.design(2, 3, weights=STREAM)
    (params,) = streamed.params.engines
    words = pack(stored)[0]["weights"]
    assert pack(streamed)[0]["weights"] == words and params.weight_stream.words == len(words)
    assert [shape.name for shape in memories(params)] == ["channels", "layers"]
    assert params.weight_ring == 2 * 18  # two passes of the convolution
    assert frame_timing(params).end >= frame_timing(stored.params.engines[0]).end


@pytest.mark.parametrize(("bits", "beat_bits"), [(5, 32), (32, 32), (70, 32), (70, 64)])
def test_frames_of_wrong_length_are_flagged_and_survived(bits, beat_bits):
    fmt = WeightFormat(words=7, word_bits=bits, beat_bits=beat_bits)
    good = [number * 0x0123_4567_89AB_CDEF_0123 % (1 << bits) for number in range(1, 8)]
    beats = fmt.split(good)
    wrong = [[*beats, 9, 9], beats[:-1], beats[:1], beats[: fmt.beats_per_word], beats[:-2], [*beats, 1]]
    sent = [frame for each in wrong for frame in (each, beats)]
    dut = WeightRing(fmt, depth=9)

    async def source(ctx):
        for frame in sent:
            for number, beat in enumerate(frame, 1):
                ctx.set(dut.i.payload, {"word": beat, "last": number == len(frame)})
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
        ctx.set(dut.i.valid, 0)

    async def step(ctx, **values):
        """A cycle with these values, 0 before and after."""
        for name, number in values.items():
            ctx.set(getattr(dut, name), number)
        await ctx.tick()
        for name in values:
            ctx.set(getattr(dut, name), 0)

    async def sink(ctx):
        words = []
        while len(words) < 7 * len(sent):
            await ctx.tick().until(dut.arrived)
            await step(ctx, take=1, read=1, ends=1, last=1)
            await ctx.tick()
            words.append(ctx.get(dut.data))
            await step(ctx, free=1)
        return words

    errors = []

    async def watch(ctx):
        async for _, _, error in ctx.tick().sample(dut.error):
            errors.append(error)

    _, words = simulate(dut, source, sink, background=[watch])
    received = [words[start : start + 7] for start in range(0, len(words), 7)]
    assert received[1::2] == [good] * len(wrong)
    assert received[0] == received[10] == good  # beats in excess are dropped
    assert received[6] == good[:1] * 7 if bits <= 32 else received[6][1:] == received[6][:1] * 6
    assert sum(errors) == len(wrong)


@pytest.fixture
def small_banks(monkeypatch):
    """Block RAMs of 4 words, so that a small ring needs many of them; what is known of larger ones is forgotten."""
    frame_timing.cache_clear()
    monkeypatch.setattr(banks, "BANK_WORDS", 4)
    yield
    frame_timing.cache_clear()


def test_a_ring_of_many_block_rams(small_banks):
    made = Maker((2, 5, 6), seed=4).conv(5, (3, 3), padding=(1, 1, 1, 1)).max_pool((2, 2)).dense(3).logits()
    design = made.design(2, 3, weights=STREAM)
    assert banks.bank_cycles(design.params.engines[0].weight_ring) == 2
    check(design)
    check(design, frames=2, stall=0.4)
