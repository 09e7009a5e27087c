"""The conv engine against its golden model: tokens, cycles, counters."""

import math

import numpy as np
import pytest
from support.conv_engine import Maker, check

from tospike.hw.params import InputError, IntFormat, banks
from tospike.hw.params.banks import bank_cycles
from tospike.hw.params.conv_storage import Storage, bank_depth
from tospike.sim.conv.timing import frame_timing
from tospike.sim.network import (
    Accumulator,
    MaxPool2d,
    Stage,
    Window,
)

# ------------------------------------------------------------------------------------------------- single layers

SIZES = pytest.mark.parametrize(("rows", "cols"), [(1, 1), (5, 2), (4, 8)])


@SIZES
def test_convolution(rows, cols):
    made = Maker((2, 5, 6)).conv(5, (3, 3), padding=(1, 1, 1, 1)).dense(3).logits()
    check(made.design(rows, cols))


@SIZES
def test_stride_and_padding(rows, cols):
    made = Maker((3, 7, 5), seed=1).conv(4, (3, 2), stride=(2, 3), padding=(1, 2, 0, 1), pad_value=5).dense(2).logits()
    check(made.design(rows, cols))


@SIZES
def test_depthwise(rows, cols):
    made = Maker((3, 6, 5), seed=2).conv(3, (3, 3), padding=(1, 1, 1, 1), groups=3).dense(2).logits()
    check(made.design(rows, cols))


@pytest.mark.parametrize("cols", [3, 2])
def test_depthwise_with_a_multiplier(cols):
    """Which is a convolution with zeros, if there are fewer columns than outputs of an input channel."""
    made = Maker((2, 4, 4), seed=3).conv(6, (2, 2), stride=(2, 2), groups=2).dense(2).logits()
    check(made.design(3, cols))


@SIZES
def test_pools(rows, cols):
    made = Maker((2, 7, 9), seed=4).max_pool((3, 3), stride=(2, 2), padding=(1, 1, 1, 1)).sum_pool((2, 2)).dense(2)
    check(made.logits().design(rows, cols))


def test_global_average_pool_and_unsigned_values():
    act = IntFormat(bits=4, signed=False)
    made = Maker((3, 5, 4), seed=5, act=act, weight_bits=3).conv(4, (3, 3)).sum_pool((3, 2))
    check(made.design(4, 4))


@SIZES
@pytest.mark.parametrize("signed", [True, False])
def test_functions(rows, cols, signed):
    """Convolutions, a pool, an addition and dense layers with tables of activations, among others."""
    made = Maker((3, 4, 5), seed=7, act=IntFormat(bits=6, signed=signed), weight_bits=5)
    made.conv(4, (3, 3), padding=(1, 1, 1, 1)).function().max_pool((2, 2)).conv(4, (1, 1))
    made.conv(4, (1, 1)).function().add(2, 3).function().sum_pool((2, 2)).dense(6).function().dense(3).logits()
    check(made.design(rows, cols))
    check(made.design(rows, cols), frames=2, stall=0.4, seed=1)


@SIZES
def test_residual(rows, cols):
    """A branch that stays in memory while two layers run, and weights that are not 1."""
    made = Maker((3, 4, 5), seed=6)
    made.conv(4, (1, 1)).conv(4, (3, 3), padding=(1, 1, 1, 1)).conv(4, (3, 3), padding=(1, 1, 1, 1), relu=False)
    made.add(0, 2, (3, 5)).dense(3).logits()
    check(made.design(rows, cols))


@pytest.mark.parametrize("last", ["logits", "max_pool"])
def test_biases_finer_than_sums(last):
    """All kinds of layers; what a maximum passes on has no bias and keeps its value."""
    net = Maker((2, 4, 4), act=IntFormat(bits=3, signed=True), weight_bits=3, finer=5)
    net.conv(2, (3, 3), padding=(1, 1, 1, 1)).conv(2, (1, 1)).add(0, 1).conv(4, (2, 2), groups=2).max_pool((2, 2))
    net.sum_pool((1, 2))
    net = net.dense(3).logits() if last == "logits" else net.max_pool((2, 1))
    golden = check(net.design(2, 2), frames=2)
    assert last == "max_pool" or (golden.sent % 32).any(), "logits between whole sums"


def test_columns_that_share_multipliers():
    made = Maker((2, 5, 6), seed=12, weight_bits=4).conv(5, (3, 3), padding=(1, 1, 1, 1)).max_pool((2, 2)).dense(3)
    check(made.logits().design(3, 4, products_per_multiplier=2))


def test_bipolar_weights_and_bits():
    act = IntFormat(bits=1, signed=False)
    made = Maker((2, 5, 6), seed=13, act=act, weight_bits=1).conv(5, (3, 3)).max_pool((2, 2)).sum_pool((2, 3)).dense(4)
    design = made.logits().design(3, 4)
    assert design.params.engines[0].array.weight_bits == 1
    check(design)


def test_dense_layers_only():
    made = Maker((11, 1, 1), seed=7).dense(7).dense(7).add(0, 1).dense(3).logits()
    check(made.design(2, 4))


@pytest.mark.parametrize("rows", [1, 4, 6])
def test_output_in_order(rows):
    """Results of the last layer with several positions and channels leave channel by channel."""
    made = Maker((2, 5, 7), seed=8).conv(5, (2, 2))
    design = made.design(rows, 4)
    assert len(design.params.engines[0].layers) == 2
    check(design)
    check(Maker((2, 5, 7), seed=8).sum_pool((2, 2)).design(rows, 4))


def test_one_layer():
    check(Maker((3, 3, 3), seed=9).conv(2, (3, 3)).logits().design(4, 4), frames=3)


@pytest.mark.parametrize(("frames", "stall", "sparse"), [(3, 0.0, False), (2, 0.5, False), (2, 0.0, True)])
def test_frames_and_stalls(frames, stall, sparse):
    made = Maker((1, 8, 8), seed=10).conv(4, (3, 3)).max_pool((2, 2), stride=(2, 2)).dense(5).dense(4).logits()
    check(made.design(4, 4), frames=frames, stall=stall, sparse=sparse)


def test_extremes():
    """Saturation at both ends."""
    made = Maker((2, 6, 6), seed=11).conv(6, (3, 3), relu=False).conv(4, (2, 2), relu=False).sum_pool((3, 3))
    golden = check(made.design(4, 4), extreme=True)
    assert len(np.unique(golden.sent)) > 1


# --------------------------------------------------------------------------------------------------- deep banks


@pytest.fixture
def small_banks(monkeypatch):
    """Block RAMs of 4 words, so that small images need many of them; what is known of larger ones is forgotten."""
    frame_timing.cache_clear()
    monkeypatch.setattr(banks, "BANK_WORDS", 4)
    yield
    frame_timing.cache_clear()


@pytest.mark.parametrize("seed", range(4))
def test_random_images_in_many_block_rams(small_banks, seed):
    """Windows, strides and arrays of any size: selecting a word takes two to four cycles."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high, count: tuple(rng.integers(low, high, count, endpoint=True).tolist())  # noqa: E731
    made = Maker((*draw(1, 4, 1), *draw(4, 6, 2)), seed=seed)
    made.conv(int(rng.integers(1, 6)), draw(1, 3, 2), stride=draw(1, 2, 2), padding=draw(0, 1, 4))
    made.max_pool(draw(1, 2, 2)).dense(3).logits()
    design = made.design(*draw(1, 4, 2))
    assert bank_cycles(bank_depth(design.params.engines[0])) > 1
    check(design)


@pytest.mark.slow
def test_an_image_of_more_than_8192_words():
    """In block RAMs as they are: five of them, whose selection takes a cycle more than that of four."""
    made = Maker((1, 91, 91), seed=14).max_pool((2, 2), stride=(7, 9)).dense(2).logits()
    design = made.design(1, 2)
    assert bank_depth(design.params.engines[0]) > 8192
    check(design)


# ---------------------------------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(("stride", "tile"), [((1, 1), (1, 4)), ((2, 1), (2, 2)), ((3, 2), (1, 5)), ((1, 2), (3, 2))])
def test_values_have_places_of_their_own(stride, tile):
    storage = Storage(shape=(2, 7, 6), stride=stride, tile=tile, base=3)
    places = [storage.place(*where) for where in np.ndindex(2, 7, 6)]
    assert len(set(places)) == len(places)
    assert all(bank < math.prod(tile) and 3 <= address < 3 + storage.words for bank, address in places)


def test_images_of_different_strides_are_refused():
    made = Maker((2, 4, 4)).conv(2, (1, 1)).conv(2, (1, 1)).max_pool((1, 1))
    made.stages[2] = Stage(
        name="2",
        synapses=MaxPool2d(shape=(2, 4, 4), window=Window(kernel=(2, 2), stride=(2, 2))),
        neuron=Accumulator(),
        sources=(0,),
    )
    made.shape = (2, 4, 4)
    with pytest.raises(InputError, match="different strides"):
        made.add(1, 0).design(4, 4)
