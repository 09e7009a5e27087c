"""Golden model of the systolic engine: results, counters and operation counts."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tospike.hw.params import ConvParams, Dataflow, IntFormat, RequantizeParams, SystolicParams, ceil_div, require
from tospike.sim.arithmetic import Ints, exact_product, round_shift
from tospike.sim.engine import EngineRun
from tospike.sim.network import Accumulator, Array, Dense, MaxPool2d, Requantize, Stage
from tospike.sim.network.layers import sum_weights
from tospike.sim.systolic.timing import array_cycles

FRAMES = 256
"""Frames that go through all layers at a time: what they become stays in a processor's cache."""


def run(params: SystolicParams, stages: Sequence[Stage], x: Ints) -> EngineRun:
    """Run N frames through the layers.

    The engine sends the last layer's (N, 1, rows * outputs) results, row-major: requantised values, or accumulators.
    The counter ``array_cycles`` is that of lone frames and a consumer that is always ready.

    Parameters
    ----------
    stages
        One dense stage per layer, with a :class:`Requantize` neuron, or :class:`Accumulator` if the layer has no clamp.
    x
        (N, rows * inputs) integers of the first layer, row-major.

    Raises
    ------
    InputError
        The stages do not match the layers, a value is out of range, or a sum could overflow the accumulator.
    """
    first = params.layers[0]
    require(len(stages) == len(params.layers), f"{len(stages)} stages given for {len(params.layers)} layers")
    require(
        x.ndim == 2 and x.shape[1] == first.rows * first.inputs,
        f"frames must have shape (N, {first.rows * first.inputs}), not {x.shape}",
    )
    act = params.array.act
    for stage, layer in zip(stages, params.layers, strict=True):
        synapses = stage.dense
        require(
            (synapses.inputs, synapses.outputs) == (layer.inputs, layer.outputs),
            f"stage {stage.name!r} has {synapses.inputs} inputs and {synapses.outputs} outputs, but its layer "
            f"{layer.inputs} and {layer.outputs}",
        )
        check_range(params, stage)
    layers = [_layer(params, stage) for stage in stages]
    values = np.empty((len(x), params.layers[-1].rows * params.layers[-1].outputs), dtype=np.int64)
    for start in range(0, len(x), FRAMES):
        block = x[start : start + FRAMES]
        require(
            act.min <= int(block.min()) and int(block.max()) <= act.max,
            f"values of a frame must be from {act.min} to {act.max}",
        )
        frames_here = len(block)
        for layer, apply in zip(params.layers, layers, strict=True):
            block = apply(block.reshape(-1, layer.inputs)).reshape(frames_here, -1)
        values[start : start + FRAMES] = block
    return count(params, values[:, None])


def count(params: SystolicParams, sent: Ints) -> EngineRun:
    """Return the run of an engine that sends (N, 1, results), with its counts."""
    frames = np.ones(len(sent), dtype=np.int64)
    return EngineRun(
        sent=sent,
        counters={name: number * frames for name, number in frame_counters(params).items()},
        operations={name: number * frames for name, number in frame_operations(params).items()},
    )


def check_range(params: SystolicParams | ConvParams, stage: Stage) -> None:
    """Check the weights and sums of a stage against an array: see `check_sums`."""
    array = params.array
    check_sums(
        stage,
        act=array.act,
        acc=array.acc,
        weights=array.weight_values,
        weight_range=array.weight_range,
        fraction_bits=params.requantize.fraction_bits,
    )


def check_sums(
    stage: Stage, *, act: IntFormat, acc: IntFormat, weights: Sequence[int], weight_range: str, fraction_bits: int
) -> None:
    """Check that the weights of a stage are in range, and that no input can overflow its accumulator.

    Parameters
    ----------
    act, acc
        The formats of inputs and accumulators.
    weights, weight_range
        The values that a weight may have, and the same in words.
    fraction_bits
        Bits by which biases are finer than sums.

    Raises
    ------
    InputError
        They are not; the message names the stage, and the accumulator that it would need.
    """
    weight, bias = sum_weights(stage.synapses)
    require(bool(np.isin(weight, weights).all()), f"weights of stage {stage.name!r} must be {weight_range}")
    require(
        isinstance(stage.synapses, MaxPool2d) or stage.fraction_bits == fraction_bits,
        f"biases of stage {stage.name!r} have {stage.fraction_bits} fraction bits, but the engine's have "
        f"{fraction_bits}",
    )
    # bounds of all partial sums, with and without the bias, in any order
    positive, negative = (part(weight, 0).sum(axis=1) << fraction_bits for part in (np.maximum, np.minimum))
    high = positive * act.max + negative * act.min + np.maximum(bias, 0)
    low = positive * act.min + negative * act.max + np.minimum(bias, 0)
    largest = max(int(high.max()), -int(low.min()) - 1, 0)
    require(
        largest <= acc.max,
        f"stage {stage.name!r} needs an accumulator of {largest.bit_length() + 1} bits, this array has {acc.bits}",
    )


def requantize(params: RequantizeParams, acc: Ints, bias: Array, neuron: Requantize) -> Ints:
    """Requantise (..., outputs) accumulators to activations; see :class:`tospike.hw.params.RequantizeParams`. Those of
    a layer with a function index its table."""
    scaled = (acc << neuron.fraction_bits) + bias.astype(np.int64)
    scaled *= neuron.multiplier.astype(np.int64)
    level = np.clip(round_shift(scaled, neuron.shift, params.rounding), *neuron.clamp)
    return level if neuron.table is None else neuron.table[level - neuron.clamp[0]]


def table_reads(params: SystolicParams | ConvParams) -> dict[str, int]:
    """Return the activations that a frame reads from tables, as an operation; nothing without tables."""
    reads = sum(layer.results for layer in params.layers if layer.tabled)
    return {"table_read": reads} if params.tables else {}


def _layer(params: SystolicParams, stage: Stage) -> Callable[[Ints], Ints]:
    """Return the function from (N, inputs) activations to (N, outputs) of a layer."""
    synapses: Dense = stage.dense
    bias, neuron, act = synapses.bias.astype(np.int64), stage.neuron, params.array.act
    product = exact_product(synapses.weight.astype(np.int64).T, max(act.max, -act.min))
    match neuron:
        case Requantize():
            return lambda x: requantize(params.requantize, product(x), bias, neuron)
        case Accumulator():
            return lambda x: (product(x) << neuron.fraction_bits) + bias
        case _:
            require(False, f"stage {stage.name!r} has a neuron that a systolic engine cannot run")
            raise AssertionError


# ------------------------------------------------------------------------------------------------------ counts


def frame_counters(params: SystolicParams) -> dict[str, int]:
    """Return the increment of each counter of ``hw.systolic.layout.counter_names`` per frame."""
    array = params.array
    act_words = weight_words = 0
    for layer in params.layers:
        if array.dataflow is Dataflow.OS:
            tiles = ceil_div(layer.rows, array.rows) * ceil_div(layer.outputs, array.cols)
            act_words += tiles * layer.inputs
            weight_words += tiles * layer.inputs
        else:
            tiles = ceil_div(layer.inputs, array.rows) * ceil_div(layer.outputs, array.cols)
            act_words += tiles * layer.rows
            weight_words += tiles * array.rows
    return {
        "frames": 1,
        "macs": sum(layer.macs for layer in params.layers),
        "act_words": act_words,
        "weight_words": weight_words,
        "results": sum(layer.rows * layer.outputs for layer in params.layers),
        "array_cycles": array_cycles(params),
    }


def frame_operations(params: SystolicParams) -> dict[str, int]:
    """Return the operation counts of one frame, named as in ``docs/explanation/architecture.md``; memory accesses in
    elements."""
    counters: Mapping[str, int] = frame_counters(params)
    stored = sum(layer.rows * layer.inputs for layer in params.layers)
    requantized = sum(layer.rows * layer.outputs for layer in params.layers if layer.clamp is not None)
    return {
        "mac": counters["macs"],
        "requantize": requantized,
        **table_reads(params),
        "bias_add": counters["results"],
        "bias_read": counters["results"],
        "multiplier_read": requantized,
        "weight_read": counters["weight_words"] * params.array.cols,
        "activation_read": counters["act_words"] * params.array.rows,
        "activation_write": stored,
    }
