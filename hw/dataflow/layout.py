"""Latencies, counters and memory contents of the dataflow engine. Plain Python, no Amaranth.

``weights``
    One word per cycle of a frame: for group after group of ``pe`` neurons, word after word of ``simd`` inputs. Lane
    ``p * simd + s`` belongs to neuron ``p`` of the group and input ``s`` of the word; 0 beyond the edges of the matrix.
``channels``
    One word per output beat, groups padded: ``output_lanes`` times a bias and above it, if results are requantised,
    a multiplier.
"""

from collections.abc import Sequence

from tospike.hw.layout import MemoryShape, pack_lanes
from tospike.hw.params import DataflowDenseParams, ceil_div, require

Vector = Sequence[int]
Matrix = Sequence[Sequence[int]]

OPERAND_LATENCY = 3
"""Cycles from an address to the word of a memory, `tospike.hw.memory.banked_latency` up to `MAX_FOLD` words."""
SELECT_LATENCY = 1
"""Cycles from the words of a line buffer to those of the window: rows in order, padding inserted."""
PRODUCT_LATENCY = 3
"""Registers of a multiplier: operands, product or partial products, their sum or the way out of the DSP block."""
FAN_IN = 4
"""Terms added between two registers of an adder tree."""
REQUANTIZE_LATENCY = 9
"""Of `tospike.hw.requantize.Requantizer`."""
QUEUE_LATENCY = 2
"""Of `tospike.hw.streams.Queue`."""
CREDIT_LATENCY = 2
"""Cycles from the departure of a group's last beat until another group may use its place."""


def counter_names(params: DataflowDenseParams) -> tuple[str, ...]:
    """Return the counters of the engine: totals since ``clear``.

    ``frames``
        Frames that were computed; of a convolution, windows.
    ``words``
        Cycles in which the array computes: words read from the weight memory, and words of inputs.
    ``beats``
        Beats of results.
    """
    return ("frames", "words", "beats")


# ----------------------------------------------------------------------------------------------------- pipeline


def product_latency(params: DataflowDenseParams) -> int:
    """Return the registers of a product: a table has one behind it."""
    return 1 if params.has_tables else PRODUCT_LATENCY


def tree_latency(terms: int) -> int:
    """Return the registers of an adder tree."""
    return 0 if terms == 1 else 1 + tree_latency(ceil_div(terms, FAN_IN))


def operand_latency(params: DataflowDenseParams) -> int:
    """Return the cycles from the issue of a word to its values and weights; the weights of a single word are wires."""
    if params.window is not None:
        return OPERAND_LATENCY + SELECT_LATENCY
    return OPERAND_LATENCY if params.fold > 1 else 0


def sum_latency(params: DataflowDenseParams) -> int:
    """Return the cycles from an operand at the multipliers to the sum of its group in a register."""
    return product_latency(params) + tree_latency(params.simd) + (params.words > 1)


def result_latency(params: DataflowDenseParams) -> int:
    """Return the cycles from a group's sums to its first result at the queue."""
    return (params.group_beats > 1) + (1 if params.clamp is None else REQUANTIZE_LATENCY)


def credits(params: DataflowDenseParams) -> int:
    """Return the groups that the queue has places for: enough for one after the other without a gap."""
    return places(params, operand_latency(params) + sum_latency(params))


def places(params: DataflowDenseParams, delay: int) -> int:
    """Return the same for groups whose sums follow ``delay`` cycles after the issue of their last word."""
    first = delay + result_latency(params) + QUEUE_LATENCY
    return ceil_div(first + params.group_beats - 1 + CREDIT_LATENCY, params.words)


# ----------------------------------------------------------------------------------------------------- memories


def memories(params: DataflowDenseParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents."""
    return (
        MemoryShape(name="weights", width=params.products * params.weight_bits, depth=params.fold),
        MemoryShape(
            name="channels",
            width=params.output_lanes * channel_bits(params),
            depth=params.groups * params.group_beats,
        ),
    )


def channel_bits(params: DataflowDenseParams) -> int:
    """Return the bits of a bias with its multiplier."""
    return params.acc_bits + (0 if params.clamp is None else params.requantize.multiplier_bits)


def pack(
    params: DataflowDenseParams, *, weights: Matrix, biases: Vector, multipliers: Vector | None
) -> dict[str, list[int]]:
    """Return the words of the memories.

    Parameters
    ----------
    weights
        ``outputs`` rows of ``inputs`` weights.
    biases
        One per output.
    multipliers
        One per output, or ``None`` without a clamp.

    Raises
    ------
    InputError
        A number is missing or out of range.
    """
    require(
        len(weights) == params.outputs and all(len(row) == params.inputs for row in weights),
        f"the layer needs {params.outputs} x {params.inputs} weights",
    )
    good = all(params.weight.holds(value) for row in weights for value in row)
    require(good, f"weights must be from {params.weight.min} to {params.weight.max}")
    return {"weights": _weight_words(params, weights), "channels": channel_words(params, biases, multipliers)}


def _weight_words(params: DataflowDenseParams, weights: Matrix) -> list[int]:
    beyond = [0] * (params.words * params.simd - params.inputs)
    rows = [[*row, *beyond] for row in weights]
    rows += [[0] * (params.words * params.simd)] * (params.groups * params.pe - params.outputs)
    return [
        pack_lanes(
            [weight for row in group for weight in row[first : first + params.simd]],
            params.weight_bits,
        )
        for group in (rows[number : number + params.pe] for number in range(0, len(rows), params.pe))
        for first in range(0, params.words * params.simd, params.simd)
    ]


def channel_words(params: DataflowDenseParams, biases: Vector, multipliers: Vector | None) -> list[int]:
    """Return the words of the memory ``channels``; parameters and errors as of `pack`."""
    factor = params.requantize.multiplier
    require((multipliers is None) == (params.clamp is None), "the layer needs multipliers and a clamp, or neither")
    factors = [0] * params.outputs if multipliers is None else [int(value) for value in multipliers]
    require(
        len(biases) == len(factors) == params.outputs,
        f"the layer needs {params.outputs} biases and multipliers, not {len(biases)} and {len(factors)}",
    )
    require(
        all(params.acc.holds(int(bias)) for bias in biases),
        f"biases must be from {params.acc.min} to {params.acc.max}",
    )
    require(all(factor.holds(value) for value in factors), f"multipliers must be from 0 to {factor.max}")
    mask = (1 << params.acc_bits) - 1
    words = [(int(bias) & mask) | value << params.acc_bits for bias, value in zip(biases, factors, strict=True)]
    words += [0] * (params.groups * params.pe - params.outputs)
    lanes = params.output_lanes
    return [pack_lanes(words[first : first + lanes], channel_bits(params)) for first in range(0, len(words), lanes)]
