"""Memory contents and layer descriptors of the conv engine. Plain Python, no Amaranth.

``weights``
    One word per array step; lane c belongs to column c. Layer by layer, pass by pass, in the order of use. Layers
    whose passes all have the same weights store those of one pass. Streamed weights come in the same order.
``channels``
    One word per output channel: bias, and above it the multiplier.
``layers``
    One word per layer: the descriptor, with the fields of :func:`descriptor_shapes`, the first in the lowest bits.
``tables``
    If layers have functions, for each of these the activations that its results index.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from tospike.hw.array.layout import channel_words, stored_weights, table_contents, table_memories, table_numbers
from tospike.hw.layout import MemoryShape, pack_lanes
from tospike.hw.params import ConvLayer, ConvOperation, ConvParams, address_bits, require
from tospike.hw.params.banks import bank_cycles
from tospike.hw.params.conv_storage import Storage, bank_depth, storages

SLOTS = 4
"""Tiles of the result buffer: one being read, and those that arrive while reading it takes longer than computing it."""

Vector = Sequence[int]
Taps = Sequence[Sequence[Sequence[Sequence[int]]]]
"""(output channels, input channels / groups, kernel height, kernel width)."""


def counter_names(params: ConvParams) -> tuple[str, ...]:
    """Return the counters of the engine: totals since ``clear``.

    ``frames``
        Frames whose END was sent.
    ``macs``
        Multiply-accumulates of the results, those with padding included; unused rows and columns of the array do not
        count.
    ``act_words``, ``weight_words``
        Words read from the activation memory (a value of each bank) and the weight memory (``cols`` values).
        Both equal the number of active array steps.
    ``results``
        Values that left the post-processor.
    ``array_cycles``
        For each layer, the cycles from the first operand entering the array to the last result leaving it, both
        included. The only counter that depends on timing.
    """
    return ("frames", "macs", "act_words", "weight_words", "results", "array_cycles")


def memories(params: ConvParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents, in the order of their configuration regions."""
    stored = () if params.streams_weights else (weight_memory(params),)
    return (
        *stored,
        channel_memory(params),
        MemoryShape(
            name="layers", width=sum(bits for bits, _ in descriptor_shapes(params).values()), depth=len(params.layers)
        ),
        *table_memories(params),
    )


def weight_memory(params: ConvParams) -> MemoryShape:
    """Return the shape of the memory ``weights``, which there is unless they are streamed."""
    return MemoryShape(
        name="weights",
        width=params.array.cols * params.array.weight_bits,
        depth=sum(layer.weight_words(params.array.cols) for layer in params.layers),
    )


def channel_memory(params: ConvParams) -> MemoryShape:
    """Return the shape of the memory ``channels``."""
    return MemoryShape(
        name="channels",
        width=params.array.acc_bits + params.requantize.multiplier_bits,
        depth=sum(layer.outputs for layer in params.layers),
    )


def tile_shapes(params: ConvParams) -> tuple[tuple[int, int], ...]:
    """Return the tile shapes of the layers; a descriptor holds an index into them."""
    return tuple(sorted({layer.tile for layer in params.layers}))


# ------------------------------------------------------------------------------------------------- descriptors


@lru_cache(maxsize=256)
def descriptor_shapes(params: ConvParams) -> Mapping[str, tuple[int, bool]]:
    """Return (bits, signed) of each field of a layer's descriptor, as narrow as its values in this network allow.

    The fields of :func:`placement` also have to hold the constants of the input frame.
    """
    described = [descriptor(params, index) for index in range(len(params.layers))]
    frame = {f"to_{name}": value for name, value in placement(storages(params)[0]).items()}
    shapes = {}
    for name in described[0]:
        values = [fields[name] for fields in (*described, frame) if name in fields]
        signed = min(values) < 0
        shapes[name] = (max((v if v >= 0 else -v - 1).bit_length() for v in values) + signed or 1, signed)
    shapes["shift"] = (params.requantize.max_shift.bit_length(), False)
    return shapes


def descriptor(params: ConvParams, index: int, shift: int = 0) -> dict[str, int]:
    """Return the fields of a layer's descriptor; ``..._last`` and loop counts are stored minus one.

    Loops of a tile's steps: ``channels``, ``taps_x``, ``taps_y``; loops of tiles: ``tiles_x``, ``tiles_y``, ``passes``.
    The read address of bank 0 starts at ``origin`` and advances by the increments ``step_...``, see
    :class:`tospike.hw.conv.read_addresses.ReadAddressGenerator`.
    """
    layer = params.layers[index]
    cols = params.array.cols
    source = storages(params)[1 + layer.sources[0]]
    rows, columns = layer.tiles
    passes, width = layer.passes(cols), layer.pass_width(cols)
    is_last = index == len(params.layers) - 1
    target = _token_order(params) if is_last else storages(params)[1 + index]
    low, high = layer.clamp or (params.array.acc.min, params.array.acc.max)
    down, across = _axis(layer, 0), _axis(layer, 1)
    return {
        "final": int(is_last),
        "tile": tile_shapes(params).index(layer.tile),
        "maximum": int(layer.operation is ConvOperation.MAXIMUM),
        "pad": layer.pad_value,
        "channels": layer.depth // (layer.kernel[0] * layer.kernel[1]) - 1,
        "taps_x": layer.kernel[1] - 1,
        "taps_y": layer.kernel[0] - 1,
        "tiles_x": columns - 1,
        "tiles_y": rows - 1,
        "passes": passes - 1,
        "idle": max(0, params.array.rows - layer.depth, params.array.gap),
        **_address_steps(params, layer, source, down, across),
        **{f"y_{name}": value for name, value in down.items()},
        **{f"x_{name}": value for name, value in across.items()},
        "weight_base": 0 if params.streams_weights else _weight_base(params, index),
        "weight_rewind": int(layer.shares_weights),
        "macs": 0 if layer.operation is ConvOperation.MAXIMUM else layer.depth,
        "channel_base": sum(before.outputs for before in params.layers[:index]),
        "width_last": width - 1,
        "width_rest": layer.outputs - (passes - 1) * width - 1,
        "tile_width_last": layer.tile[1] - 1,
        "tile_width_rest": layer.size[1] - (columns - 1) * layer.tile[1] - 1,
        "tile_height_last": layer.tile[0] - 1,
        "tile_height_rest": layer.size[0] - (rows - 1) * layer.tile[0] - 1,
        "low": low,
        "high": high,
        **{f"to_{name}": value for name, value in placement(target).items()},
        "shift": shift,
        **({"table": table_numbers(params.layers)[index]} if params.tables else {}),
    }


def _weight_base(params: ConvParams, index: int) -> int:
    return sum(before.weight_words(params.array.cols) for before in params.layers[:index])


def _axis(layer: ConvLayer, axis: int) -> dict[str, int]:
    """Return the fields of :class:`tospike.hw.conv.axis.TapAxis`. At tap 0 of the first tile, row 0 of the array is at
    position -padding of the image: ``offset`` strides and a remainder of ``phase``."""
    stride, tile = layer.stride[axis], layer.tile[axis]
    offset, phase = divmod(-layer.padding[axis], stride)
    last, full = divmod(layer.shape[1 + axis] - 1, stride)
    return {
        "phase": phase,
        "phase_last": stride - 1,
        "phase_full": full,
        "rotation": offset % tile,
        "rotation_last": tile - 1,
        "first": -offset,
        "last": last - offset,
    }


def _address_steps(
    params: ConvParams, layer: ConvLayer, source: Storage, down: Mapping[str, int], across: Mapping[str, int]
) -> dict[str, int]:
    """Return the increments of the read address of bank 0 from one step to the next. They do not depend on the
    position, because every row of taps, and every tile, covers the same distance."""
    channels, stride = source.shape[0], source.stride[1]
    row = stride * channels  # words from one phase of y to the next
    block, band = source.block, source.blocks[1] * source.block
    is_convolution = layer.operation is ConvOperation.CONVOLUTION
    tap = 1 if is_convolution else channels  # from the last channel of a tap to the first of the next
    second = storages(params)[1 + layer.sources[-1]]
    step_channel = 1 if is_convolution else second.base - source.base
    steps_x = (tap, tap - row, tap - row + block)
    steps_y = (row, row - source.stride[0] * row, row - source.stride[0] * row + band)
    channel_steps = layer.depth // (layer.kernel[0] * layer.kernel[1]) - 1
    # distances from the first to the last address of a row of taps, a tile, a band, a pass
    row_distance = layer.kernel[1] * channel_steps * step_channel + _distance(across, layer.kernel[1], steps_x)
    tile_distance = _distance(down, layer.kernel[0], steps_y) + row_distance
    band_distance = tile_distance + (layer.tiles[1] - 1) * block
    pass_distance = band_distance + (layer.tiles[0] - 1) * band
    start = (-down["first"] // layer.tile[0]) * band + (-across["first"] // layer.tile[1]) * block
    return {
        "origin": source.base + start + down["phase"] * row + across["phase"] * channels,
        "block": block,
        "band": band,
        "step_channel": step_channel,
        **{f"step_x{kind}": step for kind, step in enumerate(steps_x)},
        **{f"step_y{kind}": step - row_distance for kind, step in enumerate(steps_y)},
        "step_tile": block - tile_distance,
        "step_band": band - band_distance,
        "step_pass": int(not is_convolution) - pass_distance,
    }


def _distance(axis: Mapping[str, int], taps: int, steps: Sequence[int]) -> int:
    """Return the sum of the address steps between ``taps`` taps of an axis; ``steps`` has one per kind of
    `tospike.hw.conv.axis.STEP_KINDS`."""
    distance, phase, rotation = 0, axis["phase"], axis["rotation"]
    for _ in range(taps - 1):
        phase_ends, rotation_ends = phase == axis["phase_last"], rotation == axis["rotation_last"]
        distance += steps[2 if phase_ends and rotation_ends else int(phase_ends)]
        rotation = rotation if not phase_ends else 0 if rotation_ends else rotation + 1
        phase = 0 if phase_ends else phase + 1
    return distance


def placement(storage: Storage) -> dict[str, int]:
    """Return the fields with which `tospike.hw.conv.write_addresses.WriteAddressGenerator` fills ``storage``."""
    channels, (sy, sx), (ry, rx) = storage.shape[0], storage.stride, storage.tile
    row = sx * channels
    band = storage.blocks[1] * storage.block
    return {
        "base": storage.base,
        "y_step": row,
        "y_phase_step": row - sy * row,
        "y_lane_step": row - sy * row + band,
        "y_phase_last": sy - 1,
        "y_lane": rx,
        "y_lane_last": (ry - 1) * rx,
        "x_step": channels,
        "x_phase_step": channels - row,
        "x_lane_step": channels - row + storage.block,
        "x_phase_last": sx - 1,
        "x_lane_last": rx - 1,
    }


def _token_order(params: ConvParams) -> Storage:
    """Return a dummy storage for the last layer, whose results are sent instead of stored."""
    return Storage(shape=(1, 1, 1), stride=(1, 1), tile=(1, 1))


# ------------------------------------------------------------------------------------------------------ packing


def pack(
    params: ConvParams,
    weights: Sequence[Taps],
    biases: Sequence[Vector],
    multipliers: Sequence[Vector | None],
    shifts: Sequence[int],
    tables: Sequence[Vector | None] = (),
) -> dict[str, list[int]]:
    """Return the contents of the memories.

    Parameters
    ----------
    weights
        (output channels, input channels / groups, kernel height, kernel width) for each layer; (1, 2, 1, 1) for an
        addition; ones of shape (1, 1, kernel height, kernel width) for a sum, and for a maximum, whose largest value
        passes through the array.
    biases, multipliers
        (output channels,) each; no multipliers for a layer without clamp.
    tables
        The activations of each result from the clamp's lower end on; ``None`` for a layer without a function.

    Raises
    ------
    InputError
        A shape or a value does not fit the layer's parameters.
    """
    words: list[int] = []
    channels: list[int] = []
    for index, layer in enumerate(params.layers):
        words += _weight_words(params, index, layer, weights[index])
        channels += channel_words(params, index, layer, biases[index], multipliers[index])
    return {
        "weights": words,
        "channels": channels,
        **table_contents(params, params.layers, tables),
        "layers": [_pack_fields(params, descriptor(params, index, shift)) for index, shift in enumerate(shifts)],
    }


def initial(params: ConvParams) -> dict[str, list[int]]:
    """Return the memory contents of an engine without a network: descriptors, no weights."""
    return {"layers": [_pack_fields(params, descriptor(params, index)) for index in range(len(params.layers))]}


def _pack_fields(params: ConvParams, fields: Mapping[str, int]) -> int:
    word = position = 0
    for name, (bits, _) in descriptor_shapes(params).items():
        require(fields[name] < 1 << bits, f"{name} {fields[name]} of a layer does not fit {bits} bits")
        word |= (fields[name] & ((1 << bits) - 1)) << position
        position += bits
    return word


def _weight_words(params: ConvParams, index: int, layer: ConvLayer, weight: Taps) -> list[int]:
    array = params.array
    steps = layer.depth
    lanes = [
        [int(kernel[y][x]) for y in range(layer.kernel[0]) for x in range(layer.kernel[1]) for kernel in taps]
        for taps in weight
    ]
    expected = 1 if layer.shares_weights else layer.outputs
    require(
        len(lanes) == expected and all(len(lane) == steps for lane in lanes),
        f"weights of layer {index} must be {expected} times {steps}",
    )
    lanes = stored_weights(array, index, lanes)
    width = 1 if layer.shares_weights else layer.pass_width(array.cols)
    return [
        pack_lanes([lane[step] for lane in lanes[first : first + width]], array.weight_bits)
        for first in range(0, len(lanes), width)
        for step in range(steps)
    ]


def address_width(params: ConvParams) -> int:
    """Return the width of an address of the activation memory."""
    return address_bits(bank_depth(params))


def bank_latency(params: ConvParams) -> int:
    """Return the read latency of the activation memory: one selection of a bank at least, more where it is deep."""
    return 2 + max(1, bank_cycles(bank_depth(params)))
