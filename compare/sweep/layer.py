"""The two sides of a point: the layer as an ANN and as an SNN, and their inputs."""

import numpy as np

from tospike.compare.sweep.point import Point
from tospike.gen.emit.random_design import random_design
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    HostInput,
    HostOutput,
    IntFormat,
    LifParams,
    SpikingParams,
    SystolicParams,
)
from tospike.sim.accelerator import run
from tospike.sim.design import Design
from tospike.sim.network import Array


def frames(point: Point) -> Array:
    """Return (samples, rows * inputs) activations with a fraction ``density`` of non-zero values."""
    rng = _generator(point, side=0)
    shape = (point.samples, point.rows * point.inputs)
    values = rng.integers(1, 1 << point.act_bits, size=shape)
    return np.where(rng.random(shape) < point.density, values, 0)


def trains(point: Point) -> Array:
    """Return (samples, steps, inputs) spikes."""
    shape = (point.samples, point.steps, point.inputs)
    return (_generator(point, side=1).random(shape) < point.spike_rate).astype(np.int64)


def _generator(point: Point, *, side: int) -> np.random.Generator:
    # one random stream per side: varying one side does not change the other's activity
    return np.random.default_rng((point.seed, side))


def spikes_per_activation(point: Point) -> float:
    """Return the measured n: spikes over all steps per non-zero activation; 0 without such activations."""
    activations = np.count_nonzero(frames(point)) / point.rows
    return float(trains(point).sum() / activations) if activations else 0.0


def ann_design(point: Point) -> Design:
    """Return the layer with random weights on the array; counts and cycles do not depend on the weights."""
    return random_design(systolic(point), seed=point.seed)


def snn_design(point: Point) -> Design:
    """Return the layer with random weights on the event engine, with the threshold for equal input and output rates."""
    x = trains(point)
    wanted = x.mean() * point.outputs * point.steps
    low, high = 0, (1 << (point.state_bits - 1)) - 2
    while low < high:
        threshold = (low + high) // 2
        design = random_design(spiking(point, threshold=threshold), seed=point.seed)
        sent = run(design, x).counters["0.spikes"].mean()
        low, high = (threshold + 1, high) if sent > wanted else (low, threshold)
    return random_design(spiking(point, threshold=low), seed=point.seed)


def systolic(point: Point) -> AcceleratorParams:
    """Return the ANN's hardware."""
    array = ArrayParams(
        rows=point.rows,
        cols=point.cols,
        act=IntFormat(bits=point.act_bits, signed=False),
        weight_bits=point.weight_bits,
        acc_bits=min(32, point.act_bits + point.weight_bits + 1 + point.inputs.bit_length()),
    )
    layer = DenseLayer(rows=point.rows, inputs=point.inputs, outputs=point.outputs)
    return AcceleratorParams(name="ann", engines=(SystolicParams(array=array, layers=(layer,)),))


def spiking(point: Point, *, threshold: int) -> AcceleratorParams:
    """Return the SNN's hardware."""
    engine = SpikingParams(
        inputs=point.inputs,
        neurons=point.outputs,
        lanes=point.lanes,
        weight_bits=point.weight_bits,
        neuron=LifParams(state_bits=point.state_bits, threshold=threshold),
    )
    return AcceleratorParams(name="snn", engines=(engine,), host_input=HostInput.TOKENS, host_output=HostOutput.TOKENS)
