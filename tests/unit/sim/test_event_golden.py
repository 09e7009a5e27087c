"""The golden model of the event engine against the plainest possible one: one neuron, one event at a time."""

import numpy as np
import pytest
from support.event_engine import random_case
from support.neuron_cases import all_knobs
from support.plain_engine import plain

from tospike.hw.params import (
    InputError,
    IntFormat,
    IParams,
    LifParams,
    Readout,
    ResetTiming,
    SpikingParams,
)
from tospike.sim.spiking.golden import run_event


@pytest.mark.parametrize("seed", range(120))
def test_equals_the_plain_model(seed):
    rng = np.random.default_rng(seed)
    params, weight, bias, inputs, *others = random_case(rng, lanes=4, neurons=int(rng.integers(1, 9)))
    run = run_event(params, weight, bias, inputs, *others)
    for sample, train in enumerate(inputs):
        spikes, membranes, saturations = plain(params, weight, bias, train, *others)
        assert (run.spikes[sample] == spikes).all()
        if params.readout is Readout.MEMBRANE:
            assert run.outputs[sample].tolist() == membranes
        else:
            limit = params.output.payload.max if params.readout is Readout.COUNT else 1 << 16
            assert run.outputs[sample].tolist() == np.minimum(spikes.sum(axis=0), limit).tolist()
        # The hardware adds the bias of the next step behind a TICK, even of the step that never comes.
        p = all_knobs(params.neuron)
        late = p.leak_bias or p.adaptation or p.reset_timing is ResetTiming.NEXT
        if not params.bias and not late and not params.recurrent:
            assert run.counters["saturations"][sample] == saturations


def test_saturation_depends_on_the_order_of_events():
    neuron = IParams(state_bits=4)
    params = SpikingParams(inputs=2, neurons=1, neuron=neuron, readout=Readout.MEMBRANE)
    for weight, expected in (([7, -7], 0), ([8, -8], -1), ([-9, 9], 1)):
        run = run_event(params, np.array([weight]), np.array([0]), np.ones((1, 1, 2), dtype=int))
        assert run.outputs.tolist() == [[expected]]


def test_operations():
    params = SpikingParams(inputs=3, neurons=5, lanes=4, readout=Readout.COUNT, neuron=LifParams(threshold=3))
    inputs = np.array([[[1, 0, 1], [0, 0, 0]]])
    run = run_event(params, np.full((5, 3), 2), np.zeros(5, dtype=int), inputs)
    assert {name: count.tolist() for name, count in run.operations.items()} == {
        "sop": [10],
        "neuron_update": [10],
        "spike": [5],
        "weight_read": [10],
        "state_read": [10 + 10 + 15],  # events, TICKs, spike counters at TICKs and END
        "state_write": [10 + 15 + 15],
    }


def test_the_same_step_again_is_the_same_as_a_copy():
    rng = np.random.default_rng(0)
    params = SpikingParams(inputs=6, neurons=4, payload=IntFormat(bits=3, signed=False), weight_bits=4)
    weight, bias = rng.integers(-8, 8, (4, 6)), np.zeros(4, dtype=int)
    frames = rng.integers(0, 8, (5, 1, 6))
    view = np.broadcast_to(frames, (5, 4, 6))
    assert (run_event(params, weight, bias, view).spikes == run_event(params, weight, bias, view.copy()).spikes).all()


@pytest.mark.parametrize(
    ("weight", "bias", "inputs", "message"),
    [
        (
            np.zeros((3, 2)),
            np.zeros(2),
            np.zeros((1, 1, 2)),
            r"weights must have shape \(2, 2\), not \(3, 2\)",
        ),
        (np.zeros((2, 2)), np.zeros(3), np.zeros((1, 1, 2)), r"bias must have shape \(2,\), not \(3,\)"),
        (np.zeros((2, 2)), np.zeros(2), np.zeros((1, 2)), r"samples of shape \(steps, 2\)"),
        (
            np.full((2, 2), 200),
            np.zeros(2),
            np.zeros((1, 1, 2)),
            "weights from 0 to 200 do not fit -128 to 127",
        ),
        (np.zeros((2, 2)), np.zeros(2), np.full((1, 1, 2), 2), "inputs from 0 to 2 do not fit 0 to 1"),
    ],
)
def test_bad_input(weight, bias, inputs, message):
    params = SpikingParams(inputs=2, neurons=2)
    with pytest.raises(InputError, match=message):
        run_event(params, weight.astype(int), bias.astype(int), inputs.astype(int))
