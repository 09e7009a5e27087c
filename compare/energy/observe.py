"""Extract the activity that energy models price from a design and its golden model's result."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tospike.compare.energy.activity import Counts, EngineActivity, LayerActivity
from tospike.compare.energy.engines import ENGINES, memories, widths
from tospike.hw.params import (
    SPIKE,
    Contents,
    EventParams,
)
from tospike.sim.design import Design
from tospike.sim.network import Array, Conv2d, Dense, Network
from tospike.sim.network.layers import weighted_sums
from tospike.sim.result import Result
from tospike.sim.spiking.window import Connections, network_order
from tospike.sim.systolic.layers import BATCH, run_stages


def engine_activities(design: Design, x: Array, result: Result) -> tuple[EngineActivity, ...]:
    """Return the activity of each engine.

    Parameters
    ----------
    design
        The network mapped to hardware.
    x
        (N, ...) integer samples, those of ``result``.
    result
        The golden model's result.
    """
    design.network.require_one_kind()
    layers: tuple[LayerActivity | None, ...]
    if any(
        engine.runs_stages and engine.takes in (Contents.TRAIN, Contents.CHANGES) for engine in design.params.engines
    ):
        layers = _layer_counts(design, result)
    else:
        layers = _dense_layers(design, x)
    engines = []
    for index, (params, operations) in enumerate(zip(design.params.engines, result.engine_operations, strict=True)):
        first = sum(design.stage_counts[:index])
        engines.append(
            EngineActivity(
                name=f"{index} {ENGINES[type(params)].label}",
                operations=operations,
                widths=widths(params),
                memories=memories(params),
                layers=tuple(layer for layer in layers[first : first + design.stage_counts[index]] if layer),
            )
        )
    return tuple(engines)


def _dense_layers(design: Design, x: Array) -> tuple[LayerActivity | None, ...]:
    """Return the activity of an ANN's stages, ``None`` for stages without weights, from the integer network."""
    shape = design.params.engines[0].arriving_image
    if shape is not None:
        x = x[:, network_order(shape)]
    batches = [_count_batch(design.network, x[start : start + BATCH]) for start in range(0, len(x), BATCH)]
    layers: list[LayerActivity | None] = []
    for index, stage in enumerate(design.network.stages):
        synapses = stage.synapses
        if not isinstance(synapses, Dense | Conv2d):
            layers.append(None)
            continue
        events, reached, sent = (np.concatenate([batch[index][n] for batch in batches]) for n in range(3))
        everything = np.ones((1, synapses.inputs), dtype=np.int64)
        operands = widths(design.params.engines[design.engine_of(index)])
        layers.append(
            LayerActivity(
                name=stage.name,
                inputs=synapses.inputs,
                outputs=synapses.outputs,
                steps=1,
                spiking=False,
                binary=False,
                events=events,
                sent=sent,
                weight_bits=operands.weight_bits,
                act_bits=operands.act_bits,
                state_bits=operands.state_bits,
                connections=int(connections_reached(synapses, everything)[0]),
                reached=reached,
                shared_weights=synapses.weight.size,
            )
        )
    return tuple(layers)


def _count_batch(network: Network, x: Array) -> list[tuple[Counts, Counts, Counts]]:
    """Return, per stage, the numbers of non-zero inputs, of their connections, and of non-zero outputs."""
    sent = run_stages(network, x)
    counts = []
    for index, stage in enumerate(network.stages):
        source = network.sources(index)[0]
        values = sent[source] if source >= 0 else x
        synapses = stage.synapses
        reached = np.zeros(len(x))
        if isinstance(synapses, Dense | Conv2d):
            reached = connections_reached(synapses, values)
        events, sent_on = (np.count_nonzero(v, axis=1).astype(np.float64) for v in (values, sent[index]))
        counts.append((events, reached, sent_on))
    return counts


def connections_reached(synapses: Dense | Conv2d, values: Array) -> Counts:
    """Return the (N,) numbers of connections of the non-zero (N, inputs) ``values``: their sum with weights of 1."""
    ones: dict[str, Any] = {
        "weight": np.ones_like(synapses.weight, dtype=np.int64),
        "bias": np.zeros_like(synapses.bias),
    }
    if isinstance(synapses, Conv2d):
        ones["pad_value"] = 0
    counting = replace(synapses, **ones)
    return weighted_sums(counting, (values != 0).astype(np.int64)).sum(axis=(1, 2)).astype(np.float64)


def _layer_counts(design: Design, result: Result) -> tuple[LayerActivity, ...]:
    """Return the activity of event engines with spikes or changes as input, from their counters."""
    is_spiking = design.network.is_spiking
    steps = design.network.input.steps if is_spiking else design.params.input_frames
    layers = []
    layered = [(index, params) for index, params in enumerate(design.params.engines) if params.runs_stages]
    for index, params in layered:
        assert isinstance(params, EventParams)  # only those take spikes or changes
        stage = design.stages_of(index)[0]
        layers.append(
            LayerActivity(
                name=stage.name,
                inputs=params.inputs,
                outputs=params.neurons,
                steps=steps,
                spiking=is_spiking,
                binary=params.payload == SPIKE,
                events=result.counters[f"{index}.values"].astype(np.float64),
                sent=_sent(params, index, result),
                weight_bits=params.weight_bits,
                act_bits=params.payload.bits,
                state_bits=params.neuron.state_bits,
                leaks="membrane" in params.neuron.leaks,
                bias=params.bias,
                **_window_counts(params, stage.weighted.weight, result.counters[f"{index}.synapse_words"]),
            )
        )
    return tuple(layers)


def _sent(params: EventParams, engine: int, result: Result) -> Counts:
    """Return the number of spikes or changes sent; for the last layer of a delta ANN, of membranes."""
    if params.keeps_membranes and not params.sends_changes:
        return np.full(len(result.cycles), params.neurons, dtype=np.float64)
    return result.counters[f"{engine}.{'activations' if params.sends_changes else 'spikes'}"].astype(np.float64)


def _window_counts(params: EventParams, weight: Array, synapse_words: Array) -> dict[str, Any]:
    """Return the connection counts of a layer that is not fully connected."""
    window = params.window
    if window is None:
        return {}
    return {
        "connections": int(Connections(window).reached.sum()) * window.fan_out,
        "reached": synapse_words / params.event_words * window.fan_out,
        "shared_weights": weight.size // math.prod(window.pool),
    }
