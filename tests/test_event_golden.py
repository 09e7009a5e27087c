"""The golden model of the event engine against the plainest possible one: one neuron, one event at a time."""

import numpy as np
import pytest
from neuron_cases import all_knobs
from test_event_engine import random_case

from tospike.hw.params import (
    InputError,
    IntFormat,
    IParams,
    LeakKind,
    LifParams,
    Readout,
    Reset,
    ResetTiming,
    Rounding,
    SpikingParams,
)
from tospike.sim.spiking.golden import run_event


def shifted(value, shift, rounding):
    quotient = value / 2**shift  # exact: small integers
    if rounding is Rounding.HALF_UP:
        return int(np.floor(quotient + 0.5))
    return int(np.trunc(quotient)) if rounding is Rounding.TRUNCATE else int(np.floor(quotient))


def leaked(value, leak, decay):
    if leak.kind is LeakKind.SHIFT:
        return value - shifted(value, leak.shift, leak.rounding)
    return shifted(value * (decay if leak.varies else leak.decay), leak.decay_bits, leak.rounding)


def noise_of(params, number, step):
    """What neuron ``number`` adds to its membrane for the comparison of a step."""
    law = params.neuron.noise
    if law is None:
        return 0
    first = (step * params.words * params.lanes + number) * law.bits
    bits = [law.initial >> n & 1 for n in range(127)]
    while len(bits) < 127 + first + law.bits:
        bits.append(bits[-127] ^ bits[-64])
    value = sum(bit << n for n, bit in enumerate(bits[127 + first :][: law.bits]))
    return (value - (value >> (law.bits - 1) << law.bits)) << law.shift


class Plain:
    """One neuron, as its parameters' docstrings say."""

    def __init__(self, params, number, bias, decays):
        self.number, self.steps, self.raised, self.inputs = number, 0, 0, []
        neuron, rest = params.neuron, list(decays)
        self.knobs = p = all_knobs(neuron)
        self.membrane_decay = rest.pop(0) if p.leak and p.leak.varies else None
        self.current_decay = rest.pop(0) if p.synapse and p.synapse.varies else None
        self.p, self.neuron, self.bias = params, params.neuron, bias
        self.i = self.rests = 0
        self.v = neuron.initial
        self.spikes = self.saturations = 0
        self.owed = False

    def clamp(self, value, fmt):
        clamped = min(max(value, fmt.min), fmt.max)
        self.saturations += clamped != value
        return clamped

    def step(self, terms):
        """Spikes; ``self.v`` is the membrane that is read out."""
        p, state = self.knobs, self.neuron.state
        before, hard = self.v, p.reset is not Reset.SUBTRACT
        if p.lower_bound is not None and self.steps:
            before = max(before, p.lower_bound)
        next_step = p.reset_timing is ResetTiming.NEXT
        value = p.v_reset if p.reset is Reset.VALUE else 0
        if next_step and hard and not p.synapse and self.spikes:
            before = value
        if p.taps:
            self.inputs = [self.add(0, terms), *self.inputs][: len(p.taps) + 1]
            earlier = [x // 2**tap for x, tap in zip(self.inputs[1:], p.taps, strict=False)]
            self.v = self.clamp(self.inputs[0] + sum(earlier), state)
            self.spikes = self.count(self.v)
            self.steps += 1
            return self.spikes
        v = leaked(before, p.leak, self.membrane_decay) if p.leak else before
        if next_step and not hard:
            v -= self.spikes * p.threshold
        if p.synapse:
            # the membrane's own sums may not fit either, but with a drift or late amount only
            v = self.clamp(v + p.leak_bias, state)
            self.i = self.add(leaked(self.i, p.synapse, self.current_decay), terms)
            v = self.clamp(v + self.i, state)
            if next_step and hard and self.spikes:
                v = value
        else:
            v = self.add(v, terms)
        if self.rests:
            v = value
        self.spikes = self.count(v) if not self.rests else 0
        self.steps += 1
        if p.adaptation is not None:
            raised = leaked(self.raised, p.adaptation.leak, None) + p.adaptation.step * bool(self.spikes)
            self.raised = self.clamp(raised, state)
        self.rests = p.refractory if self.spikes else max(self.rests - 1, 0)
        if self.spikes and not next_step and p.reset is not Reset.NONE:
            v = value if hard else v - self.spikes * p.threshold
        self.owed = p.reset_timing is ResetTiming.SNNTORCH and v > self.neuron.limit
        if p.lower_bound is not None and self.neuron.spikes:
            v = max(v, p.lower_bound)
        self.v = v
        return self.spikes

    def add(self, v, terms):
        for term in [self.bias, *terms]:
            v = self.clamp(v + int(term), self.neuron.accumulated)
        return v

    def count(self, v):
        p = self.neuron
        if not p.spikes:
            return 0
        v += noise_of(self.p, self.number, self.steps) - p.threshold * self.owed - self.raised
        most = 2**p.spike_bits - 1
        exceeds = (v >= n * p.threshold if p.spikes_at_threshold else v > n * p.threshold for n in range(1, most + 1))
        return sum(exceeds)


def plain(params, weight, bias, train, recurrent=None, decays=None):
    """(spikes, membranes after the last step, saturations) of one sample."""
    per_neuron_decays = decays.tolist() if decays is not None else [[]] * params.neurons
    neurons = [Plain(params, n, int(b), own) for n, (b, own) in enumerate(zip(bias, per_neuron_decays, strict=True))]
    spikes = np.zeros((len(train), params.neurons), dtype=int)
    scale = 2**params.neuron.state_fraction_bits
    for step, events in enumerate(train):
        own = spikes[step - 1] if recurrent is not None and step else []
        for n, neuron in enumerate(neurons):
            fed_back = [recurrent[n, a] * x * scale for a, x in enumerate(own) if x]
            spikes[step, n] = neuron.step([*fed_back, *(weight[n, a] * x * scale for a, x in enumerate(events) if x)])
    return spikes, [neuron.v for neuron in neurons], sum(neuron.saturations for neuron in neurons)


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
