"""The float reference: what a trained network computes before quantisation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import InputError, Readout, require
from tospike.sim.encoders.delay import delayed
from tospike.sim.encoders.encoding import encode_float
from tospike.sim.network import Activation, Conv2d, Decoding, Network, SpikingNeuron, Stage
from tospike.sim.network.layers import biases, currents
from tospike.sim.network.membrane import Floats, StageRun, integrate
from tospike.sim.network.output_order import predicted

BATCH = 512
"""Samples computed at a time."""
BATCH_VALUES = 1 << 25
"""Values that a stage may send for a batch: bounds memory."""
PATCHED = 64
"""Images convolved at a time: their im2col patches should fit the cache."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatRun:
    """The results of :func:`run_float` for N samples."""

    outputs: Floats
    """(N, outputs): logits, spike counts, membranes after the last step, or the negated step of the first spike."""
    stages: tuple[StageRun, ...]
    sends: tuple[bool, ...]
    """Whether each stage sent anything but zeros."""

    @property
    def predictions(self) -> NDArray[np.int64]:
        """(N,) class: see `predicted`."""
        return predicted(self.outputs)


def run_float(network: Network, x: ArrayLike, *, trace: bool = True) -> FloatRun:
    """Compute a float network, in float64.

    Parameters
    ----------
    network
        A network whose neurons are :class:`Activation` or :class:`SpikingNeuron`. Directly encoded values stay float;
        codes that are defined on integers quantise them to ``network.input.format`` first.
    x
        (N, inputs) values, or (N, steps, inputs) spikes.
    trace
        Keep the results of every stage in ``stages``, which is empty otherwise to save memory.

    Raises
    ------
    InputError
        The network is quantised, or the samples do not fit it.
    """
    network.require_one_kind()
    values = np.asarray(x)
    require(len(values) >= 1, "there are no samples to compute")
    widest = max(network.input.inputs, *(stage.synapses.outputs for stage in network.stages))
    size = max(1, min(BATCH, BATCH_VALUES // (network.input.steps * widest)))
    runs = [_run_batch(network, values[start : start + size], trace=trace) for start in range(0, len(values), size)]
    return FloatRun(
        outputs=np.concatenate([run.outputs for run in runs]),
        stages=tuple(_join(parts) for parts in zip(*(run.stages for run in runs), strict=True)),
        sends=tuple(map(any, zip(*(run.sends for run in runs), strict=True))),
    )


def _join(parts: tuple[StageRun, ...]) -> StageRun:
    membranes = [part.membrane for part in parts if part.membrane is not None]
    return StageRun(
        outputs=np.concatenate([part.outputs for part in parts]),
        peak=max(part.peak for part in parts),
        reach=(min(part.reach[0] for part in parts), max(part.reach[1] for part in parts)),
        membrane=np.concatenate(membranes) if membranes else None,
    )


def _run_batch(network: Network, x: NDArray[np.generic], *, trace: bool) -> FloatRun:
    values = encode_float(network.input, x)
    runs: list[StageRun] = []
    for index, stage in enumerate(network.stages):
        sent = [runs[source].outputs if source >= 0 else values for source in network.sources(index)]
        if stage.delays is not None:
            sent = [delayed(train, stage.delays) for train in sent]
        current = _currents(stage, sent)
        if isinstance(stage.neuron, Activation):
            reach = (float(current.min()), float(current.max()))
            run = StageRun(outputs=stage.neuron(current), peak=max(map(abs, reach)), reach=reach)
        elif isinstance(stage.neuron, SpikingNeuron):
            if stage.neuron.firing is not None:
                current[:, 1:] -= biases(stage.synapses)
            run = integrate(stage.neuron, current, stage.recurrent)
        else:
            raise InputError(f"stage {stage.name!r} is quantised: run the golden model, not the float reference")
        runs.append(run)
    outputs = runs[-1].outputs
    if network.decoding is Decoding.FIRST_SPIKE:
        # the earlier the first spike, the larger the output; without one, it comes after the last step
        spiked = np.concatenate([outputs != 0, np.ones_like(outputs[:, :1], dtype=bool)], axis=1)
        outputs = -np.argmax(spiked, axis=1).astype(np.float64)
    elif network.readout is Readout.MEMBRANE:
        assert runs[-1].membrane is not None  # only SNNs have a readout
        outputs = runs[-1].membrane
    elif network.readout is not None:
        outputs = outputs.sum(axis=1)
    sends = tuple(bool(run.outputs.any()) for run in runs)
    return FloatRun(outputs=outputs, stages=tuple(runs) if trace else (), sends=sends)


def _currents(stage: Stage, sent: list[Floats]) -> Floats:
    """Return (N, outputs), or (N, steps, outputs): synapses have no state, so each step is just another sample."""
    flat = [values.reshape(-1, values.shape[-1]) for values in sent]
    size = PATCHED if isinstance(stage.synapses, Conv2d) else len(flat[0])
    parts = [
        currents(stage.synapses, *(values[start : start + size] for values in flat))
        for start in range(0, len(flat[0]), size)
    ]
    return np.concatenate(parts).reshape(*sent[0].shape[:-1], -1)
