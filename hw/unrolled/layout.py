"""Latencies, counters and contents of the unrolled engine. Plain Python, no Amaranth.

The contents are no memories, but become logic. For each layer ``n``: ``weights_n``, row after row; ``biases_n``, one
per output; ``multipliers_n``, one per output, if results are requantised. All are plain integers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tospike.hw.layout import MemoryShape
from tospike.hw.params import (
    IntFormat,
    RequantizeParams,
    UnrolledLayer,
    UnrolledParams,
    ceil_div,
    has_multiples,
    require,
)
from tospike.hw.unrolled.sharing import Term
from tospike.hw.unrolled.sums import Graph, Sum, count_terms, layer_graph, tree_depth

Vector = Sequence[int]
Matrix = Sequence[Sequence[int]]

DSP_BITS = 18
"""Bits of a signed operand of a DSP block."""
SCALE_LATENCY = 3
"""Registers of a multiplier of results."""
CLAMP_LATENCY = 1
"""Of shift, rounding and clamp."""
QUEUE_LATENCY = 2
"""Of `tospike.hw.streams.Queue`."""
CREDIT_LATENCY = 2
"""Cycles from the departure of a beat until another frame may use its place."""


def counter_names(params: UnrolledParams) -> tuple[str, ...]:
    """Return the counters of the engine: totals since ``clear``.

    ``frames``
        Frames that entered the pipeline.
    """
    return ("frames",)


def memories(params: UnrolledParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents: none, because weights are logic."""
    return ()


def sum_latency(params: UnrolledParams, layer: UnrolledLayer) -> int:
    """Return the registers from the inputs of a layer to its sums."""
    return layer.has_multiples + ceil_div(tree_depth(layer.terms), params.adder_levels)


def result_latency(layer: UnrolledLayer) -> int:
    """Return the registers from the sums of a layer to its results."""
    return 0 if layer.clamp is None else layer.scaled * SCALE_LATENCY + CLAMP_LATENCY


def latency(params: UnrolledParams) -> int:
    """Return the cycles from a frame's entry to its results at the queue."""
    return sum(sum_latency(params, layer) + result_latency(layer) for layer in params.layers)


def credits(params: UnrolledParams) -> int:
    """Return the frames that the queue has places for: enough for a frame per cycle."""
    return latency(params) + QUEUE_LATENCY + CREDIT_LATENCY


def is_power_of_two(multiplier: int) -> bool:
    """Return whether a result with this multiplier is shifted only, or always 0."""
    return multiplier & (multiplier - 1) == 0


@dataclass(frozen=True, kw_only=True)
class SumShape:
    """The parameters of a layer that its weights and biases determine."""

    terms: int
    adders: int


def uses_dsp(layer: UnrolledLayer, number: int, multiplier: int) -> bool:
    """Return whether a DSP block multiplies result ``number``: there is one for it, and both operands fit."""
    fits = layer.acc_bits <= DSP_BITS and multiplier.bit_length() < DSP_BITS
    return number < layer.dsps and fits and not is_power_of_two(multiplier)


def shape_of_sums(
    weights: Matrix, biases: Vector, act: IntFormat, requantize: RequantizeParams, *, weight_bits: int
) -> SumShape:
    """Return the longest sum of a layer, and its adders."""
    terms = max(count_terms(row, bias) for row, bias in zip(weights, biases, strict=True))
    graph, _ = layer_graph(
        weights,
        biases,
        act,
        fraction_bits=requantize.fraction_bits,
        terms=terms,
        has_multiples=has_multiples(weight_bits),
        adder_levels=1,
    )
    return SumShape(terms=terms, adders=count_adders(graph))


def count_adders(graph: Graph) -> int:
    """Return the adders of a layer."""
    return sum(isinstance(node, Sum) for node in graph.nodes)


def pack(
    params: UnrolledParams, *, weights: Sequence[Matrix], biases: Sequence[Vector], multipliers: Sequence[Vector | None]
) -> dict[str, list[int]]:
    """Return the contents.

    Parameters
    ----------
    weights, biases, multipliers
        For each layer: ``outputs`` rows of ``inputs``, and one per output; no multipliers without a clamp.

    Raises
    ------
    InputError
        A number is missing or out of range, or a layer needs other adders than its parameters say.
    """
    contents: dict[str, list[int]] = {}
    for index, (layer, rows, bias, factors) in enumerate(zip(params.layers, weights, biases, multipliers, strict=True)):
        _check(params, layer, rows, bias, factors)
        contents |= {
            f"weights_{index}": [weight for row in rows for weight in row],
            f"biases_{index}": list(bias),
            f"multipliers_{index}": [] if factors is None else list(factors),
        }
    return contents


def _check(
    params: UnrolledParams, layer: UnrolledLayer, weights: Matrix, biases: Vector, multipliers: Vector | None
) -> None:
    require(
        len(weights) == layer.outputs and all(len(row) == layer.inputs for row in weights),
        f"the layer needs {layer.outputs} x {layer.inputs} weights",
    )
    require((multipliers is None) == (layer.clamp is None), "the layer needs multipliers and a clamp, or neither")
    factors = [0] * layer.outputs if multipliers is None else multipliers
    require(
        len(biases) == len(factors) == layer.outputs,
        f"the layer needs {layer.outputs} biases and multipliers, not {len(biases)} and {len(factors)}",
    )
    good = all(layer.weight.holds(weight) for row in weights for weight in row)
    require(good, f"weights must be from {layer.weight.min} to {layer.weight.max}")
    most = params.requantize.multiplier.max
    require(all(0 <= factor <= most for factor in factors), f"multipliers must be from 0 to {most}")
    shape = shape_of_sums(weights, biases, params.act, params.requantize, weight_bits=layer.weight_bits)
    require(
        shape.terms <= layer.terms,
        f"the longest sum has {shape.terms} terms, but the layer's adder trees are for {layer.terms}",
    )
    require(shape.adders <= layer.adders, f"the sums take {shape.adders} adders, but the layer has {layer.adders}")
    require(
        layer.scaled or all(map(is_power_of_two, factors)),
        "the layer has no multipliers, but a multiplier is no power of two",
    )


def graphs(params: UnrolledParams, contents: Mapping[str, Sequence[int]]) -> list[tuple[Graph, list[Term]]]:
    """Return the adders of each layer, and its sums; without contents, everything is 0."""
    made = []
    for index, layer in enumerate(params.layers):
        flat = contents.get(f"weights_{index}") or [0] * (layer.inputs * layer.outputs)
        rows = [flat[first : first + layer.inputs] for first in range(0, len(flat), layer.inputs)]
        made.append(
            layer_graph(
                rows,
                contents.get(f"biases_{index}") or [0] * layer.outputs,
                params.act,
                fraction_bits=params.requantize.fraction_bits,
                terms=layer.terms,
                has_multiples=layer.has_multiples,
                adder_levels=params.adder_levels,
            )
        )
    return made


def factors(params: UnrolledParams, contents: Mapping[str, Sequence[int]], index: int) -> Sequence[int]:
    """Return the multipliers of a layer's results; without contents, they are 0."""
    return contents.get(f"multipliers_{index}") or [0] * params.layers[index].outputs
