"""From a float ANN to the integers that both networks of an exact pair store.

A hidden layer sends k of T spikes, k = clip(floor((V + theta / 2) / theta), 0, T), where V is the sum of its weighted
inputs and its bias: a quantised activation of T + 1 levels with a shift of half a level (QCFS: Bu et al., "Optimal
ANN-SNN conversion", ICLR 2022). Here theta, weights and biases are integers, and theta is even.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.activation_range import represented_activation
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pools import without_pools
from tospike.gen.quantize.common_step import common_step
from tospike.hw.params import IntFormat, RequantizeParams, ceil_div, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Activation, Conv2d, Dense, Network, Stage
from tospike.sim.network.reference import run_float

Ints = NDArray[np.int64]

LARGEST_SUM = 1 << RequantizeParams().multiplier.bits - 1
"""Of all steps times a threshold, at most: so a requantiser, whose multiplier is off by at most half a unit, meets each
threshold to less than a unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactLayer:
    """A layer in integers."""

    name: str
    synapses: Dense | Conv2d
    """Integer weights and biases."""
    threshold: int | None
    """theta; ``None``: the last layer, whose sums are the outputs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactLayers:
    """A network in integers."""

    name: str
    layers: tuple[ExactLayer, ...]
    shape: tuple[int, ...]
    """Of a sample."""
    input_unit: float
    """The value of an input level, which float32 holds."""
    options: ExactOptions


def exact_layers(network: Network, samples: NDArray[np.generic], options: ExactOptions) -> ExactLayers:
    """Return the integers for a float ANN.

    Parameters
    ----------
    network
        A chain of Dense and Conv2d with a ReLU after each but the last, and average pools between them.
    samples
        (N, inputs) values from 0 up: calibration data.
    options
        Levels, and bits of weights and inputs.

    Raises
    ------
    InputError
        The network or the data have no exact counterpart.
    """
    network = without_pools(network)
    _check(network, samples)
    subset = samples[:: ceil_div(len(samples), options.calibration_samples)]
    activations = run_float(network, subset).stages
    input_unit = unit = _input_unit(subset, options.largest_input)
    layers = []
    for stage, run in zip(network.stages, activations, strict=True):
        last = stage is network.stages[-1]
        level = None if last else represented_activation(stage, run.outputs, options.percentile) / options.steps
        layers.append(_layer(stage, unit, level, options))
        unit = level or 1.0
    first = network.stages[0].synapses
    shape = tuple(getattr(first, "shape", (network.input.inputs,)))
    return ExactLayers(name=network.name, layers=tuple(layers), shape=shape, input_unit=input_unit, options=options)


def _check(network: Network, samples: NDArray[np.generic]) -> None:
    require(not network.is_spiking, f"network {network.name!r} is already spiking")
    require(
        not network.input.order,
        f"network {network.name!r} takes images with channels last: export it with channels first",
    )
    for stage in network.stages:
        kind = type(stage.synapses).__name__
        require(
            isinstance(stage.synapses, Dense | Conv2d) and not stage.sources,
            f"stage {stage.name!r} is {kind}: an exact pair is a chain of Dense, Conv2d and average pools",
        )
        neuron = stage.neuron
        assert isinstance(neuron, Activation)
        require(
            neuron.function is None and neuron.relu != (stage is network.stages[-1]),
            f"stage {stage.name!r}: in an exact pair, each layer but the last has a ReLU",
        )
        require(
            neuron.minimum is None, f"stage {stage.name!r} is clipped at {neuron.minimum}: only a ReLU is supported"
        )
        require(
            neuron.grid is None,
            f"network {network.name!r} was trained with quantisers of activations: convert the float network",
        )
    require(
        (network.input.scale, network.input.offset) == (1.0, 0.0) and network.input.grid is None,
        f"network {network.name!r} scales its input: scale the data instead",
    )
    require(
        float(samples.min()) >= 0 and float(samples.max()) > 0,
        f"an exact pair takes values from 0 up, not from {float(samples.min()):g} to {float(samples.max()):g}: move "
        "the data, and the bias of the first layer with them",
    )


def _input_unit(samples: NDArray[np.generic], largest: int) -> float:
    """Return the value of an input level: the step of the data's own grid, else a power of two.

    So readers that divide in float32 and in float64 round alike: on the grid nothing is near a tie, and division by a
    power of two is exact.
    """
    step = common_step([samples], largest)
    return float(np.float32(step)) if step else 2.0 ** math.ceil(math.log2(float(samples.max()) / largest))


def _layer(stage: Stage, unit: float, level: float | None, options: ExactOptions) -> ExactLayer:
    """Return a layer whose inputs are in ``unit``, and whose outputs are in ``level`` or, of the last, in its own."""
    synapses = stage.weighted
    weight, bias = synapses.weight * unit, synapses.bias.astype(np.float64)
    most, widest = options.largest_weight, float(np.abs(weight).max())
    require(widest > 0, f"stage {stage.name!r} has no weights but 0, so it does not depend on its input")
    threshold = None
    factor = most / widest
    if level is not None:
        threshold = min(2 * int(factor * level / 2), LARGEST_SUM // options.steps // 2 * 2)
        require(
            threshold >= 2,
            f"stage {stage.name!r} has weights of up to {widest / level:.3g} thresholds, which {options.weight_bits} "
            "bits cannot express: give more --weight-bits, or more --steps",
        )
        factor = threshold / level
    integers = to_int64(weight * factor, f"weights of stage {stage.name!r}")
    if level is None:
        integers, factor = _without_common_factor(integers, factor)
    biases = to_int64(bias * factor, f"biases of stage {stage.name!r}")
    widest_bias = IntFormat(bits=options.acc_bits - 1, signed=True).max
    require(
        int(np.abs(biases).max()) <= widest_bias,
        f"stage {stage.name!r} has a bias of {float(np.abs(bias).max()):g}, too large beside its weights",
    )
    return ExactLayer(
        name=stage.name, synapses=replace(synapses, weight=integers, bias=biases, grid=None), threshold=threshold
    )


def _without_common_factor(weight: Ints, factor: float) -> tuple[Ints, float]:
    """Return weights without a common factor: a reader takes the largest step of which all weights are multiples."""
    common = int(np.gcd.reduce(np.abs(weight), axis=None))
    return weight // common, factor / common
