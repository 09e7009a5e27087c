"""Tiling and memory contents of the systolic engine. Plain Python, no Amaranth.

``weights``
    One word per array step (OS) or per array row (WS); lane c belongs to column c. Tiles in the order of use,
    zero-padded at the edges of the matrix. A weight of 1 bit is stored as its sign: 0 is +1, 1 is -1.
``channels``
    One word per output channel: bias, and above it the multiplier.
``layers``
    One word per layer: the descriptor, with the fields of :func:`descriptor_bits`, the first in the lowest bits.
``tables``
    If layers have functions, for each of these the activations that its results index.
"""

from collections.abc import Mapping, Sequence

from tospike.hw.array.layout import (
    channel_word,
    channel_words,
    stored_weights,
    table_contents,
    table_memories,
    table_numbers,
)
from tospike.hw.layout import MemoryShape, pack_lanes
from tospike.hw.params import (
    Dataflow,
    DenseLayer,
    SystolicParams,
    address_bits,
    ceil_div,
    require,
)

Vector = Sequence[int]
Matrix = Sequence[Sequence[int]]

ACCUMULATE_SPACING = 4
"""Weight-stationary: cycles from reading a partial sum until it is written back."""


def counter_names(params: SystolicParams) -> tuple[str, ...]:
    """Return the counters of the engine: totals since ``clear``.

    ``frames``
        Frames whose END was sent.
    ``macs``
        Multiply-accumulates of the layers; parts of the array beyond the edges of the matrix do not count.
    ``act_words``, ``weight_words``
        Words read from the activation buffer (``rows`` values each) and the weight memory (``cols`` values each).
        ``act_words`` is also the number of active array steps.
    ``results``
        Values that left the post-processor.
    ``array_cycles``
        For each layer, the cycles from the first operand (a weight or an activation) entering the array to the last
        result leaving it, both included. The only counter that depends on timing: an array stalls while its results,
        or those of the previous frame, cannot be sent.
    """
    return ("frames", "macs", "act_words", "weight_words", "results", "array_cycles")


# ----------------------------------------------------------------------------------------------------- tiling


def row_tiles(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the tiles along the rows of the result: an output-stationary array computes ``rows`` of them at a time."""
    return ceil_div(layer.rows, params.array.rows) if params.array.dataflow is Dataflow.OS else 1


def col_tiles(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the tiles along the columns of the result."""
    return ceil_div(layer.outputs, params.array.cols)


def depth_tiles(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the tiles along the inputs: a weight-stationary array holds ``rows`` of them at a time."""
    return 1 if params.array.dataflow is Dataflow.OS else ceil_div(layer.inputs, params.array.rows)


def tile_steps(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the array steps with operands in one tile."""
    return layer.inputs if params.array.dataflow is Dataflow.OS else layer.rows


def tile_spacing(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the cycles from one tile to the next.

    OS: a tile drains in ``rows`` cycles, and some primitives need a gap. WS: a tile's weights load in ``rows`` cycles,
    and a partial sum must be written back before it is read again.
    """
    least = ACCUMULATE_SPACING if params.array.dataflow is Dataflow.WS else 1
    return max(tile_steps(params, layer) + params.array.gap, params.array.rows, least)


def act_words(params: SystolicParams, layer: DenseLayer) -> int:
    """Return the words of the layer's input in the activation buffer, ``rows`` values each."""
    if params.array.dataflow is Dataflow.OS:
        return row_tiles(params, layer) * layer.inputs
    return layer.rows * depth_tiles(params, layer)


# --------------------------------------------------------------------------------------------------- capacities


def buffer_depth(params: SystolicParams) -> int:
    """Return the words of one half of the activation buffer."""
    return max(act_words(params, layer) for layer in params.layers)


def result_depth(params: SystolicParams) -> int:
    """Return the rows of one slot of the result buffer."""
    if params.array.dataflow is Dataflow.OS:
        return params.array.rows
    return max(layer.rows for layer in params.layers)


def needs_reorder(params: SystolicParams) -> bool:
    """Return whether results of the last layer may complete in an order other than that of their addresses."""
    layers = params.layers if params.writable else params.layers[-1:]
    return max(layer.rows for layer in layers) > 1 and max(layer.outputs for layer in layers) > params.array.cols


def memories(params: SystolicParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents, in the order of their configuration regions."""
    stored = () if params.streams_weights else (weight_memory(params),)
    return (
        *stored,
        channel_memory(params),
        MemoryShape(name="layers", width=sum(descriptor_bits(params).values()), depth=len(params.layers)),
        *table_memories(params),
    )


def weight_memory(params: SystolicParams) -> MemoryShape:
    """Return the shape of the memory ``weights``, which there is unless they are streamed."""
    return MemoryShape(name="weights", width=params.weight_width, depth=params.weight_words)


def channel_memory(params: SystolicParams) -> MemoryShape:
    """Return the shape of the memory ``channels``."""
    return MemoryShape(
        name="channels",
        width=params.array.acc_bits + params.requantize.multiplier_bits,
        depth=sum(layer.outputs for layer in params.layers),
    )


def descriptor_bits(params: SystolicParams) -> dict[str, int]:
    """Return the width of each field of a layer's descriptor. Counts are stored minus one."""
    rows = address_bits(max(layer.rows for layer in params.layers))
    inputs = address_bits(max(layer.inputs for layer in params.layers))
    outputs = address_bits(max(layer.outputs for layer in params.layers))
    return {
        "inputs": inputs,
        "frame": address_bits(params.input.addresses),
        "outputs": outputs,
        "rows_last": rows,
        "row_tiles": rows,
        "cols_last": outputs,
        "col_tiles": outputs,
        "depth_tiles": inputs,
        "spacing": address_bits(max(tile_spacing(params, layer) for layer in params.layers)),
        "stored_words": outputs,
        "weight_base": address_bits(params.weight_words),
        "channel_base": address_bits(sum(layer.outputs for layer in params.layers)),
        "shift": params.requantize.max_shift.bit_length(),
        "low": params.array.acc_bits,
        "high": params.array.acc_bits,
        "final": 1,
        **({"table": params.tables.bit_length()} if params.tables else {}),
    }


# ------------------------------------------------------------------------------------------------------ packing


def pack(
    params: SystolicParams,
    weights: Sequence[Matrix],
    biases: Sequence[Vector],
    multipliers: Sequence[Vector | None],
    shifts: Sequence[int | None],
    tables: Sequence[Vector | None] = (),
    *,
    layers: Sequence[DenseLayer] | None = None,
) -> dict[str, list[int]]:
    """Return the contents of the memories.

    Parameters
    ----------
    weights, biases
        Per layer: (outputs, inputs) and (outputs,) integers.
    multipliers, shifts
        Per layer: (outputs,) integers and an integer. ``None`` for a layer without clamp, which sends its
        accumulators.
    tables
        Per layer, the activations of each result from the clamp's lower end on; ``None`` for a layer without a
        function.
    layers
        Layers other than those of ``params``, for a writable engine that was built for ``params``.

    Returns
    -------
    dict
        Words by memory name. Streamed weights are those of a frame, in the order of use.

    Raises
    ------
    InputError
        Shapes do not fit, a number is out of range, or ``layers`` exceed the engine's memories.
    """
    chosen = tuple(params.layers if layers is None else layers)
    tables = tables or [None] * len(chosen)
    of_layers = {"weights": weights, "biases": biases, "multipliers": multipliers, "shifts": shifts, "tables": tables}
    for what, given in of_layers.items():
        require(len(given) == len(chosen), f"{what} of {len(given)} layers given, but there are {len(chosen)} layers")
    contents: dict[str, list[int]] = {
        "weights": [],
        "channels": [],
        "layers": _descriptors(params, chosen, shifts),
        **table_contents(params, chosen, tables),
    }
    for index, layer in enumerate(chosen):
        words = _weight_words(params, index, layer, weights[index])
        # streamed weights are sent again for every row of tiles
        contents["weights"] += words * (row_tiles(params, layer) if params.streams_weights else 1)
        contents["channels"] += channel_words(params, index, layer, biases[index], multipliers[index])
    for shape in memories(params):
        used = len(contents[shape.name])
        require(used <= shape.depth, f"memory {shape.name} has {shape.depth} words, but the layers need {used}")
    depth = max(act_words(params, layer) for layer in chosen)
    capacity = buffer_depth(params)
    require(depth <= capacity, f"the activation buffer has {capacity} words, but the layers need {depth}")
    return contents


def initial(params: SystolicParams) -> dict[str, list[int]]:
    """Return the memory contents of an engine without a network: the layers of ``params``, unscaled, weights zero."""
    channels = sum(layer.outputs for layer in params.layers)
    return {
        "weights": [],
        "channels": [channel_word(params, 0, 1)] * channels,
        "layers": _descriptors(params, params.layers, [0] * len(params.layers)),
    }


def _descriptors(params: SystolicParams, layers: Sequence[DenseLayer], shifts: Sequence[int | None]) -> list[int]:
    """Return the words of the memory ``layers``."""
    words = []
    weight_base = channel_base = 0
    numbers = table_numbers(layers)
    for index, (layer, shift) in enumerate(zip(layers, shifts, strict=True)):
        base = {"weight_base": weight_base, "channel_base": channel_base, "table": numbers[index]}
        final = index == len(layers) - 1
        words.append(_descriptor(params, index, layer, base, shift or 0, final))
        weight_base += params.layer_words(layer)
        channel_base += layer.outputs
    return words


def _descriptor(
    params: SystolicParams, index: int, layer: DenseLayer, base: Mapping[str, int], shift: int, final: bool
) -> int:
    array = params.array
    is_output_stationary = array.dataflow is Dataflow.OS
    low, high = layer.clamp or (array.acc.min, array.acc.max)
    good = 0 <= shift <= params.requantize.max_shift
    require(good, f"shift of layer {index} must be from 0 to {params.requantize.max_shift}, not {shift}")
    fields = {
        "inputs": layer.inputs - 1,
        "frame": layer.rows * layer.inputs - 1 if index == 0 else 0,
        "outputs": layer.outputs - 1,
        "rows_last": (layer.rows - 1) % array.rows if is_output_stationary else layer.rows - 1,
        "row_tiles": row_tiles(params, layer) - 1,
        "cols_last": (layer.outputs - 1) % array.cols,
        "col_tiles": col_tiles(params, layer) - 1,
        "depth_tiles": depth_tiles(params, layer) - 1,
        "spacing": tile_spacing(params, layer) - 1,
        "stored_words": ceil_div(layer.outputs, array.rows) - 1,
        "weight_base": base["weight_base"],
        "channel_base": base["channel_base"],
        "shift": shift,
        "low": low & ((1 << array.acc_bits) - 1),
        "high": high & ((1 << array.acc_bits) - 1),
        "final": int(final),
        "table": base["table"],
    }
    word, position = 0, 0
    for name, bits in descriptor_bits(params).items():
        value = fields[name]
        require(
            value < 1 << bits,
            f"layer {index} is too large for this engine: {name.replace('_', ' ')} would be {value}, "
            f"but {(1 << bits) - 1} is the largest",
        )
        word |= value << position
        position += bits
    return word


def _weight_words(params: SystolicParams, index: int, layer: DenseLayer, weight: Matrix) -> list[int]:
    array = params.array
    require(
        len(weight) == layer.outputs and all(len(row) == layer.inputs for row in weight),
        f"weights of layer {index} must have shape ({layer.outputs}, {layer.inputs})",
    )
    rows = stored_weights(array, index, [[int(value) for value in row] for row in weight])
    padding = [0] * layer.inputs
    words = []
    for tile in range(col_tiles(params, layer)):
        lanes = rows[tile * array.cols : (tile + 1) * array.cols]
        lanes += [padding] * (array.cols - len(lanes))
        for column in _weight_order(params, layer):
            values = [lane[column] if column < layer.inputs else 0 for lane in lanes]
            words.append(pack_lanes(values, array.weight_bits))
    return words


def _weight_order(params: SystolicParams, layer: DenseLayer) -> list[int]:
    """Return the input that each word of one column of tiles belongs to."""
    if params.array.dataflow is Dataflow.OS:
        return list(range(layer.inputs))
    rows = params.array.rows
    # the word loaded first travels furthest down
    return [tile * rows + row for tile in range(depth_tiles(params, layer)) for row in reversed(range(rows))]
