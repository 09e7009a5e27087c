"""From the stages of a convolutional network to the layers of the image engine."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tospike.hw.conv.storage import bank_depth
from tospike.hw.params import (
    ArrayParams,
    ConvLayer,
    ConvOperation,
    ConvParams,
    InputError,
    RequantizeParams,
    ceil_div,
    require,
)
from tospike.sim.network import (
    Accumulator,
    Add,
    Conv2d,
    Dense,
    MaxPool2d,
    Network,
    Requantize,
    Shape,
    Stage,
    SumPool2d,
    Window,
)

Tile = tuple[int, int]

MOST_COLUMNS = 8
"""Of an array whose columns nobody chose."""


def needs_images(network: Network) -> bool:
    """Return whether a network of an ANN is more than a chain of dense layers."""
    return any(stage.sources or not isinstance(stage.synapses, Dense) for stage in network.stages)


def columns(network: Network) -> int:
    """Return the most columns, up to `MOST_COLUMNS`, with which an array sends in order what the last layer gives.

    Sums leave as they come, several channels at a time; activations are put in order first.
    """
    if network.is_spiking or not needs_images(network):
        return MOST_COLUMNS
    return 1 if _leaves_by_channel(network.stages[-1]) else MOST_COLUMNS


def check_products(network: Network, products_per_multiplier: int) -> None:
    """Refuse two products per multiplier where the results leave through one column.

    Raises
    ------
    InputError
        Columns are to share multipliers, but the sums of several positions and channels leave channel by channel.
    """
    require(
        products_per_multiplier == 1 or columns(network) > 1,
        f"stage {network.stages[-1].name!r} sends the sums of several channels one after the other through one column, "
        "and columns share multipliers in pairs: leave --products-per-multiplier 2 out, or end the network in a Relu",
    )


def in_passes(network: Network, cols: int | None) -> Network:
    """Return the network with each depthwise layer as a convolution that could not be computed otherwise.

    The output channels of one input channel are columns of one pass. Where these are to leave one after the other, or
    are more than the columns that nobody chose (``cols`` is ``None``), zeros for the other input channels make each of
    them a pass of its own.
    """
    most = columns(network) if cols is None else math.inf
    last = len(network.stages) - 1
    stages = [
        _as_convolution(stage)
        if isinstance(stage.synapses, Conv2d)
        and stage.synapses.groups > 1
        and (stage.synapses.channels > most * stage.synapses.groups or (index == last and _leaves_by_channel(stage)))
        else stage
        for index, stage in enumerate(network.stages)
    ]
    return replace(network, stages=tuple(stages))


def _leaves_by_channel(last: Stage) -> bool:
    """Return whether the sums of several positions and channels leave, which must come channel by channel."""
    synapses = last.synapses
    if not isinstance(synapses, Conv2d) or not isinstance(last.neuron, Accumulator):
        return False
    together = synapses.channels if synapses.groups == 1 else synapses.channels // synapses.groups
    return together > 1 and math.prod(synapses.output_shape[1:]) > 1


def _as_convolution(stage: Stage) -> Stage:
    synapses = stage.synapses
    assert isinstance(synapses, Conv2d)
    weight = np.zeros((synapses.channels, synapses.shape[0], *synapses.window.kernel), dtype=synapses.weight.dtype)
    outputs = np.arange(synapses.channels)
    weight[outputs, outputs * synapses.groups // synapses.channels] = synapses.weight[:, 0]
    return replace(stage, synapses=replace(synapses, weight=weight, groups=1))


def plan_image(network: Network, array: ArrayParams, requantize: RequantizeParams) -> ConvParams:
    """Return the layers of an image engine that runs ``network`` on ``array``.

    Tiles are chosen for the fewest cycles; all layers that read an image have one stride and one tile.

    Raises
    ------
    InputError
        A stage that the engine cannot run, two strides on one image.
    """
    layers = [_layer(network, index, array) for index in range(len(network.stages))]
    last = layers[-1]
    if math.prod(last.size) > 1 and last.clamp is not None and last.pass_width(array.cols) > 1:
        layers.append(_in_order(last, len(layers) - 1, array))
    for group in _sharing(layers):
        tile = _best_tile([layers[index] for index in group], array)
        for index in group:
            layers[index] = replace(layers[index], tile=tile)
    if math.prod(layers[-1].size) > 1 and not layers[-1].is_ordered(array.cols):
        # one row of positions at a time keeps the output's order
        wanted = (1, min(array.rows, layers[-1].size[1]))
        (group,) = (group for group in _sharing(layers) if len(layers) - 1 in group)
        for index in group:
            layers[index] = replace(layers[index], tile=wanted)
    params = ConvParams(array=array, layers=tuple(layers), requantize=requantize)
    bank_depth(params)  # refuses what does not fit
    return params


def with_layers(network: Network, params: ConvParams) -> Network:
    """Return the network with a stage for every layer, also the one that only puts the results in order."""
    if len(params.layers) == len(network.stages):
        return network
    last = params.layers[-1]
    order = Stage(
        name="order", synapses=MaxPool2d(shape=last.shape, window=Window(kernel=(1, 1))), neuron=Accumulator()
    )
    return replace(network, stages=(*network.stages, order))


def _layer(network: Network, index: int, array: ArrayParams) -> ConvLayer:
    stage = network.stages[index]
    synapses, sources = stage.synapses, network.sources(index)
    clamp = stage.neuron.clamp if isinstance(stage.neuron, Requantize) else None
    if isinstance(synapses, MaxPool2d) and index < len(network.stages) - 1:
        clamp = (array.act.min, array.act.max)
    shape = _shape_of(network, sources[0], stage)
    match synapses:
        case Dense():
            return ConvLayer(
                operation=ConvOperation.CONVOLUTION,
                shape=shape,
                outputs=synapses.outputs,
                size=(1, 1),
                kernel=shape[1:],
                clamp=clamp,
                sources=sources,
            )
        case Add():
            return ConvLayer(
                operation=ConvOperation.ADDITION,
                shape=shape,
                outputs=shape[0],
                size=shape[1:],
                clamp=clamp,
                sources=sources,
            )
        case Conv2d() | SumPool2d() | MaxPool2d():
            window = synapses.window
            return ConvLayer(
                operation=_operation(synapses),
                shape=shape,
                outputs=synapses.channels,
                size=window.positions(shape),
                kernel=window.kernel,
                stride=window.stride,
                padding=window.padding[:2],
                pad_value=array.act.min if isinstance(synapses, MaxPool2d) else synapses.pad_value,
                clamp=clamp,
                sources=sources,
            )
    raise InputError(f"stage {stage.name!r} is {type(synapses).__name__}, which the image engine cannot run")


def _operation(synapses: Conv2d | SumPool2d | MaxPool2d) -> ConvOperation:
    if isinstance(synapses, Conv2d):
        plain = synapses.groups == 1
        return ConvOperation.CONVOLUTION if plain else ConvOperation.DEPTHWISE
    return ConvOperation.SUM if isinstance(synapses, SumPool2d) else ConvOperation.MAXIMUM


def _shape_of(network: Network, source: int, stage: Stage) -> tuple[int, int, int]:
    """Return (channels, height, width) of what a stage reads; a vector has one position."""
    shapes: list[Shape] = [getattr(stage.synapses, "shape", ())]
    if source >= 0:
        shapes.insert(0, network.stages[source].synapses.output_shape)
    else:
        readers = [other for index, other in enumerate(network.stages) if -1 in network.sources(index)]
        shapes += [getattr(other.synapses, "shape", ()) for other in readers]
    for shape in shapes:
        if len(shape) == 3:
            return shape[0], shape[1], shape[2]
    return stage.synapses.inputs, 1, 1


def _in_order(last: ConvLayer, source: int, array: ArrayParams) -> ConvLayer:
    """Return a layer that changes nothing but the order: channel by channel."""
    return ConvLayer(
        operation=ConvOperation.MAXIMUM,
        shape=(last.outputs, *last.size),
        outputs=last.outputs,
        size=last.size,
        pad_value=array.act.min,
        clamp=(array.act.min, array.act.max),
        sources=(source,),
    )


def _sharing(layers: Sequence[ConvLayer]) -> list[list[int]]:
    """Return the layers that must have the same tile, because they read the same images."""
    groups: list[tuple[set[int], list[int]]] = []
    for index, layer in enumerate(layers):
        images, members = set(layer.sources), [index]
        for group in [group for group in groups if group[0] & images]:
            groups.remove(group)
            images, members = images | group[0], group[1] + members
        groups.append((images, members))
    return [sorted(members) for _, members in groups]


def _best_tile(layers: Sequence[ConvLayer], array: ArrayParams) -> Tile:
    """Of all that fit the rows the one with the fewest cycles; of equals the smallest, then the widest."""
    tiles = [(array.rows // width, width) for width in range(1, array.rows + 1)]
    sizes = [(min(h, max(_extent(layer, 0) for layer in layers)), w) for h, w in tiles]
    cost: Callable[[Tile], tuple[int, int, int]] = lambda tile: (  # noqa: E731
        sum(_cycles(replace(layer, tile=tile), array) for layer in layers),
        math.prod(tile),
        tile[0],
    )
    return min(sizes, key=cost)


def _extent(layer: ConvLayer, axis: int) -> int:
    """Return the positions of the image that one bank could hold: more rows than these are of no use."""
    return max(layer.size[axis], ceil_div(layer.shape[1 + axis], layer.stride[axis]))


def _cycles(layer: ConvLayer, array: ArrayParams) -> int:
    """Return the cycles of a layer without filling: each tile takes its steps, its draining, or its results'
    post-processing."""
    passes, (down, across) = layer.passes(array.cols), layer.tiles
    results = layer.tile[0] * layer.tile[1] * layer.pass_width(array.cols)
    return passes * down * across * max(layer.depth + array.gap, array.rows, results)
