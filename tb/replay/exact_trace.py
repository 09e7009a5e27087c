"""Spike trains of the float network and of the golden model, layer by layer: how much they differ, and where first."""

from dataclasses import dataclass

import numpy as np

from tospike.gen.pipeline import Prepared
from tospike.hw.params import require
from tospike.sim.accelerator import spike_trains, stage_spikes
from tospike.sim.network import Array, SpikingNeuron
from tospike.sim.network.reference import run_float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A neuron that spikes in one and not as often in the other."""

    sample: int
    step: int
    neuron: int
    float_spikes: int
    golden_spikes: int


@dataclass(frozen=True, kw_only=True)
class LayerTrace:
    """One layer's trains. A neuron in a step of a sample counts once, however much its numbers of spikes differ."""

    stage: str
    float_spikes: int
    golden_spikes: int
    differ: int
    """Behind the golden layers before it."""
    differ_alone: int
    """Fed with the float network's spikes: what its own quantisation changes. For the first layer that is all."""
    first: Difference | None
    """The earliest step in which anything differs; of those the first sample, and in it the first neuron."""


def compare_trains(prepared: Prepared, x: Array) -> list[LayerTrace]:
    """Compare what the layers of an SNN send for the samples ``x`` of a data set.

    Raises
    ------
    InputError
        An ANN, or a network that no engine can run.
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


def spikes_of(prepared: Prepared, x: Array, *, in_float: bool) -> dict[str, Array]:
    """Return what each stage that spikes sends for the samples ``x``, by its name: (N, steps, neurons).

    In integers without the neurons that nothing reads, as the hardware has none of them.

    Raises
    ------
    InputError
        An ANN; in integers, a network that no engine can run.
    """
    require(prepared.network.is_spiking, f"network {prepared.network.name!r} is an ANN: it has no spikes")
    if in_float:
        trains = [run.outputs.astype(np.int64) for run in run_float(prepared.imported, x).stages]
    else:
        trains = [np.asarray(train) for train in spike_trains(prepared.design, prepared.integers(x))]
    stages = prepared.network.stages
    return {
        stage.name: train
        for stage, train in zip(stages, trains, strict=True)
        if isinstance(stage.neuron, SpikingNeuron) and stage.neuron.kind.spikes
    }


def first_difference(exact: Array, golden: Array) -> Difference | None:
    """Where two (N, steps, neurons) trains first part in time; ``None`` if they do not."""
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
