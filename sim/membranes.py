"""The membranes of a chain's last layer, step by step, as they are compared with the threshold."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from tospike.hw.params import EventParams
from tospike.sim.arithmetic import Ints
from tospike.sim.design import Design
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.models import MODELS, run_spiking
from tospike.sim.network.output_order import as_network
from tospike.sim.spiking.arrays import engine_arrays, with_threshold
from tospike.sim.spiking.delta_ann import DeltaAnnRun
from tospike.sim.spiking.running import RunningLayer


def last_membranes(design: Design, sample: Sample, runs: Sequence[EngineRun]) -> Ints | None:
    """Return the (N, steps, outputs) membranes of the last layer before each reset; of a delta ANN, its sums.

    Parameters
    ----------
    sample
        (N, steps, inputs) payloads that the host sends.
    runs
        The runs of all engines on it.

    Returns
    -------
    In the network's order of outputs; ``None`` if the last engine does not work step by step.
    """
    last, params = len(runs) - 1, design.params.engines[-1]
    if isinstance(runs[-1], DeltaAnnRun):
        return as_network(design.params, runs[-1].membranes)
    if MODELS[type(params)].run is not run_spiking:
        return None
    params, received = cast(EventParams, params), runs[-2].sent if last else sample  # what `run_spiking` takes
    arrays, params = engine_arrays(params, design, last), with_threshold(params, design, last)
    layer = RunningLayer(params, arrays.weight, arrays.bias, len(received), arrays.recurrent, arrays.decays)
    steps = received.shape[1]
    membranes = []
    for step in range(steps):
        layer.advance(received[:, step : step + 1], ends=step == steps - 1)
        membranes.append(layer.neurons.before)
    return as_network(design.params, np.stack(membranes, axis=1))
