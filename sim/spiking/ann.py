"""Golden model of an ANN on event engines: frames of activations, without time steps and without their zeros."""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import ActivationParams, EventAnnParams, require
from tospike.sim.arithmetic import Ints, round_shift
from tospike.sim.engine import EngineRun, Sample
from tospike.sim.spiking.golden import EventRun, recount, run_event


@dataclass(frozen=True, kw_only=True, eq=False)
class EventAnnRun(EngineRun):
    """The results of the event engine of an ANN's layer for N frames."""

    event: EventRun
    """The same engine as a layer of neurons with one update, that of the END; its membranes are the sums."""
    activations: Ints | None
    """(N, neurons): the requantised membranes; ``None`` if the engine sends the membranes."""


def run_event_ann(params: EventAnnParams, weight: Ints, bias: Ints, multipliers: Ints | None, x: Ints) -> EventAnnRun:
    """Compute one layer of an ANN on an event engine.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs).
    bias
        (neurons,).
    multipliers
        (neurons,) of the requantiser; ``None`` if the engine sends its membranes.
    x
        (N, inputs) activations.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    run = run_event(params, weight, bias, x[:, None, :])
    wanted = None if params.activation is None else (params.neurons,)
    given = None if multipliers is None else multipliers.shape
    require(given == wanted, f"the multipliers of activations must have shape {wanted}, not {given}")
    activations = None
    if params.activation is not None and multipliers is not None:
        activations = activate(params.activation, run.outputs, multipliers)
    return _count(run, activations)


def recount_event_ann(params: EventAnnParams, received: Sample, run: EventAnnRun) -> EventAnnRun:
    """Return the run of an engine with other lanes; see `tospike.sim.spiking.golden.recount`."""
    event = recount(params, received, run.event)
    assert event is not None  # an END updates all words
    return _count(event, run.activations)


def _count(run: EventRun, activations: Ints | None) -> EventAnnRun:
    """Return the run of an engine, given that of its layer of neurons."""
    ones = np.ones(len(run.outputs), dtype=np.int64)
    counters = {**run.counters, "ticks": 0 * ones}
    operations = {name: count for name, count in run.operations.items() if name != "neuron_update"}
    if activations is not None:
        results, sent = (np.count_nonzero(values, axis=1) for values in (run.outputs, activations))
        counters |= {"results": results, "activations": sent}
        operations |= {"requantize": results, "multiplier_read": results}
        operations |= {"activation_write": sent, "activation_read": sent}
    values = run.outputs if activations is None else activations
    return EventAnnRun(
        sent=values[:, None], counters=counters, operations=operations, event=run, activations=activations
    )


def activate(params: ActivationParams, membranes: Ints, multipliers: Ints) -> Ints:
    """Return (N, neurons) ``clamp(round(v * multiplier / 2**shift))``; see
    :class:`tospike.hw.params.ActivationParams`."""
    scaled = membranes * multipliers.astype(np.int64)
    return np.clip(round_shift(scaled, params.shift, params.requantize.rounding), *params.clamp)
