"""Place ANNs with convolutions, pools or branches on a conv engine, which runs all of their layers."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.array import MOST_COLUMNS, array, needs_images, requantizer, shares_array, shifts, tables
from tospike.gen.place.conv_layers import conv_params
from tospike.gen.place.placer import MemoryInit, Placed, Placer, Site
from tospike.hw.conv import layout
from tospike.hw.params import AcceleratorParams, ArrayParams, ConvLayer, ConvParams, InputError, require
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Add, Conv2d, Dense, MaxPool2d, Network, Requantize, Stage, Window
from tospike.sim.network.layers import sum_weights, ungrouped


def _place(site: Site) -> Placed | None:
    if not shares_array(site) or not needs_images(site.shared):
        return None
    network = in_passes(site.shared, site.options.cols)
    _check_products(network, site.options.products_per_multiplier)
    cols = site.options.cols or columns(network)
    engine = replace(conv_engine(network, array(network, site, cols)), **site.options.weight_source)
    stages = _with_layers(network, engine).stages
    return Placed(engine=engine, stages=stages, added=len(stages) - len(network.stages))


def conv_engine(network: Network, array: ArrayParams) -> ConvParams:
    """Return the engine for a network, as `in_passes` gives it, around an array.

    Raises
    ------
    InputError
        The array cannot run it.
    """
    return conv_params(network, array, requantizer(network))


def _pack(params: ConvParams, design: Design, index: int) -> MemoryInit:
    stages = design.stages_of(index)
    return layout.pack(
        params,
        weights=[_taps(stage, layer) for stage, layer in zip(stages, params.layers, strict=True)],
        biases=[sum_weights(stage.synapses)[1].tolist() for stage in stages],
        multipliers=[
            stage.neuron.multiplier.tolist()
            if isinstance(stage.neuron, Requantize)
            else None
            if layer.clamp is None
            else [1] * layer.outputs
            for stage, layer in zip(stages, params.layers, strict=True)
        ],
        shifts=shifts(stages, params.requantize),
        tables=tables(stages),
    )


def _taps(stage: Stage, layer: ConvLayer) -> Any:
    """Return the weights as :func:`tospike.hw.conv.layout.pack` takes them."""
    synapses = stage.synapses
    if isinstance(synapses, Dense):
        return synapses.weight.reshape(-1, *layer.shape).tolist()  # the image was flattened channel by channel
    if isinstance(synapses, Conv2d):
        return synapses.weight.tolist()
    if isinstance(synapses, Add):
        return synapses.weight.reshape(1, 2, 1, 1).tolist()
    return [[[[1] * layer.kernel[1]] * layer.kernel[0]]]


def _random(params: AcceleratorParams, index: int, engine: ConvParams, rng: np.random.Generator) -> list[Stage]:
    raise InputError("a conv engine has no random network: generate it from a trained one")


CONV = Placer(
    place=_place,
    pack=_pack,
    random_stages=_random,
    stream_order=(
        "layer by layer, each weight once. A convolution, like a dense layer, takes as many output channels at a time "
        "as the array has columns, a depthwise one those of one input channel: a word for each row of taps, each tap "
        "in it, and each input channel (y, x, c). Pooling and addition take a word for each value that a result needs"
    ),
)


def columns(network: Network) -> int:
    """Return the most columns, up to `MOST_COLUMNS`, with which an array sends the last layer's results in order.

    Sums leave as they are computed, several channels at a time; activations are put in order first.
    """
    if network.is_spiking or not needs_images(network):
        return MOST_COLUMNS
    return 1 if _leaves_by_channel(network.stages[-1]) else MOST_COLUMNS


def _check_products(network: Network, products_per_multiplier: int) -> None:
    """Refuse two products per multiplier if the results leave through one column.

    Raises
    ------
    InputError
        Columns would share multipliers, but the sums of several positions and channels leave channel by channel.
    """
    require(
        products_per_multiplier == 1 or columns(network) > 1,
        f"stage {network.stages[-1].name!r} sends the sums of several channels one after the other through one column, "
        "and columns share multipliers in pairs: leave --products-per-multiplier 2 out, or end the network in a Relu",
    )


def in_passes(network: Network, cols: int | None) -> Network:
    """Return the network, with each grouped layer that the array cannot compute as such replaced by a convolution.

    Of depthwise layers, the output channels of one input channel are columns of one pass. If they must leave one after
    the other, or exceed the array's columns (``None``: the default ones), or if a group has several input channels, a
    convolution with zeros for the input channels of other groups computes them instead.
    """
    most = columns(network) if cols is None else cols
    last = len(network.stages) - 1
    stages = [
        _as_convolution(stage)
        if isinstance(stage.synapses, Conv2d)
        and stage.synapses.groups > 1
        and (
            stage.synapses.groups != stage.synapses.shape[0]
            or stage.synapses.channels > most * stage.synapses.groups
            or (index == last and _leaves_by_channel(stage))
        )
        else stage
        for index, stage in enumerate(network.stages)
    ]
    return replace(network, stages=tuple(stages))


def _leaves_by_channel(last: Stage) -> bool:
    """Return whether the last layer sends sums of several positions and channels, which must leave by channel."""
    synapses = last.synapses
    if not isinstance(synapses, Conv2d) or not isinstance(last.neuron, Accumulator):
        return False
    together = synapses.channels if synapses.groups == 1 else synapses.channels // synapses.groups
    return together > 1 and math.prod(synapses.output_shape[1:]) > 1


def _as_convolution(stage: Stage) -> Stage:
    synapses = stage.synapses
    assert isinstance(synapses, Conv2d)
    return replace(stage, synapses=ungrouped(synapses))


def _with_layers(network: Network, params: ConvParams) -> Network:
    """Return the network with a stage for every layer, including one that only puts the results in order."""
    if len(params.layers) == len(network.stages):
        return network
    last = params.layers[-1]
    order = Stage(
        name="order", synapses=MaxPool2d(shape=last.shape, window=Window(kernel=(1, 1))), neuron=Accumulator()
    )
    return replace(network, stages=(*network.stages, order))
