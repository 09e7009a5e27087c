"""Golden model of the dataflow engine: results, counters and operation counts."""

import numpy as np

from tospike.hw.params import DataflowDenseParams, require
from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.engine import EngineRun
from tospike.sim.network import Requantize, Stage
from tospike.sim.systolic.golden import check_sums, requantize


def run(params: DataflowDenseParams, stage: Stage, x: Ints) -> EngineRun:
    """Run (N, inputs) integers through a layer, which sends (N, 1, outputs).

    Raises
    ------
    InputError
        The stage does not match the layer, a value is out of range, or a sum could overflow the accumulator.
    """
    synapses, act = stage.dense, params.act
    require(
        (synapses.inputs, synapses.outputs) == (params.inputs, params.outputs),
        f"stage {stage.name!r} has {synapses.inputs} inputs and {synapses.outputs} outputs, but its engine "
        f"{params.inputs} and {params.outputs}",
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
    acc = exact_matmul(x, synapses.weight.astype(np.int64).T)
    bias = synapses.bias.astype(np.int64)
    if isinstance(stage.neuron, Requantize):
        sent = requantize(params.requantize, acc, bias, stage.neuron)
    else:
        sent = (acc << params.requantize.fraction_bits) + bias
    frames = np.ones(len(x), dtype=np.int64)
    return EngineRun(
        sent=sent[:, None],
        counters={name: count * frames for name, count in frame_counters(params).items()},
        operations={name: count * frames for name, count in frame_operations(params).items()},
    )


def frame_counters(params: DataflowDenseParams) -> dict[str, int]:
    """Return the increment of each counter of ``hw.dataflow.layout.counter_names`` per frame."""
    return {"frames": 1, "words": params.fold, "beats": params.output.beats}


def frame_operations(params: DataflowDenseParams) -> dict[str, int]:
    """Return the operation counts of one frame, named as in ``docs/explanation/architecture.md``; memory accesses in
    elements."""
    requantized = 0 if params.clamp is None else params.outputs
    stored = params.groups > 1  # a single group uses each word as it arrives
    return {
        "mac": params.inputs * params.outputs,
        "requantize": requantized,
        "bias_add": params.outputs,
        "bias_read": params.outputs,
        "multiplier_read": requantized,
        "weight_read": params.fold * params.products,
        "activation_read": stored * params.fold * params.simd,
        "activation_write": stored * params.inputs,
    }
