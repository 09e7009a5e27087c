"""Memory contents common to the engines around an array. Plain Python, no Amaranth."""

from collections.abc import Sequence
from itertools import chain

from tospike.hw.layout import MemoryShape
from tospike.hw.params import TABLE_INDEX, ArrayParams, ConvLayer, ConvParams, DenseLayer, SystolicParams, require

Vector = Sequence[int]
Matrix = Sequence[Sequence[int]]


def stored_weights(array: ArrayParams, index: int, rows: Matrix) -> list[list[int]]:
    """Return the weights of layer ``index`` as the memory stores them.

    Raises
    ------
    InputError
        A weight is out of the array's range.
    """
    allowed = array.weight_values
    good = all(value in allowed for row in rows for value in row)
    require(good, f"weights of layer {index} must be {array.weight_range}")
    return [[int(value < 0) if array.weight_bits == 1 else value for value in row] for row in rows]


def channel_words(
    params: SystolicParams | ConvParams,
    index: int,
    layer: DenseLayer | ConvLayer,
    bias: Vector,
    multiplier: Vector | None,
) -> list[int]:
    """Return the words of the channel memory for a layer.

    Raises
    ------
    InputError
        Biases or multipliers are missing or out of range.
    """
    acc, factor = params.array.acc, params.requantize.multiplier
    require(
        (multiplier is None) == (layer.clamp is None),
        f"layer {index} needs multipliers and a clamp, or neither",
    )
    factors = [1] * layer.outputs if multiplier is None else [int(value) for value in multiplier]
    offsets = [int(value) for value in bias]
    require(
        len(offsets) == len(factors) == layer.outputs,
        f"layer {index} needs {layer.outputs} biases and multipliers, not {len(offsets)} and {len(factors)}",
    )
    require(all(acc.holds(b) for b in offsets), f"biases of layer {index} must be from {acc.min} to {acc.max}")
    require(all(factor.holds(f) for f in factors), f"multipliers of layer {index} must be from 0 to {factor.max}")
    return [channel_word(params, b, f) for b, f in zip(offsets, factors, strict=True)]


def table_memory(params: SystolicParams | ConvParams) -> MemoryShape:
    """Return the shape of the memory ``tables``, which there is if a layer has a function: a table for each of these,
    the activations of the indices 0, 1, ..., and then -128, -127, ..."""
    return MemoryShape(name="tables", width=params.array.act.bits, depth=params.tables << TABLE_INDEX.bits)


def table_memories(params: SystolicParams | ConvParams) -> tuple[MemoryShape, ...]:
    """Return the memory ``tables``, if there is one."""
    return (table_memory(params),) if params.tables else ()


def table_numbers(layers: Sequence[DenseLayer] | Sequence[ConvLayer]) -> list[int]:
    """Return the number of each layer's table, from 1 on; 0: it has none."""
    return [sum(earlier.tabled for earlier in layers[: index + 1]) * layer.tabled for index, layer in enumerate(layers)]


def table_contents(
    params: SystolicParams | ConvParams,
    layers: Sequence[DenseLayer | ConvLayer],
    tables: Sequence[Vector | None],
) -> dict[str, list[int]]:
    """Return the contents of `table_memories`, by name; each of ``tables`` holds the activation of each index of a
    layer, from its clamp's lower end on.

    Raises
    ------
    InputError
        A table is missing, too much, of another length, or holds what is no activation.
    """
    given = tables or [None] * len(layers)
    words = [_table_words(params, index, *each) for index, each in enumerate(zip(layers, given, strict=True))]
    lacking = next((index for index, found in enumerate(words) if found and not params.tables), None)
    require(lacking is None, f"layer {lacking} needs a table of activations, which this engine does not have")
    return {shape.name: list(chain.from_iterable(words)) for shape in table_memories(params)}


def _table_words(
    params: SystolicParams | ConvParams, index: int, layer: DenseLayer | ConvLayer, table: Vector | None
) -> list[int]:
    require((table is None) != layer.tabled, f"layer {index} needs a table if it is tabled, and else none")
    if table is None:
        return []
    assert layer.clamp is not None
    low, high = layer.clamp
    act = params.array.act
    values = [int(value) for value in table]
    require(len(values) == high - low + 1, f"the table of layer {index} needs {high - low + 1} values")
    require(all(map(act.holds, values)), f"the table of layer {index} must hold values from {act.min} to {act.max}")
    words = [0] * (1 << TABLE_INDEX.bits)
    for level, value in enumerate(values, low):
        words[level % len(words)] = value & ((1 << act.bits) - 1)
    return words


def channel_word(params: SystolicParams | ConvParams, bias: int, multiplier: int) -> int:
    """Return a word of the channel memory: the bias, and above it the multiplier."""
    return (bias & ((1 << params.array.acc_bits) - 1)) | (multiplier << params.array.acc_bits)
