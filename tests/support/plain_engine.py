"""The plainest model of an event engine: one neuron, one event at a time."""

import numpy as np
from support.neuron_cases import all_knobs

from tospike.hw.params import (
    LeakKind,
    PayloadCode,
    Reset,
    ResetTiming,
    Rounding,
)


def shifted(value, shift, rounding):
    quotient = value / 2**shift  # exact: small integers
    if rounding is Rounding.HALF_UP:
        return int(np.floor(quotient + 0.5))
    if rounding is Rounding.HALF_EVEN:
        return int(np.rint(quotient))
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
    first = (step * params.words * params.lanes + number) * law.bits * law.draws
    bits = [law.initial >> n & 1 for n in range(127)]
    while len(bits) < 127 + first + law.bits * law.draws:
        bits.append(bits[-127] ^ bits[-64])
    total = 0
    for draw in range(law.draws):
        value = sum(bit << n for n, bit in enumerate(bits[127 + first + draw * law.bits :][: law.bits]))
        total += value - (value >> (law.bits - 1) << law.bits)
    if law.shift >= 0:
        return total * law.scale << law.shift
    return int(np.floor(total * law.scale * 2.0**law.shift + (law.draws * law.scale * 2.0**law.shift + 1) / 2))


def weighted(value, tap):
    """An earlier input of a sliding neuron, times its weight."""
    if tap == 32:
        return 0
    return -(value // 2 ** (tap - 16)) if tap >= 16 else value // 2**tap


class Plain:
    """One neuron, as its parameters' docstrings say."""

    def __init__(self, params, number, bias, decays):
        self.number, self.steps, self.raised, self.inputs = number, 0, 0, []
        neuron, rest = params.neuron, list(decays)
        self.knobs = p = all_knobs(neuron)
        self.own = rest.copy()
        self.membrane_decay = rest.pop(0) if p.leak and p.leak.varies else None
        self.current_decay = rest.pop(0) if p.synapse and p.synapse.varies else None
        self.p, self.neuron, self.bias = params, params.neuron, bias
        self.i = self.rests = 0
        self.v = neuron.initial
        self.spikes = self.saturations = 0
        self.owed, self.burst = False, 0

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
            self.inputs = [self.add(0, terms), *self.inputs]
            taps = self.own if p.varies else p.taps
            earlier = [weighted(x, tap) for x, tap in zip(self.inputs[p.dilation :: p.dilation], taps, strict=False)]
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
        if self.knobs.code is not PayloadCode.COUNT:
            last = p.spike_bits - 1
            if self.knobs.code is PayloadCode.BURST:
                payload = 2 ** min(self.burst, last)
            else:
                payload = 2 ** (last - self.steps % p.spike_bits)
            spikes = v >= payload * p.threshold if p.spikes_at_threshold else v > payload * p.threshold
            self.burst = self.burst + 1 if spikes else 0
            return payload * spikes
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
