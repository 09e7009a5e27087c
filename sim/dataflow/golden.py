"""Golden model of the dataflow engine: results, counters and operation counts."""

import numpy as np

from tospike.hw.params import DataflowDenseParams, require
from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.engine import EngineRun
from tospike.sim.network import Array, Requantize, Stage
from tospike.sim.systolic.golden import check_sums, requantize
from tospike.sim.window.golden import window_results


def run(params: DataflowDenseParams, stage: Stage, x: Ints, weight: Array | None = None) -> EngineRun:
    """Run (N, inputs) integers through a layer, which sends (N, 1, outputs); an image is sent position by position.

    ``weight`` are those of a dense layer in the order of its inputs on the link, by default as in the stage.

    Raises
    ------
    InputError
        The stage does not match the layer, a value is out of range, or a sum could overflow the accumulator.
    """
    synapses, act = stage.synapses, params.act
    require(
        (synapses.inputs, synapses.outputs) == (params.input.addresses, params.output.addresses),
        f"stage {stage.name!r} has {synapses.inputs} inputs and {synapses.outputs} outputs, but its engine "
        f"{params.input.addresses} and {params.output.addresses}",
    )
    require(bool(np.all((x >= act.min) & (x <= act.max))), f"values of a frame must be from {act.min} to {act.max}")
    weights = range(params.weight.min, params.weight.max + 1)
    check_sums(
        stage,
        act=act,
        acc=params.acc,
        weights=weights,
        weight_range=f"from {weights[0]} to {weights[-1]}",
        fraction_bits=params.requantize.fraction_bits,
    )
    sent = _dense(params, stage, x, weight) if params.window is None else window_results(stage, params.requantize, x)
    frames = np.ones(len(x), dtype=np.int64)
    return EngineRun(
        sent=sent[:, None],
        counters={name: count * frames for name, count in frame_counters(params).items()},
        operations={name: count * frames for name, count in frame_operations(params).items()},
    )


def _dense(params: DataflowDenseParams, stage: Stage, x: Ints, weight: Array | None) -> Ints:
    synapses = stage.dense
    acc = exact_matmul(x, (synapses.weight if weight is None else weight).astype(np.int64).T)
    bias = synapses.bias.astype(np.int64)
    if isinstance(stage.neuron, Requantize):
        return requantize(params.requantize, acc, bias, stage.neuron)
    return (acc << params.requantize.fraction_bits) + bias


def frame_counters(params: DataflowDenseParams) -> dict[str, int]:
    """Return the increment of each counter of ``hw.dataflow.layout.counter_names`` per sample."""
    return {"frames": params.positions, "words": params.cycles, "beats": params.output.beats}


def frame_operations(params: DataflowDenseParams) -> dict[str, int]:
    """Return the operation counts of one sample, named as in ``docs/explanation/architecture.md``; memory accesses in
    elements."""
    results = params.output.addresses
    requantized = 0 if params.clamp is None else results
    stored = params.groups > 1 or params.window is not None  # a single group uses each word as it arrives
    return {
        "mac": params.inputs * results,
        "requantize": requantized,
        "bias_add": results,
        "bias_read": results,
        "multiplier_read": requantized,
        "weight_read": params.cycles * params.products,
        "activation_read": stored * params.cycles * params.simd,
        "activation_write": stored * params.input.addresses,
    }
