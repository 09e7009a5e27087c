"""Layers that accumulate first and fire afterwards: the RTL as the golden model, and both as a quantised activation."""

from dataclasses import replace

import numpy as np
import pytest
from support.chains import check_chain
from support.event_engine import check
from support.neuron_cases import of_kind
from support.window_cases import random_window_case

from tospike.hw.params import (
    AcceleratorParams,
    Comparison,
    EventWindow,
    FiringPhase,
    HostInput,
    HostOutput,
    IfParams,
    InputError,
    IntFormat,
    IParams,
    LifParams,
    NeuronKind,
    NeuronUpdate,
    Readout,
    RegisterParams,
    Reset,
    SpikingParams,
)
from tospike.sim.spiking.golden import run_event


def random_neuron(rng, readout, firing):
    if readout is Readout.MEMBRANE:
        return IParams(state_bits=int(rng.choice([6, 12])), lower_bound=[None, -2][rng.integers(2)], firing=firing)
    return of_kind(
        NeuronKind.IF,
        firing=firing,
        state_bits=int(rng.choice([6, 12])),
        state_fraction_bits=int(rng.integers(2)),
        threshold=int(rng.integers(1, 8)),
        comparison=list(Comparison)[rng.integers(2)],
        reset=list(Reset)[rng.integers(4)],
        lower_bound=[None, None, -2][rng.integers(3)],
        spike_bits=1,
    )


def random_layer(rng, *, inputs, payload, first, steps, readout):
    neurons = int(rng.choice([1, 7, 8, 9, 20]))
    params = SpikingParams(
        inputs=inputs,
        neurons=neurons,
        lanes=int(rng.choice([1, 2, 3, 8])),
        payload=payload,
        weight_bits=5,
        neuron=random_neuron(rng, readout, FiringPhase(first=first, steps=0 if readout is Readout.MEMBRANE else steps)),
        readout=readout,
        bias=bool(rng.integers(2)),
    )
    bias = rng.integers(-6, 7, neurons) if params.bias else np.zeros(neurons, dtype=int)
    return params, (rng.integers(-8, 12, (neurons, inputs)), bias, None, None)


@pytest.mark.parametrize("seed", range(12))
def test_chain(seed):
    """Two layers, the second with any readout, whose phases need not fit each other or the length of the samples."""
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 5))
    first = random_layer(
        rng,
        inputs=int(rng.choice([1, 4])),
        payload=IntFormat(bits=1, signed=False),
        first=int(rng.integers(0, 4)),
        steps=steps,
        readout=Readout.SPIKES,
    )
    second = random_layer(
        rng,
        inputs=first[0].neurons,
        payload=first[0].output.payload,
        first=steps + int(rng.integers(0, 3)),
        steps=int(rng.integers(1, 5)),
        readout=list(Readout)[seed % 3],
    )
    engines, synapses = zip(first, second, strict=True)
    chain = AcceleratorParams(name="chain", engines=engines, host_input=HostInput.TOKENS, host_output=HostOutput.TOKENS)
    trains = rng.integers(0, 2, (2, 11, engines[0].inputs)) * (rng.random((2, 11, 1)) < 0.5)
    check_chain(chain, synapses, trains)


@pytest.mark.parametrize("seed", range(4))
def test_under_back_pressure(seed):
    rng = np.random.default_rng(seed)
    params, (weight, bias, *_) = random_layer(
        rng,
        inputs=3,
        payload=IntFormat(bits=1, signed=False),
        first=int(rng.integers(0, 5)),
        steps=int(rng.integers(1, 5)),
        readout=list(Readout)[seed % 3],
    )
    inputs = rng.integers(0, 2, (3, 8, 3)) * (rng.random((3, 8, 1)) < 0.4)
    check(params, weight, bias, inputs, stall=0.5, seed=seed)


@pytest.mark.parametrize("seed", range(10))
def test_windows(seed):
    """A step outside the phase updates no words: the next update starts again at the first channel."""
    rng = np.random.default_rng(seed)
    readout = list(Readout)[seed % 3]
    window = EventWindow(shape=(2, 3, 2), channels=int(rng.choice([3, 5, 7])), kernel=(2, 1))
    kind = NeuronKind.I if readout is Readout.MEMBRANE else NeuronKind.IF
    params, *case = random_window_case(rng, window=window, readout=readout, kind=kind)
    firing = FiringPhase(first=int(rng.integers(1, 4)), steps=0 if readout is Readout.MEMBRANE else 2)
    params = replace(params, neuron=random_neuron(rng, readout, firing), lanes=2, bias=bool(seed % 2))
    weight, bias, inputs, *rest = case
    bias = bias * params.bias
    trains = np.concatenate([inputs] * 6, axis=1)[:, :6]
    check(params, weight, bias, trains, *rest, stall=0.2, seed=seed)


PHASE = FiringPhase(first=5, steps=5)


def layer(**knobs):
    """IF neurons that spike while v >= 6, and subtract 6: in steps 5 to 9, after as many of input."""
    defaults = {
        "inputs": 4,
        "neurons": 30,
        "weight_bits": 6,
        "bias": True,
        "neuron": IfParams(threshold=6, comparison=Comparison.AT_LEAST, reset=Reset.SUBTRACT, firing=PHASE),
    }
    return SpikingParams(**defaults | knobs)


def test_it_is_a_quantised_activation_of_the_sum_in_any_order():
    """k = clip(floor((V + theta / 2) / theta), 0, T), as by a clip-floor-shift activation."""
    rng = np.random.default_rng(21)
    theta, steps = 6, 5
    weight, bias = rng.integers(-20, 21, (30, 4)), rng.integers(-9, 10, 30)
    trains = np.zeros((40, 10, 4), dtype=int)
    trains[:, :steps] = rng.integers(0, 2, (40, steps, 4))
    run = run_event(layer(), weight, bias + theta // 2, trains)
    total = trains.sum(axis=1) @ weight.T + bias
    levels = np.clip(np.floor_divide(total + theta // 2, theta), 0, steps)
    assert levels.min() == 0 and levels.max() == steps
    assert (run.spikes.sum(axis=1) == levels).all()
    assert not run.spikes[:, :5].any()
    for order in (trains[:, rng.permutation(steps)], trains[:, :steps][:, ::-1]):
        shuffled = np.concatenate([order, np.zeros_like(order)], axis=1)[:, :10]
        assert (run_event(layer(), weight, bias + theta // 2, shuffled).spikes.sum(axis=1) == levels).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layer(recurrent=True), "no recurrence"),
        (lambda: layer(update=NeuronUpdate.ACTIVE, bias=False), "--update all"),
        (lambda: layer(readout=Readout.MEMBRANE), "except that of a layer whose membranes are read"),
        (lambda: LifParams(firing=PHASE), "only IF neurons"),
        (lambda: IfParams(firing=PHASE, refractory=1), "only IF neurons"),
        (lambda: IfParams(firing=FiringPhase(first=3, steps=0)), "I neurons one without steps"),
        (lambda: IParams(firing=PHASE), "I neurons one without steps"),
        (lambda: RegisterParams(inputs=4, neurons=4, neuron=IfParams(firing=PHASE)), "give it an event engine"),
    ],
)
def test_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_phase_has_bounds():
    with pytest.raises(InputError, match="first step of the firing phase must be"):
        FiringPhase(first=-1, steps=2)
    with pytest.raises(InputError, match="steps of the firing phase must be"):
        FiringPhase(first=0, steps=1 << 17)
