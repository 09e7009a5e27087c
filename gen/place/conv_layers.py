"""Map the stages of a convolutional network to the layers of the conv engine, and choose their tiles."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from tospike.gen.place.array import has_table
from tospike.hw.params import (
    ArrayParams,
    ConvLayer,
    ConvOperation,
    ConvParams,
    InputError,
    RequantizeParams,
    ceil_div,
)
from tospike.sim.network import Add, Conv2d, Dense, MaxPool2d, Network, Requantize, Shape, Stage, SumPool2d

Tile = tuple[int, int]


def conv_params(network: Network, array: ArrayParams, requantize: RequantizeParams) -> ConvParams:
    """Return the parameters of a conv engine that runs ``network`` on ``array``.

    Each tile minimises the cycles; all layers that read an image have the same stride and tile.

    Raises
    ------
    InputError
        The engine cannot run a stage, or layers that read one image have different strides.
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
        row = (1, min(array.rows, layers[-1].size[1]))
        (group,) = (group for group in _sharing(layers) if len(layers) - 1 in group)
        for index in group:
            layers[index] = replace(layers[index], tile=row)
    return ConvParams(array=array, layers=tuple(layers), requantize=requantize)


def _layer(network: Network, index: int, array: ArrayParams) -> ConvLayer:
    stage = network.stages[index]
    synapses, sources = stage.synapses, network.sources(index)
    clamp, tabled = stage.neuron.clamp if isinstance(stage.neuron, Requantize) else None, has_table(stage)
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
                tabled=tabled,
            )
        case Add():
            return ConvLayer(
                operation=ConvOperation.ADDITION,
                shape=shape,
                outputs=shape[0],
                size=shape[1:],
                clamp=clamp,
                sources=sources,
                tabled=tabled,
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
                tabled=tabled,
            )
    raise InputError(f"stage {stage.name!r} is {type(synapses).__name__}, which the conv engine cannot run")


def _operation(synapses: Conv2d | SumPool2d | MaxPool2d) -> ConvOperation:
    if isinstance(synapses, Conv2d):
        return ConvOperation.CONVOLUTION if synapses.groups == 1 else ConvOperation.DEPTHWISE
    return ConvOperation.SUM if isinstance(synapses, SumPool2d) else ConvOperation.MAXIMUM


def _shape_of(network: Network, source: int, stage: Stage) -> tuple[int, int, int]:
    """Return (channels, height, width) of a stage's input; a vector has one position."""
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
    """Return a layer that only puts values in order, channel by channel."""
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
    """Return the groups of layers that must have the same tile because they read the same images."""
    groups: list[tuple[set[int], list[int]]] = []
    for index, layer in enumerate(layers):
        images, members = set(layer.sources), [index]
        for group in [group for group in groups if group[0] & images]:
            groups.remove(group)
            images, members = images | group[0], group[1] + members
        groups.append((images, members))
    return [sorted(members) for _, members in groups]


def _best_tile(layers: Sequence[ConvLayer], array: ArrayParams) -> Tile:
    """Return the tile with the fewest cycles among those that fit the rows; on ties the smallest, then the widest."""
    tiles = [(array.rows // width, width) for width in range(1, array.rows + 1)]
    sizes = [(min(h, max(_extent(layer, 0) for layer in layers)), w) for h, w in tiles]
    cost: Callable[[Tile], tuple[int, int, int]] = lambda tile: (  # noqa: E731
        sum(_cycles(layer, tile, array) for layer in layers),
        math.prod(tile),
        tile[0],
    )
    return min(sizes, key=cost)


def _extent(layer: ConvLayer, axis: int) -> int:
    """Return the positions along an axis that a tile could use: a larger tile gains nothing."""
    return max(layer.size[axis], ceil_div(layer.shape[1 + axis], layer.stride[axis]))


def _cycles(layer: ConvLayer, tile: Tile, array: ArrayParams) -> int:
    """Return the cycles of a layer, not counting the pipeline fill: each tile takes the longest of its steps, its
    drain, and the post-processing of its results."""
    tiles = ceil_div(layer.size[0], tile[0]) * ceil_div(layer.size[1], tile[1])
    results = tile[0] * tile[1] * layer.pass_width(array.cols)
    return layer.passes(array.cols) * tiles * max(layer.depth + array.gap, array.rows, results)
