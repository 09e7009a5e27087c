"""One point of a sweep: exact counters of both engines on random activity, priced at level 2."""

from typing import Any

import numpy as np

from tospike.compare.energy.counted import CountedEnergy, counted_energy
from tospike.compare.energy.technology import load_technology
from tospike.compare.sweep.point import Point
from tospike.gen.random_design import random_design
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    DenseLayer,
    EventParams,
    HostInput,
    HostOutput,
    IntFormat,
    NeuronParams,
    SystolicParams,
)
from tospike.sim.accelerator import run
from tospike.sim.network import Array


def measure(point: Point) -> dict[str, Any]:
    """Run and price both sides of a point.

    Returns
    -------
    dict
        ``n`` (spikes per non-zero activation that really came), and for ``ann`` and ``snn`` picojoules per inference
        (``pj``, its ``parts``), ``cycles`` and ``area_um2``.
    """
    # two streams: what is varied on one side leaves the other's activity as it is
    frames_rng, trains_rng = (np.random.default_rng((point.seed, side)) for side in (0, 1))
    frames = _frames(point, frames_rng)
    trains = (trains_rng.random((point.samples, point.steps, point.inputs)) < point.spike_rate).astype(np.int64)
    ann, ann_cycles = _ann(point, frames)
    snn, snn_cycles = _snn(point, trains)
    spikes, activations = trains.sum() / point.samples, np.count_nonzero(frames) / point.samples / point.rows
    return {
        "point": point.to_json(),
        "n": float(spikes / activations) if activations else 0.0,
        "ann": _side(ann, ann_cycles, positions=point.rows),
        "snn": _side(snn, snn_cycles, positions=1),
    }


def check(point: Point) -> None:
    """Refuse a point that cannot be built, before any is run.

    Raises
    ------
    InputError
        A parameter is out of its range on one side, or there is no such technology.
    """
    load_technology(point.technology)
    _systolic(point)
    _spiking(point, threshold=1)


def _side(energy: CountedEnergy, cycles: Array, *, positions: int) -> dict[str, Any]:
    summary = energy.summary()
    return {
        "pj": summary["total"] / positions,
        "parts": {name: value / positions for name, value in summary["parts"].items()},
        "cycles": float(cycles.mean()) / positions,
        "area_um2": energy.area_um2,
    }


def _frames(point: Point, rng: np.random.Generator) -> Array:
    """(samples, rows * inputs) activations, of which the fraction ``density`` is not zero."""
    shape = (point.samples, point.rows * point.inputs)
    values = rng.integers(1, 1 << point.act_bits, size=shape)
    return np.where(rng.random(shape) < point.density, values, 0)


def _ann(point: Point, frames: Array) -> tuple[CountedEnergy, Array]:
    params = _systolic(point)
    # counts depend on no weight: random ones will do
    result = run(random_design(params, seed=point.seed), frames)
    return counted_energy(load_technology(point.technology), params, result.counters, result.cycles), result.cycles


def _snn(point: Point, trains: Array) -> tuple[CountedEnergy, Array]:
    # the threshold at which as many spikes leave, per neuron, as come in
    wanted = trains.mean() * point.outputs * point.steps
    low, high = 0, (1 << (point.state_bits - 1)) - 2
    while low < high:
        threshold = (low + high) // 2
        params = _spiking(point, threshold=threshold)
        sent = run(random_design(params, seed=point.seed), trains).counters["0.spikes"].mean()
        low, high = (threshold + 1, high) if sent > wanted else (low, threshold)
    params = _spiking(point, threshold=low)
    result = run(random_design(params, seed=point.seed), trains)
    technology = load_technology(point.technology)
    energy = counted_energy(technology, params, result.counters, result.cycles, state=point.state)
    return energy, result.cycles


def _systolic(point: Point) -> AcceleratorParams:
    array = ArrayParams(
        rows=point.rows,
        cols=point.cols,
        act=IntFormat(bits=point.act_bits, signed=False),
        weight_bits=point.weight_bits,
        acc_bits=min(32, point.act_bits + point.weight_bits + 1 + point.inputs.bit_length()),
    )
    layer = DenseLayer(rows=point.rows, inputs=point.inputs, outputs=point.outputs)
    return AcceleratorParams(name="ann", engines=(SystolicParams(array=array, layers=(layer,)),))


def _spiking(point: Point, *, threshold: int) -> AcceleratorParams:
    engine = EventParams(
        inputs=point.inputs,
        neurons=point.outputs,
        lanes=point.lanes,
        weight_bits=point.weight_bits,
        neuron=NeuronParams(state_bits=point.state_bits, threshold=threshold),
    )
    return AcceleratorParams(name="snn", engines=(engine,), host_input=HostInput.TOKENS, host_output=HostOutput.TOKENS)
