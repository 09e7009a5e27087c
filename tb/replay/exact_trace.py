"""Compare spike trains of the float network and the golden model, layer by layer: how much, and where first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tospike.gen.pipeline import Prepared
from tospike.hw.params import require
from tospike.sim.accelerator import spike_trains, stage_spikes
from tospike.sim.network import Array, Network, SpikingNeuron
from tospike.sim.network.reference import run_float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A neuron whose numbers of spikes differ."""

    sample: int
    step: int
    neuron: int
    float_spikes: int
    golden_spikes: int


@dataclass(frozen=True, kw_only=True)
class LayerTrace:
    """The spike trains of a layer. A neuron in a step of a sample counts once, however much its spikes differ."""

    stage: str
    float_spikes: int
    golden_spikes: int
    differ: int
    """Differences with the outputs of the preceding golden layers as input."""
    differ_alone: int
    """Differences with the float network's spikes as input: the effect of the layer's own quantisation."""
    first: Difference | None
    """The first difference: the earliest step, then the first sample, then the first neuron."""


def compare_trains(prepared: Prepared, x: Array) -> list[LayerTrace]:
    """Compare the outputs of the layers of an SNN for the samples ``x`` of a data set.

    Raises
    ------
    InputError
        The network is an ANN, or no engine can run it.
    """
    require(prepared.network.is_spiking, f"network {prepared.network.name!r} is an ANN: it has no spikes to compare")
    design = prepared.design
    exact = [run.outputs.astype(np.int64) for run in run_float(prepared.network, x).stages]
    golden = spike_trains(design, prepared.integers(x))
    traces = []
    for index, stage in enumerate(design.network.stages):
        alone = golden[index] if index == 0 else stage_spikes(design, index, exact[index - 1])
        traces.append(
            LayerTrace(
                stage=stage.name,
                float_spikes=int(exact[index].sum()),
                golden_spikes=int(golden[index].sum()),
                differ=int(np.count_nonzero(exact[index] != golden[index])),
                differ_alone=int(np.count_nonzero(exact[index] != alone)),
                first=first_difference(exact[index], golden[index]),
            )
        )
    return traces


def float_spikes(network: Network, x: Array) -> dict[str, Array]:
    """Return the outputs of each spiking stage in floating point for the samples ``x``, by its name: (N, steps,
    neurons).

    Raises
    ------
    InputError
        The network is an ANN.
    """
    _require_spikes(network)
    return _by_stage(network, [run.outputs.astype(np.int64) for run in run_float(network, x).stages])


def golden_spikes(prepared: Prepared, x: Array) -> dict[str, Array]:
    """Return the outputs of each spiking stage in integers, as `float_spikes`, but without dead neurons, which have no
    hardware.

    Raises
    ------
    InputError
        The network is an ANN, or no engine can run it.
    """
    _require_spikes(prepared.network)
    trains = spike_trains(prepared.design, prepared.integers(x))
    return _by_stage(prepared.network, [np.asarray(train) for train in trains])


def _require_spikes(network: Network) -> None:
    require(network.is_spiking, f"network {network.name!r} is an ANN: it has no spikes")


def _by_stage(network: Network, trains: Sequence[Array]) -> dict[str, Array]:
    return {
        stage.name: train
        for stage, train in zip(network.stages, trains, strict=True)
        if isinstance(stage.neuron, SpikingNeuron) and stage.neuron.kind.spikes
    }


def first_difference(exact: Array, golden: Array) -> Difference | None:
    """Return the first difference in time of two (N, steps, neurons) spike trains; ``None`` if they are equal."""
    differs = exact != golden
    steps = np.flatnonzero(differs.any(axis=(0, 2)))
    if not len(steps):
        return None
    step = int(steps[0])
    sample, neuron = (int(index) for index in np.argwhere(differs[:, step])[0])
    return Difference(
        sample=sample,
        step=step,
        neuron=neuron,
        float_spikes=int(exact[sample, step, neuron]),
        golden_spikes=int(golden[sample, step, neuron]),
    )
