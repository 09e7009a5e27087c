"""Convolutions and pools of dataflow designs against their golden model: values, the cycle of every beat under any
back-pressure, counters."""

from dataclasses import replace

import numpy as np
import pytest
from support.beat_bench import check_beats
from support.windows import convolution, pool, window

from tospike.gen.place.dataflow import window_weights
from tospike.hw.dataflow import layout
from tospike.hw.params import DataflowPoolParams, InputError, IntFormat
from tospike.hw.window import layout as pool_layout
from tospike.sim.dataflow.golden import run
from tospike.sim.window.golden import run_pool

SIGNED = IntFormat(bits=5, signed=True)
LAYERS = {
    "one pixel": convolution(window((1, 1, 1), (1, 1)), 1, 1),
    "one pixel, all at once": convolution(window((4, 1, 1), (1, 1), lanes=4), 3, 3, input_lanes=2, output_lanes=3),
    "pixels are frames": convolution(window((3, 4, 5), (1, 1), lanes=3), 6, 2, input_lanes=3, output_lanes=2),
    "a row": convolution(window((2, 1, 7), (1, 3), lanes=2), 3, 2),
    "a column": convolution(window((2, 7, 1), (3, 1)), 3, 2),
    "the whole image": convolution(window((2, 3, 4), (3, 4), lanes=2), 3, 2, input_lanes=4),
    "values one by one": convolution(window((2, 4, 5), (3, 2)), 3, 2),
    "all rows": convolution(window((2, 5, 4), (3, 3), lanes=2, all_rows=True), 3, 3, input_lanes=2),
    "all rows of one channel": convolution(window((1, 6, 6), (3, 3), all_rows=True), 4, 2, input_lanes=4),
    "padded": convolution(window((2, 4, 4), (3, 3), padding=(1, 1, 1, 1), lanes=2), 3, 2),
    "padded, all rows": convolution(window((1, 4, 4), (3, 3), padding=(1, 1, 1, 1), all_rows=True, pad_value=3), 3, 2),
    "padding other than 0": convolution(window((2, 3, 3), (2, 3), padding=(1, 2, 0, 1), pad_value=9), 3, 2),
    "padded below only": convolution(window((1, 3, 4), (2, 2), padding=(0, 0, 1, 1), pad_value=1), 2, 1),
    "strides": convolution(window((2, 6, 7), (3, 3), stride=(2, 2), lanes=2), 3, 2),
    "strides, padded": convolution(window((1, 6, 6), (3, 3), stride=(2, 2), padding=(1, 1, 0, 0)), 3, 3),
    "strides, all rows": convolution(window((1, 7, 6), (3, 2), stride=(2, 1), all_rows=True), 3, 2),
    "strides beyond the kernel": convolution(window((1, 9, 8), (2, 2), stride=(3, 4)), 2, 1),
    "rows that no window reads": convolution(window((1, 8, 5), (2, 2), stride=(3, 3)), 2, 1),
    "larger than the image": convolution(window((1, 2, 2), (4, 3), padding=(2, 1, 2, 1), pad_value=2), 2, 1),
    "a beat has several pixels": convolution(window((2, 3, 5), (2, 2), lanes=2), 2, 1, input_lanes=8),
    "results side by side": convolution(window((1, 5, 5), (2, 2), all_rows=True), 6, 6, input_lanes=1, output_lanes=3),
    "a group is not full": convolution(window((2, 4, 4), (2, 2)), 4, 3, input_lanes=2),
    "signed": convolution(
        window((1, 4, 4), (3, 3), padding=(1, 1, 1, 1), pad_value=-4), 3, 2, act=SIGNED, acc_bits=16, clamp=(-16, 15)
    ),
    "sums": convolution(window((2, 4, 4), (3, 3)), 3, 2, last=True),
}
POOLS = {
    "one pixel": pool(window((1, 1, 1), (1, 1))),
    "a pair": pool(window((2, 4, 4), (2, 2), stride=(2, 2), lanes=2)),
    "channels one by one": pool(window((3, 4, 6), (2, 2), stride=(2, 2)), input_lanes=3),
    "overlapping": pool(window((2, 5, 5), (3, 3), stride=(2, 2), lanes=2)),
    "padded": pool(window((4, 4, 5), (3, 2), stride=(2, 2), padding=(1, 1, 1, 0), lanes=2)),
    "negative values, padded": pool(
        window((1, 4, 4), (2, 2), padding=(1, 1, 1, 1), pad_value=-16), act=SIGNED, acc_bits=8
    ),
    "every second pixel": pool(window((2, 5, 5), (1, 1), stride=(2, 2), lanes=2)),
    "sum": pool(window((2, 4, 4), (2, 2), stride=(2, 2), lanes=2), maximum=False),
    "sum, channels one by one": pool(window((3, 5, 5), (2, 2), stride=(2, 2)), maximum=False),
    "sum, padded": pool(window((2, 4, 4), (3, 3), padding=(1, 1, 1, 1), pad_value=5), maximum=False),
    "sum of the whole image": pool(window((4, 3, 3), (3, 3), lanes=2), maximum=False),
    "sums as they are": pool(window((2, 4, 4), (2, 2), stride=(2, 2)), maximum=False, sums=True),
}


def check_layer(params, **options):
    def contents(params, stages):
        (stage,) = stages
        multipliers = getattr(stage.neuron, "multiplier", None)
        return layout.pack(
            params,
            weights=window_weights(params.window, stage.synapses.weight).tolist(),
            biases=stage.synapses.bias.tolist(),
            multipliers=None if multipliers is None else multipliers.tolist(),
        )

    return check_beats(params, lambda params, stages, x: run(params, *stages, x), contents, **options)


def check_pool(params, **options):
    def contents(params, stages):
        (stage,) = stages
        multipliers = getattr(stage.neuron, "multiplier", None)
        return pool_layout.pack(
            params,
            biases=() if params.maximum else stage.synapses.bias.tolist(),
            multipliers=None if multipliers is None else multipliers.tolist(),
        )

    return check_beats(params, lambda params, stages, x: run_pool(params, *stages, x), contents, **options)


def check(params, **options):
    return (check_pool if isinstance(params, DataflowPoolParams) else check_layer)(params, **options)


@pytest.mark.parametrize("params", [*LAYERS.values(), *POOLS.values()], ids=[*LAYERS, *POOLS])
def test_every_beat_leaves_when_the_golden_model_says(params):
    """And an image follows another after as many cycles as the slowest of link in, line buffer and array takes."""
    left = np.array(check(params)).reshape(4, -1)
    window = params.window
    words = window.shape[1] * window.row_words
    period = max(params.input.beats, words, params.cycles, params.output.beats)
    spare = window.shape[1] - 1 - window.last_row(window.size[0] - 1)  # rows in the ring that no window reads
    assert (np.diff(left[2:], axis=0) <= period + spare * window.row_words).all()


@pytest.mark.parametrize("params", [*LAYERS.values(), *POOLS.values()][::3], ids=[*LAYERS, *POOLS][::3])
def test_back_pressure_changes_no_value(params):
    check(params, seed=4, frames=2, gap=0.3, stall=0.6)


@pytest.mark.slow
@pytest.mark.parametrize("params", [*LAYERS.values(), *POOLS.values()], ids=[*LAYERS, *POOLS])
def test_slow_consumers_and_producers(params):
    check(params, seed=4, gap=0.3, stall=0.6)
    check(params, seed=5, stall=0.9)
    check(params, seed=6, gap=0.8)


def random_windows(rng):
    """A convolution or a pool of any shape."""
    kernel, stride = (tuple(rng.integers(1, 4, 2).tolist()) for _ in range(2))
    padding = [int(rng.integers(0, size)) for size in (*kernel, *kernel)]
    short = [
        max(1, size - before - after) for size, before, after in zip(kernel, padding[:2], padding[2:], strict=True)
    ]
    shape = (int(rng.integers(1, 7)), *(least + int(rng.integers(0, 5)) for least in short))
    lanes = int(rng.choice([n for n in range(1, shape[0] + 1) if shape[0] % n == 0]))
    input_lanes = lanes * int(rng.integers(1, 4))
    pools = rng.random() < 0.4
    slides = window(
        shape,
        kernel,
        stride=stride,
        padding=padding,
        lanes=lanes,
        all_rows=not pools and rng.random() < 0.5,
        pad_value=int(rng.integers(0, 16)),
    )
    if pools and rng.random() < 0.5:
        return pool(slides, maximum=False, input_lanes=input_lanes)
    if pools:
        return pool(replace(slides, pad_value=0), input_lanes=input_lanes)
    outputs = int(rng.integers(1, 7))
    words = slides.values // slides.width
    fitting = [
        (pe, n)
        for pe in range(1, outputs + 1)
        for n in range(1, pe + 1)
        if pe % n == 0 and outputs % n == 0 and pe // n <= words
    ]
    pe, output_lanes = fitting[rng.integers(len(fitting))]
    return convolution(slides, outputs, pe, input_lanes=input_lanes, output_lanes=output_lanes)


@pytest.mark.parametrize("seed", range(4))
def test_random_windows(seed):
    check(random_windows(np.random.default_rng(seed)), seed=seed, frames=3, gap=0.2, stall=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1150))
def test_many_random_windows(seed):
    test_random_windows(seed)


def test_weights_follow_the_order_of_the_window():
    weight = np.arange(2 * 4 * 3 * 2).reshape(2, 4, 3, 2)
    serial = window_weights(window((4, 5, 5), (3, 2), lanes=2), weight)
    assert serial[0].tolist() == [weight[0, c, y, x] for y in range(3) for x in range(2) for c in range(4)]
    rows = window_weights(window((4, 5, 5), (3, 2), lanes=2, all_rows=True), weight)
    expected = [weight[1, c + n, y, x] for x in range(2) for c in (0, 2) for y in range(3) for n in range(2)]
    assert rows[1].tolist() == expected


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"lanes": 2}, "3 channels must be a multiple of the 2 lanes of the line buffer"),
        ({"rows_at_once": 2}, r"a window of \(3, 2\) reads 1 or 3 rows at once, not 2"),
        ({"padding": (3, 0)}, r"padding \(3, 0\) must be less than the kernel \(3, 2\)"),
        ({"size": (8, 2)}, r"the last window of \(8, 2\) begins beyond its image of \(6, 6\)"),
        (
            {"shape": (3, 6, 4000)},
            "a line buffer of 98304 words is too deep: give more lanes, or read all rows at once",
        ),
    ],
)
def test_windows_that_cannot_be(knobs, message):
    with pytest.raises(InputError, match=message):
        replace(window((3, 6, 6), (3, 2)), **knobs)


def test_layers_that_do_not_fit_their_window():
    good = convolution(window((3, 6, 6), (3, 2)), 4, 2)
    with pytest.raises(InputError, match="windows have 18 values, 1 in a word, not 18 and 2"):
        replace(good, simd=2)
    with pytest.raises(InputError, match="3 channels must be a multiple of the 2 lanes of the output link"):
        replace(good, outputs=3, output_lanes=2)
    with pytest.raises(InputError, match="lanes of a line buffer 3 must be a multiple or a divisor of the 2 lanes"):
        pool(window((3, 6, 6), (2, 2), lanes=3), input_lanes=2)
    with pytest.raises(InputError, match="padding must be an activation, not 16"):
        convolution(window((3, 6, 6), (3, 2), padding=(1, 0, 0, 0), pad_value=16), 4, 2)
    with pytest.raises(InputError, match="padding must not win a maximum: give 0, not 1"):
        pool(window((3, 6, 6), (2, 2), padding=(1, 0, 0, 0), pad_value=1))
    with pytest.raises(InputError, match="a maximum is not requantised"):
        replace(pool(window((3, 6, 6), (2, 2))), clamp=(0, 15))
