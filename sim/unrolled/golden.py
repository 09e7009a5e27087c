"""Golden model of the unrolled engine: results, counters and operation counts."""

from collections.abc import Sequence

import numpy as np

from tospike.hw.params import UnrolledLayer, UnrolledParams, require
from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.engine import EngineRun
from tospike.sim.network import Requantize, Stage
from tospike.sim.systolic.golden import check_sums, requantize


def run(params: UnrolledParams, stages: Sequence[Stage], x: Ints) -> EngineRun:
    """Run (N, inputs) integers through the layers; the engine sends (N, 1, outputs) of the last one.

    Raises
    ------
    InputError
        The stages do not match the layers, a value is out of range, or a sum could overflow its format.
    """
    act = params.act
    require(len(stages) == len(params.layers), f"{len(stages)} stages given for {len(params.layers)} layers")
    require(bool(np.all((x >= act.min) & (x <= act.max))), f"values of a frame must be from {act.min} to {act.max}")
    frames = np.ones(len(x), dtype=np.int64)
    operations = {"mac": 0, "requantize": 0, "bias_add": 0}
    for layer, stage in zip(params.layers, stages, strict=True):
        x = _layer(params, layer, stage, x)
        operations["mac"] += int(np.count_nonzero(stage.dense.weight))
        operations["requantize"] += layer.outputs * (layer.clamp is not None)
        operations["bias_add"] += layer.outputs
    return EngineRun(
        sent=x[:, None],
        counters={"frames": frames},
        operations={name: count * frames for name, count in operations.items()},
    )


def _layer(params: UnrolledParams, layer: UnrolledLayer, stage: Stage, x: Ints) -> Ints:
    synapses = stage.dense
    require(
        (synapses.inputs, synapses.outputs) == (layer.inputs, layer.outputs),
        f"stage {stage.name!r} has {synapses.inputs} inputs and {synapses.outputs} outputs, but its layer "
        f"{layer.inputs} and {layer.outputs}",
    )
    weights = range(layer.weight.min, layer.weight.max + 1)
    check_sums(
        stage,
        act=params.act,
        acc=layer.acc,
        weights=weights,
        weight_range=f"from {weights[0]} to {weights[-1]}",
        fraction_bits=params.requantize.fraction_bits,
    )
    acc = exact_matmul(x, synapses.weight.astype(np.int64).T)
    bias = synapses.bias.astype(np.int64)
    if isinstance(stage.neuron, Requantize):
        return requantize(params.requantize, acc, bias, stage.neuron)
    return (acc << params.requantize.fraction_bits) + bias
