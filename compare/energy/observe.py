"""Extract the activity that energy models price from a design and its golden model's result."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tospike.compare.energy.activity import Counts, EngineActivity, LayerActivity
from tospike.compare.energy.engines import ENGINES, memories, widths
from tospike.hw.params import SPIKE, Contents, EngineParams, EventParams
from tospike.sim.accelerator import as_sample, engine_runs
from tospike.sim.cochlea.hearing import hear_once
from tospike.sim.design import Design
from tospike.sim.engine import frame
from tospike.sim.models import subnetwork
from tospike.sim.network import Array, Conv2d, Dense, Network
from tospike.sim.network.layers import weighted_sums
from tospike.sim.result import Result
from tospike.sim.spiking.arrays import arriving_image
from tospike.sim.spiking.window import Connections, network_order
from tospike.sim.systolic.layers import BATCH, run_stages


def engine_activities(design: Design, x: Array, result: Result) -> tuple[EngineActivity, ...]:
    """Return the activity of each engine.

    Parameters
    ----------
    design
        The network mapped to hardware.
    x
        (N, ...) integer samples, those of ``result``; sound, if there is a cochlea.
    result
        The golden model's result.
    """
    layers: tuple[LayerActivity | None, ...]
    in_steps = [_takes_steps(engine) for engine in design.params.engines if engine.runs_stages]
    if all(in_steps):
        layers = tuple(_counted_layer(design, index, result, _steps(design)) for index in _layered(design))
    elif not any(in_steps):
        shape, front_end = design.params.engines[0].arriving_image, design.network.input.front_end
        given = x if front_end is None else frame(hear_once(front_end, x))
        layers = _dense_layers(design, design.network, given if shape is None else given[:, network_order(shape)])
    else:
        layers = _mixed_layers(design, x, result)
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


def _takes_steps(params: EngineParams) -> bool:
    """Return whether an engine takes spikes or changes, and counts them."""
    return params.takes in (Contents.TRAIN, Contents.CHANGES)


def _layered(design: Design) -> list[int]:
    """Return the engines that run layers."""
    return [index for index, params in enumerate(design.params.engines) if params.runs_stages]


def _steps(design: Design) -> int:
    return design.network.input.steps if design.network.is_spiking else design.params.input_frames


def _mixed_layers(design: Design, x: Array, result: Result) -> tuple[LayerActivity | None, ...]:
    """Return the activity of a hybrid's stages: that of each engine, from what it receives."""
    sample = as_sample(design, x)
    inputs = [sample, *(run.sent for run in engine_runs(design, sample))]
    layers: list[LayerActivity | None] = []
    for index in _layered(design):
        received = inputs[index]
        if _takes_steps(design.params.engines[index]):
            layers.append(_counted_layer(design, index, result, received.shape[1]))
            continue
        shape, frames = arriving_image(design, index), frame(received)
        in_order = frames if shape is None else frames[:, network_order(shape)]
        layers += _dense_layers(design, subnetwork(design, index), in_order)
    return tuple(layers)


def _dense_layers(design: Design, network: Network, x: Array) -> tuple[LayerActivity | None, ...]:
    """Return the activity of an ANN's stages, ``None`` for stages without weights, from an integer network."""
    batches = [_count_batch(network, x[start : start + BATCH]) for start in range(0, len(x), BATCH)]
    layers: list[LayerActivity | None] = []
    engine_of = {stage.name: design.engine_of(index) for index, stage in enumerate(design.network.stages)}
    for index, stage in enumerate(network.stages):
        synapses = stage.synapses
        if not isinstance(synapses, Dense | Conv2d):
            layers.append(None)
            continue
        events, reached, sent = (np.concatenate([batch[index][n] for batch in batches]) for n in range(3))
        everything = np.ones((1, synapses.inputs), dtype=np.int64)
        operands = widths(design.params.engines[engine_of[stage.name]])
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


def _counted_layer(design: Design, index: int, result: Result, steps: int) -> LayerActivity:
    """Return the activity of an event engine with spikes or changes as input, from its counters."""
    params, stage = design.params.engines[index], design.stages_of(index)[0]
    assert isinstance(params, EventParams)  # only those take spikes or changes
    return LayerActivity(
        name=stage.name,
        inputs=params.inputs,
        outputs=params.neurons,
        steps=steps,
        spiking=stage.is_spiking,
        binary=params.payload == SPIKE,
        events=result.counters[f"{index}.values"].astype(np.float64),
        sent=_sent(params, index, result, spiking=stage.is_spiking),
        weight_bits=params.weight_bits,
        act_bits=params.payload.bits,
        state_bits=params.neuron.state_bits,
        leaks="membrane" in params.neuron.leaks,
        bias=params.bias,
        **_window_counts(params, stage.weighted.weight, result.counters[f"{index}.synapse_words"]),
    )


def _sent(params: EventParams, engine: int, result: Result, *, spiking: bool) -> Counts:
    """Return the number of spikes or changes sent; for the last layer of a delta ANN, of membranes."""
    if not spiking and not params.sends_changes:
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
