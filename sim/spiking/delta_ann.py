"""Golden model of a delta ANN: layers that receive and send changes of values.

Neil et al., "Delta networks for optimized recurrent network computation", arXiv 1612.05571, for feed-forward layers;
O'Connor and Welling, "Sigma delta quantized networks", arXiv 1611.02024.
"""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import DeltaAnnParams, NeuronUpdate, require
from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.encoders.changes import differences
from tospike.sim.spiking.ann import activate
from tospike.sim.spiking.golden import EventRun


@dataclass(frozen=True, kw_only=True, eq=False)
class DeltaAnnRun(EventRun):
    """The results of one layer for N samples of F frames."""

    membranes: Ints
    """(N, F, neurons): the sums with their biases, after each frame."""
    changes: Ints | None
    """(N, F, neurons): the changes of activations that are sent; ``None`` for the last layer, which sends its membranes
    after the last frame."""


def run_delta_ann(
    params: DeltaAnnParams, weight: Ints, bias: Ints, multipliers: Ints | None, changes: Ints
) -> DeltaAnnRun:
    """Compute one layer of a delta ANN.

    ::

        x_f = x_(f-1) + changes_f                        x_(-1) = 0
        v_f = bias + 2**state_fraction_bits * W x_f
        y_f = activation(v_f)
        d_f = y_f - s_(f-1)                              s_(-1) = 0
        sent_f = d_f where |d_f| > change_threshold, else 0
        s_f = s_(f-1) + sent_f

    A change replaces the previous value of its input. So after every change, in any order within a frame, the membrane
    is ``bias + W x`` for some x whose values are in the input format: a state that holds these sums for all such x
    never saturates.

    Parameters
    ----------
    params
        The engine.
    weight
        (neurons, inputs).
    bias
        (neurons,).
    multipliers
        (neurons,) of the requantiser; ``None`` for the last layer.
    changes
        (N, F, inputs).

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``, or some input could saturate a membrane.
    """
    _check(params, weight, bias, multipliers, changes)
    act = params.act
    inputs = np.cumsum(changes, axis=1)
    require(
        act.min <= int(inputs.min(initial=0)) and int(inputs.max(initial=0)) <= act.max,
        f"changes add up to values from {inputs.min()} to {inputs.max()}, which do not fit {act.min} to {act.max}",
    )
    membranes = (exact_matmul(inputs, weight.astype(np.int64).T) << params.fraction_bits) + bias
    sent = None
    if params.activation is not None and multipliers is not None:
        activation = params.activation
        sent = differences(activate(activation, membranes, multipliers), activation.change_threshold)
    updated = np.broadcast_to(np.bool_(params.update is NeuronUpdate.ALL), (*changes.shape[:2], params.words))
    counters = _counters(params, changes, sent)
    return DeltaAnnRun(
        sent=membranes[:, -1:] if sent is None else sent,
        counters=counters,
        operations=_operations(params, counters),
        spikes=np.zeros((*changes.shape[:2], 0), dtype=np.uint8),
        outputs=membranes[:, -1],
        membranes=membranes,
        changes=sent,
        updated=updated,
    )


def _check(params: DeltaAnnParams, weight: Ints, bias: Ints, multipliers: Ints | None, changes: Ints) -> None:
    shape = (params.neurons, params.inputs)
    require(weight.shape == shape, f"the weights must have shape {shape}, not {weight.shape}")
    require(bias.shape == shape[:1], f"the bias must have shape {shape[:1]}, not {bias.shape}")
    wanted = shape[:1] if params.activation is not None else None
    given = None if multipliers is None else multipliers.shape
    require(given == wanted, f"the multipliers of activations must have shape {wanted}, not {given}")
    require(
        changes.ndim == 3 and changes.shape[1] >= 1 and changes.shape[2] == params.inputs,
        f"a layer of a delta ANN takes samples of shape (frames, {params.inputs}), not {changes.shape[1:]}",
    )
    low, high = (weight * end << params.fraction_bits for end in (params.act.min, params.act.max))
    lowest = int((bias + np.minimum(low, high).sum(axis=1)).min())
    highest = int((bias + np.maximum(low, high).sum(axis=1)).max())
    state = params.neuron.state
    require(
        state.holds(lowest) and state.holds(highest),
        f"membranes from {lowest} to {highest} do not fit {state.bits} bits: give more state-bits",
    )


def _counters(params: DeltaAnnParams, changes: Ints, sent: Ints | None) -> dict[str, Ints]:
    samples, frames, _ = changes.shape
    ones, values = np.ones(samples, dtype=np.int64), np.count_nonzero(changes, axis=(1, 2)).astype(np.int64)
    # with a membrane readout, the last TICK has no update of its own
    updated = frames if sent is not None else (frames - 1) * (params.update is NeuronUpdate.ALL)
    counters = {
        "values": values,
        "ticks": frames * ones,
        "samples": ones,
        "synapse_words": values * params.words,
        "update_words": (updated + 1) * params.words * ones,
        "spikes": 0 * ones,
        "saturations": 0 * ones,
    }
    if sent is not None:
        each = np.count_nonzero(sent, axis=2).astype(np.int64)
        counters |= {
            "results": frames * params.neurons * ones,
            "activations": each.sum(axis=1),
            "stored": params.neurons + each[:, 1:].sum(axis=1),  # the first frame is stored in full
        }
    return counters


def _operations(params: DeltaAnnParams, counters: dict[str, Ints]) -> dict[str, Ints]:
    """Count elements, not words."""
    synapses, samples = counters["values"] * params.neurons, counters["samples"] * params.neurons
    updated = counters["update_words"] // params.words * params.neurons
    operations = {
        "mac": synapses,
        "weight_read": synapses,
        "state_read": synapses + updated,
        "state_write": synapses + updated,
        **(dict.fromkeys(("bias_add", "bias_read"), samples) if params.bias else {}),
    }
    if "results" in counters:
        results, sent = counters["results"], counters["activations"]
        operations |= {
            "requantize": results,
            "multiplier_read": results,
            "activation_read": results + sent,
            "activation_write": counters["stored"] + sent,
        }
    return operations
