"""Golden model of the conv engine: results, counters and operation counts."""

from collections.abc import Mapping, Sequence

import numpy as np

from tospike.hw.params import ConvLayer, ConvOperation, ConvParams, require
from tospike.sim.arithmetic import Ints
from tospike.sim.conv.timing import frame_timing
from tospike.sim.engine import EngineRun
from tospike.sim.network import Network
from tospike.sim.systolic.golden import check_range, table_reads
from tospike.sim.systolic.layers import run_integers


def run(params: ConvParams, network: Network, x: Ints) -> EngineRun:
    """Run N frames through the layers.

    Parameters
    ----------
    network
        Quantised, with one stage per layer.
    x
        (N, inputs) integers in the activation format.

    Raises
    ------
    InputError
        The stages do not match the layers, a value is out of range, or a sum could overflow the accumulator.
    """
    require(
        len(network.stages) == len(params.layers), f"{len(network.stages)} stages given for {len(params.layers)} layers"
    )
    act = params.array.act
    require(bool(np.all((x >= act.min) & (x <= act.max))), f"values of a frame must be from {act.min} to {act.max}")
    for stage, layer in zip(network.stages, params.layers, strict=True):
        require(
            stage.synapses.outputs == layer.results,
            f"stage {stage.name!r} has {stage.synapses.outputs} outputs, but its layer {layer.results}",
        )
        check_range(params, stage)
    return count(params, run_integers(network, x, params.requantize)[:, None])


def count(params: ConvParams, sent: Ints) -> EngineRun:
    """Return the run of an engine that sends (N, 1, results), with its counts."""
    frames = np.ones(len(sent), dtype=np.int64)
    return EngineRun(
        sent=sent,
        counters={name: number * frames for name, number in frame_counters(params).items()},
        operations={name: number * frames for name, number in frame_operations(params).items()},
    )


# ------------------------------------------------------------------------------------------------------ counts


def frame_counters(params: ConvParams) -> dict[str, int]:
    """Return the increment of each counter of ``hw.conv.layout.counter_names`` per frame."""
    steps = sum(_steps(params, layer) for layer in params.layers)
    return {
        "frames": 1,
        "macs": sum(layer.macs for layer in params.layers),
        "act_words": steps,
        "weight_words": steps,
        "results": sum(layer.results for layer in params.layers),
        "array_cycles": frame_timing(params).array,
    }


def frame_operations(params: ConvParams) -> dict[str, int]:
    """Return the operation counts of one frame, named as in ``docs/explanation/architecture.md``; memory accesses in
    elements."""
    counters: Mapping[str, int] = frame_counters(params)
    computed = [layer for layer in params.layers if layer.operation is not ConvOperation.MAXIMUM]
    requantized = sum(layer.results for layer in computed if layer.clamp is not None)
    return {
        "mac": counters["macs"],
        "compare": sum(layer.depth * layer.results for layer in params.layers if layer not in computed),
        "requantize": requantized,
        **table_reads(params),
        "bias_add": counters["results"],
        "bias_read": counters["results"],
        "multiplier_read": requantized,
        "weight_read": counters["weight_words"] * params.array.cols,
        "activation_read": counters["act_words"] * params.array.rows,
        "activation_write": params.input.addresses + sum(_stored(params.layers)),
    }


def _steps(params: ConvParams, layer: ConvLayer) -> int:
    return layer.tiles[0] * layer.tiles[1] * layer.passes(params.array.cols) * layer.depth


def _stored(layers: Sequence[ConvLayer]) -> list[int]:
    return [layer.results for layer in layers[:-1]]
