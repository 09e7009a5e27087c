"""Golden model of windows of images and of the pooling engine: results, counters and operation counts."""

import numpy as np

from tospike.hw.params import DataflowPoolParams, RequantizeParams, require
from tospike.sim.arithmetic import Ints
from tospike.sim.engine import EngineRun
from tospike.sim.network import Conv2d, MaxPool2d, Requantize, Stage, SumPool2d
from tospike.sim.network.layers import weighted_sums
from tospike.sim.spiking.window import network_order
from tospike.sim.systolic.golden import check_sums, requantize
from tospike.sim.systolic.layers import BATCH


def window_results(stage: Stage, params: RequantizeParams, x: Ints) -> Ints:
    """Return the results of a convolution or pool for N images; both position by position, channels innermost."""
    batches = [_results(stage, params, x[start : start + BATCH]) for start in range(0, len(x), BATCH)]
    return np.concatenate(batches) if batches else np.zeros((0, stage.synapses.outputs), dtype=np.int64)


def _results(stage: Stage, params: RequantizeParams, x: Ints) -> Ints:
    synapses, neuron = stage.synapses, stage.neuron
    assert isinstance(synapses, Conv2d | MaxPool2d | SumPool2d)  # as the planner places
    sums = weighted_sums(synapses, x[:, network_order(synapses.shape)])
    if not isinstance(synapses, MaxPool2d):
        bias = synapses.bias.astype(np.int64)
        if isinstance(neuron, Requantize):
            sums = requantize(params, sums, bias, neuron)
        else:
            sums = (sums << params.fraction_bits) + bias
    return sums.reshape(len(x), -1)


def run_pool(params: DataflowPoolParams, stage: Stage, x: Ints) -> EngineRun:
    """Run (N, values) images through a pool, which sends (N, 1, values); both position by position.

    Raises
    ------
    InputError
        The stage does not match the engine, a value is out of range, or a sum could overflow.
    """
    synapses, act, layer = stage.synapses, params.act, params.layer
    require(
        (synapses.inputs, synapses.outputs) == (params.input.addresses, params.output.addresses),
        f"stage {stage.name!r} has {synapses.inputs} inputs and {synapses.outputs} outputs, but its engine "
        f"{params.input.addresses} and {params.output.addresses}",
    )
    require(bool(np.all((x >= act.min) & (x <= act.max))), f"values of an image must be from {act.min} to {act.max}")
    check_sums(
        stage,
        act=act,
        acc=layer.acc,
        weights=[1],
        weight_range="1",
        fraction_bits=params.requantize.fraction_bits,
    )
    images = np.ones(len(x), dtype=np.int64)
    return EngineRun(
        sent=window_results(stage, params.requantize, x)[:, None],
        counters={name: count * images for name, count in image_counters(params).items()},
        operations={name: count * images for name, count in image_operations(params).items()},
    )


def image_counters(params: DataflowPoolParams) -> dict[str, int]:
    """Return the increment of each counter of ``hw.window.layout.counter_names`` per image."""
    return {"frames": params.positions, "words": params.cycles, "beats": params.output.beats}


def image_operations(params: DataflowPoolParams) -> dict[str, int]:
    """Return the operation counts of one image, named as in ``docs/explanation/architecture.md``; memory accesses in
    elements."""
    results = params.output.addresses
    taps, requantized = params.window.taps * results, 0 if params.clamp is None else results
    biased = 0 if params.maximum else results
    return {
        "mac": 0 if params.maximum else taps,
        "compare": taps if params.maximum else 0,
        "requantize": requantized,
        "bias_add": biased,
        "bias_read": biased,
        "multiplier_read": requantized,
        "activation_read": taps,
        "activation_write": params.input.addresses,
    }
