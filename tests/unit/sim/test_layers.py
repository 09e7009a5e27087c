"""Synapses: what they compute, on floats and integers, against loops; what they refuse."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tospike.gen.emit import serialize
from tospike.hw.params import InputError, IntFormat, RequantizeParams
from tospike.sim.network import (
    Accumulator,
    Activation,
    Add,
    AveragePool2d,
    Conv2d,
    Dense,
    GridRounding,
    InputSpec,
    MaxPool2d,
    Network,
    QuantGrid,
    Requantize,
    Stage,
    SumPool2d,
    Window,
)
from tospike.sim.network.layers import currents, weighted_sums
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import BATCH, run_integers, run_stages

RNG = np.random.default_rng(3)


def conv(shape, outputs, kernel, *, groups=1, integer=False, **options):
    size = (outputs, shape[0] // groups, *kernel)
    weight = RNG.integers(-8, 8, size) if integer else RNG.normal(size=size)
    bias = RNG.integers(-50, 50, outputs) if integer else RNG.normal(size=outputs)
    return Conv2d(shape=shape, weight=weight, bias=bias, groups=groups, **options)


def naive(synapses, image):
    """One sample (channels, height, width), value by value; padding of a max-pool is left out."""
    window = synapses.window
    top, left, _, _ = window.padding
    channels, rows, columns = synapses.output_shape
    out = np.zeros(synapses.output_shape, dtype=image.dtype)
    outside = getattr(synapses, "pad_value", 0)
    for c, y, x in np.ndindex(channels, rows, columns):
        values = {}
        for k, i, j in np.ndindex(synapses.shape[0], *window.kernel):
            yy, xx = y * window.stride[0] + i - top, x * window.stride[1] + j - left
            inside = 0 <= yy < synapses.shape[1] and 0 <= xx < synapses.shape[2]
            values[k, i, j] = image[k, yy, xx] if inside else None
        if isinstance(synapses, Conv2d):
            per_group = synapses.shape[0] // synapses.groups
            first = c // (channels // synapses.groups) * per_group
            for (k, i, j), value in values.items():
                if first <= k < first + per_group:
                    out[c, y, x] += synapses.weight[c, k - first, i, j] * (outside if value is None else value)
            out[c, y, x] += synapses.bias[c]
        else:
            own = [v for (k, _, _), v in values.items() if k == c]
            if isinstance(synapses, MaxPool2d):
                out[c, y, x] = max(v for v in own if v is not None)
            else:
                total = sum(outside if v is None else v for v in own)
                out[c, y, x] = total / window.taps if isinstance(synapses, AveragePool2d) else total + synapses.bias[c]
    return out


GEOMETRIES = [
    {},
    {"stride": (2, 1)},
    {"padding": (1, 2, 0, 1)},
    {"stride": (3, 2), "padding": (1, 1, 1, 1)},
]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("groups", "outputs"), [(1, 5), (3, 3), (3, 6)])
@pytest.mark.parametrize("integer", [False, True])
def test_convolution(geometry, groups, outputs, integer):
    synapses = conv((3, 6, 7), outputs, (3, 2), groups=groups, integer=integer, **geometry)
    if integer:
        synapses = replace(synapses, pad_value=5)
    x = RNG.integers(-128, 128, (4, 126)) if integer else RNG.normal(size=(4, 126))
    expected = [naive(synapses, image).ravel() for image in x.reshape(4, 3, 6, 7)]
    if integer:
        np.testing.assert_array_equal(currents(synapses, x), expected)
        assert currents(synapses, x).dtype == np.int64
    elif synapses.pad_value == 0:
        np.testing.assert_allclose(currents(synapses, x), expected)
    assert synapses.outputs == len(expected[0]) and synapses.inputs == 126


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 0, 0, 1)])
@pytest.mark.parametrize("kind", [MaxPool2d, AveragePool2d, SumPool2d])
def test_pools(kind, padding):
    extra = {"bias": np.array([2, -3]), "pad_value": 7} if kind is SumPool2d else {}
    window = Window(kernel=(2, 3), stride=(2, 2), padding=padding)
    synapses = kind(shape=(2, 5, 6), window=window, **extra)
    x = RNG.integers(-99, 99, (3, 60)) if kind is SumPool2d else RNG.normal(size=(3, 60)) - 3
    expected = [naive(synapses, image).ravel() for image in x.reshape(3, 2, 5, 6)]
    np.testing.assert_allclose(currents(synapses, x), expected)


def test_addition_and_positions():
    synapses = Add(shape=(2, 1, 3), weight=np.array([1, -2]), bias=np.array([10, 20]))
    a, b = np.arange(6)[None], np.ones((1, 6), dtype=int)
    assert currents(synapses, a, b).tolist() == [[8, 9, 10, 21, 22, 23]]
    assert weighted_sums(synapses, a, b).tolist() == [[[-2, 1], [-1, 2], [0, 3]]]  # positions, channels
    dense = Dense(weight=np.eye(3), bias=np.zeros(3))
    assert weighted_sums(dense, np.ones((2, 3))).shape == (2, 1, 3)
    with pytest.raises(InputError, match="Add takes 2 inputs, not 1"):
        currents(synapses, a)
    with pytest.raises(InputError, match=r"Dense takes samples of shape \(3,\), not \(6,\)"):
        currents(dense, a)


def test_sums_beyond_float_precision_are_exact():
    weight = np.full((1, 2), (1 << 52) + 1)
    assert weighted_sums(Dense(weight=weight, bias=np.zeros(1, int)), np.array([[1, 1]])).item() == (1 << 53) + 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: conv((3, 6, 6), 4, (7, 1)), r"a window of \(7, 1\) is larger than the padded image of \(6, 6\)"),
        (lambda: conv((4, 6, 6), 6, (3, 3), groups=4), "in 4 groups do not fit an image of 4 channels"),
        (lambda: replace(conv((3, 6, 6), 4, (3, 3)), shape=(2, 6, 6)), "do not fit an image of 2 channels"),
        (lambda: replace(conv((3, 6, 6), 4, (3, 3)), bias=np.zeros(3)), r"bias of shape \(3,\)"),
        (lambda: replace(conv((3, 6, 6), 4, (3, 3)), weight=np.zeros((4, 3))), "must have 4 dimensions, not 2"),
        (lambda: conv((3, 6, 6), 4, (3, 3), stride=(0, 1)), "must be positive"),
        (lambda: conv((3, 6, 6), 4, (3, 3), padding=(0, -1, 0, 0)), "must not be negative"),
        (lambda: MaxPool2d(shape=(1, 4, 4), window=Window(kernel=(2, 2), padding=(2, 0, 0, 0))), "without values"),
        (lambda: Add(shape=(2, 3), weight=np.ones(2), bias=np.zeros(2)), "vectors or images"),
        (lambda: Add(shape=(2,), weight=np.ones(3), bias=np.zeros(2)), "has 2 weights"),
        (lambda: QuantGrid(scale=np.zeros(()), qmin=0, qmax=1), "scale must be positive"),
        (lambda: QuantGrid(scale=np.ones(()), qmin=1, qmax=1), "range 1 to 1 is empty"),
    ],
)
def test_shapes_that_do_not_fit(make, message):
    with pytest.raises(InputError, match=message):
        make()


# ---------------------------------------------------------------------------------------------------- networks

RELU = Activation(relu=True)


def residual():
    """An image, a padded convolution, its sum with the image, max-pooled, dense."""
    return Network(
        name="r",
        input=InputSpec(inputs=32),
        stages=(
            Stage(name="conv", synapses=conv((2, 4, 4), 2, (3, 3), padding=(1, 1, 1, 1)), neuron=RELU),
            Stage(
                name="add",
                synapses=Add(shape=(2, 4, 4), weight=np.ones(2), bias=np.zeros(2)),
                neuron=RELU,
                sources=(0, -1),
            ),
            Stage(
                name="pool",
                synapses=MaxPool2d(shape=(2, 4, 4), window=Window(kernel=(2, 2), stride=(2, 2))),
                neuron=Activation(relu=False),
            ),
            Stage(
                name="fc",
                synapses=Dense(weight=RNG.normal(size=(3, 8)), bias=np.zeros(3)),
                neuron=Activation(relu=False),
            ),
        ),
    )


def test_branches_in_float():
    network, x = residual(), RNG.normal(size=(5, 32))
    first = np.maximum(currents(network.stages[0].synapses, x), 0)
    second = np.maximum(first + x, 0).reshape(5, 2, 2, 2, 2, 2).max(axis=(3, 5)).reshape(5, 8)
    np.testing.assert_allclose(run_float(network, x).outputs, second @ network.stages[3].synapses.weight.T)
    assert run_float(network, x, trace=False).stages == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({1: {"sources": (0,)}}, "stage 'add' needs 2 inputs, not 1"),
        ({1: {"sources": (0, 1)}}, "stage 'add' takes its input from 1, not an earlier stage"),
        ({0: {"synapses": conv((1, 4, 4), 2, (3, 3))}}, "stage 'conv' takes 16 values but gets 32"),
        ({2: {"synapses": MaxPool2d(shape=(2, 2, 8), window=Window(kernel=(2, 2)))}}, r"image of \(2, 2, 8\)"),
        ({3: {"sources": (2, 1)}}, "stage 'fc' needs 1 inputs, not 2"),
    ],
)
def test_stages_that_do_not_fit(changes, message):
    network = residual()
    stages = tuple(replace(s, **changes.get(i, {})) for i, s in enumerate(network.stages))
    with pytest.raises(InputError, match=message):
        replace(network, stages=stages)


def test_engines_of_dense_chains_refuse_others():
    network = residual()
    with pytest.raises(InputError, match="stage 'conv' is Conv2d: this engine runs chains of dense layers only"):
        _ = network.stages[0].dense
    assert network.stages[3].dense is network.stages[3].synapses


def test_activation():
    x = np.array([-2.0, 0.26, 0.75, 9.0])
    assert Activation(relu=True, maximum=6.0)(x).tolist() == [0, 0.26, 0.75, 6]
    grid = QuantGrid(scale=np.asarray(0.5), qmin=-1, qmax=2)
    assert Activation(relu=False, grid=grid)(x).tolist() == [-0.5, 0.5, 1.0, 1.0]
    assert grid.levels(np.array([0.25, 0.75])).tolist() == [0, 2]  # ties to even
    assert replace(grid, rounding=GridRounding.TIES_UP).levels(np.array([0.25, 0.75])).tolist() == [1, 2]
    assert replace(grid, zero_point=0.5, qmin=0, qmax=1).nearest(x).tolist() == [-0.25, 0.25, 0.25, 0.25]
    with pytest.raises(InputError, match="cannot be clipped at 0"):
        Activation(relu=True, maximum=0.0)


def integers():
    """The residual network with integers chosen by hand."""
    network = residual()
    scale = Requantize(multiplier=np.array([3, 5]), shift=4, clamp=(0, 15))
    stages = (
        replace(network.stages[0], synapses=conv((2, 4, 4), 2, (3, 3), integer=True), neuron=scale),
        replace(
            network.stages[1],
            synapses=SumPool2d(shape=(2, 2, 2), window=Window(kernel=(2, 2)), bias=np.array([1, 2]), pad_value=0),
            neuron=scale,
            sources=(),
        ),
        Stage(
            name="add",
            synapses=Add(shape=(2,), weight=np.array([1, 1]), bias=np.array([0, 0])),
            neuron=Accumulator(),
            sources=(1, 1),
        ),
    )
    return Network(name="i", input=InputSpec(inputs=32, format=IntFormat(bits=4, signed=False)), stages=stages)


def test_integers_by_the_equation():
    network = integers()
    x = RNG.integers(0, 16, (BATCH + 3, 32))
    first, second, third = run_stages(network, x)
    for stage, before, after in zip(network.stages, (x, first), (first, second), strict=False):
        synapses, n = stage.synapses, stage.neuron
        for values, sent in zip(before[:5], after[:5], strict=True):
            acc = naive(synapses, values.reshape(synapses.shape))
            y = (acc * n.multiplier.reshape(-1, 1, 1) + 8) >> 4
            np.testing.assert_array_equal(np.clip(y, 0, 15).ravel(), sent)
    np.testing.assert_array_equal(third, 2 * second)
    np.testing.assert_array_equal(run_integers(network, x), third)
    assert run_integers(network, x, RequantizeParams(rounding="floor"))[0].sum() <= third[0].sum()


def test_float_networks_have_no_integers():
    with pytest.raises(InputError, match=r"stage 'conv' \(Conv2d, Activation\) is not a stage of a quantised ANN"):
        run_integers(residual(), np.zeros((1, 32), int))
    with pytest.raises(InputError, match="no samples"):
        run_integers(integers(), np.zeros((0, 32), int))


def test_integer_networks_survive_json():
    network = integers()
    again = serialize.decode(json.loads(json.dumps(serialize.encode(network))))
    x = RNG.integers(0, 16, (3, 32))
    np.testing.assert_array_equal(run_integers(again, x), run_integers(network, x))
    assert again.stages[2].sources == (1, 1) and again.stages[1].synapses.window == Window(kernel=(2, 2))
