"""One lane's neuron at small widths, in all its states, against the golden model."""

from itertools import product

import numpy as np
import pytest
from support.neuron_cases import of_kind
from support.stream_bench import simulate

from tospike.hw.params import (
    NEURONS,
    AdaptationParams,
    Comparison,
    InputError,
    IParams,
    LeakKind,
    LeakParams,
    LifParams,
    NeuronKind,
    NeuronParams,
    PayloadCode,
    Reset,
    ResetTiming,
    Rounding,
    neuron_params,
)
from tospike.hw.spiking.neurons import DATAPATHS, make_neuron
from tospike.sim.spiking.neurons import MODELS, neuron_model

BIASES = (-4, 0, 3)


def all_states(params):
    """(state, aux states) of every neuron that there can be; of a membrane behind its current every sixth."""
    ranges = [range(params.accumulated.min, params.accumulated.max + 1)]
    for name, fmt in params.aux.items():
        most = params.refractory_steps if name == "refractory_count" else fmt.max
        most = params.largest_exponent if name == "spike_place" else most
        ranges.append(range(fmt.min, most + 1, 6 if name == "membrane" else 1))
    return [(state, dict(zip(params.aux, aux, strict=True))) for state, *aux in product(*ranges)]


def golden(params, states, bias):
    """Spikes, after, decayed, and the aux state of each."""
    neurons = neuron_model(params, np.array([bias]), len(states))
    neurons.aux = {name: np.array([[aux[name]] for _, aux in states]) for name in params.aux}
    spikes = neurons.update(np.array([[state] for state, _ in states]))
    kept = {name: values[:, 0].tolist() for name, values in neurons.aux.items()}
    return spikes[:, 0].tolist(), neurons.after[:, 0].tolist(), neurons.start[:, 0].tolist(), kept


def pipeline(params, states, clears, bias=None):
    """What `golden` returns, from the hardware; ``clears`` come in the cycle that belongs to each state."""
    dut = make_neuron(params, bias=bias is not None)
    later = params.extra_cycles
    spikes, afters, decayed, aux = [], [], [], {name: [] for name in params.aux}

    async def bench(ctx):
        if bias is not None:
            ctx.set(dut.bias, bias)
        for cycle in range(len(states) + 5 + later):
            if cycle < len(states):
                state, beside = states[cycle]
                ctx.set(dut.state, state)
                for name, value in beside.items():
                    ctx.set(dut.aux[name], value)
            if 0 <= cycle - 2 - later < len(states):
                ctx.set(dut.clear, clears[cycle - 2 - later])
                if params.initial:
                    ctx.set(dut.begin, clears[cycle - 2 - later])
            spikes.append(ctx.get(dut.spike))
            afters.append(ctx.get(dut.after))
            decayed.append(ctx.get(dut.decayed))
            for name, values in aux.items():
                values.append(ctx.get(dut.aux_next[name]))
            await ctx.tick()

    simulate(dut, bench)
    early, late = (slice(first + later, first + later + len(states)) for first in (1, 4))
    return spikes[early], afters[early], decayed[late], {name: values[late] for name, values in aux.items()}


LEAKS = [
    *[LeakParams(shift=shift, rounding=rounding) for shift in (1, 3) for rounding in Rounding],
    *[
        LeakParams(kind=LeakKind.MULTIPLY, decay=decay_, decay_bits=4, rounding=rounding)
        for decay_ in (5, 16)
        for rounding in Rounding
    ],
]


def coded_neurons(kind):
    """Neurons that send bursts or phases."""
    codes = (PayloadCode.BURST, PayloadCode.PHASE)
    for number, (code, comparison, bits) in enumerate(product(codes, Comparison, (2, 3, 4))):
        yield of_kind(
            kind,
            state_bits=5,
            threshold=1,
            comparison=comparison,
            reset=Reset.SUBTRACT,
            spike_bits=bits,
            code=code,
            leak=LEAKS[number],
            current_bits=4,
            synapse=LEAKS[number - 1],
        )


def neurons_of(kind):
    """Every legal combination of reset, timing, comparison, spikes per step and rests; leaks and bounds in turn."""
    number = 0
    for reset, timing, comparison, bits in product(Reset, ResetTiming, Comparison, (1, 2, 3)):
        if timing is ResetTiming.SNNTORCH and (reset is not Reset.SUBTRACT or bits > 1):
            continue
        if reset is Reset.NONE and (timing is not ResetTiming.SAME or bits > 1):
            continue
        for refractory in (0, 2) if reset in (Reset.ZERO, Reset.VALUE) and timing is ResetTiming.SAME else (0,):
            number += 1
            yield of_kind(
                kind,
                state_bits=5,
                threshold=(1, 3, 4, 14)[number % 4],
                comparison=comparison,
                reset=reset,
                v_reset=-3 if reset is Reset.VALUE else 0,
                reset_timing=timing,
                spike_bits=bits,
                refractory=refractory,
                leak=LEAKS[number % len(LEAKS)],
                current_bits=4,
                synapse=LEAKS[number * 5 % len(LEAKS)],
                leak_bias=(0, 5, -2)[number % 3],
                lower_bound=(None, -3, -9)[number % 3] if reset is Reset.VALUE else (None, 0, -1, -6)[number % 4],
            )


@pytest.mark.parametrize("kind", [kind for kind in NeuronKind if kind is not NeuronKind.SLIDING])
def test_all_states(kind):
    every = [*neurons_of(kind), *(coded_neurons(kind) if kind.spikes else ())]
    for number, params in enumerate(every if kind.spikes else every[::5]):
        states = all_states(params)
        bias = (None, *BIASES)[number % 4]
        assert pipeline(params, states, [0] * len(states), bias) == golden(params, states, bias or 0), params


def test_threshold_is_strict_unless_told():
    states = [(v, {}) for v in range(-8, 8)]
    for comparison, first in ((Comparison.ABOVE, 4), (Comparison.AT_LEAST, 3)):
        params = LifParams(state_bits=4, threshold=3, comparison=comparison)
        spikes, afters, *_ = pipeline(params, states, [0] * 16)
        assert [v for v, spike in zip(range(-8, 8), spikes, strict=True) if spike] == list(range(first, 8))
        assert afters[first + 8 :] == [0] * (8 - first)


@pytest.mark.parametrize("initial", [0, 6, -5])
@pytest.mark.parametrize("leak", [LEAKS[0], LEAKS[1], LEAKS[-2]])
@pytest.mark.parametrize("timing", [ResetTiming.SAME, ResetTiming.NEXT, ResetTiming.SNNTORCH])
@pytest.mark.parametrize("kind", [NeuronKind.IF, NeuronKind.LIF, NeuronKind.CUBA_LIF])
def test_clear_acts_on_its_own_membrane_only(leak, timing, kind, initial):
    params = of_kind(
        kind,
        state_bits=4,
        current_bits=4,
        threshold=2,
        leak=leak,
        reset=Reset.SUBTRACT,
        reset_timing=timing,
        initial=initial,
    )
    fresh = neuron_model(params, np.array([0]), 1)
    beside = {name: 4 if name == "membrane" else 0 for name in params.aux}
    states = [(state, beside) for state in range(-8, 8)]
    clears = [n % 3 == 0 for n in range(16)]
    *_, cleared, aux = pipeline(params, states, clears)
    *_, decayed, kept = pipeline(params, states, [0] * 16)
    start = int(fresh.start[0, 0])
    assert cleared == [start if clear else value for clear, value in zip(clears, decayed, strict=True)]
    for name, values in kept.items():
        begins = int(fresh.aux[name][0, 0])
        assert aux[name] == [begins if clear else value for clear, value in zip(clears, values, strict=True)]


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (NeuronKind.LIF, {"threshold": 0, "comparison": Comparison.AT_LEAST}, "threshold must be an integer from 1"),
        (NeuronKind.LIF, {"threshold": 0, "spike_bits": 2}, "need a threshold of at least 1"),
        (
            NeuronKind.LIF,
            {"reset": Reset.VALUE, "v_reset": 2, "threshold": 1},
            "v-reset must be an integer from -32768 to 1, not 2",
        ),
        (NeuronKind.LIF, {"leak_bias": 1}, "LIF neurons have no leak-bias: leave it out"),
        (NeuronKind.LIF, {"lower_bound": 1}, "lower-bound must be an integer from -32768 to 0, not 1"),
        (
            NeuronKind.LIF,
            {"lower_bound": -1, "reset": Reset.VALUE, "v_reset": -2},
            "v-reset is -2, below the membrane's lower-bound",
        ),
        (NeuronKind.SLIDING, {"taps": ()}, "a sliding neuron has 1 to 7 taps, not 0"),
        (NeuronKind.SLIDING, {"taps": (33,)}, "taps must be an integer from 0 to 32, not 33"),
        (NeuronKind.SLIDING, {"taps": (1,) * 7, "dilation": 5}, "7 taps with a dilation of 5 reach 35 steps back"),
        (NeuronKind.SLIDING, {"reset": Reset.SUBTRACT}, "SLIDING neurons have no reset: leave it out"),
        (NeuronKind.SLIDING, {"lower_bound": -1}, "SLIDING neurons have no lower-bound: leave it out"),
        (NeuronKind.LI, {"adaptation": AdaptationParams()}, "LI neurons have no adaptation: leave it out"),
        (NeuronKind.LIF, {"state_fraction_bits": 16}, "state-fraction-bits must be"),
        (NeuronKind.CUBA_LIF, {"current_bits": 3}, "current-bits must be"),
        (NeuronKind.LIF, {"initial": 1 << 15}, "initial must be an integer from -32768 to 32767"),
    ],
)
def test_bad_neurons_are_refused(kind, changes, message):
    with pytest.raises(InputError, match=message):
        neuron_params(kind, **changes)


def test_what_says_nothing_is_no_knob():
    """The command line gives every kind the same options."""
    knobs = {"leak_bias": 0, "reset": Reset.ZERO, "adaptation": None, "taps": (1, 2, 3), "initial": 2}
    assert neuron_params(NeuronKind.I, **knobs) == IParams(initial=2)
    with pytest.raises(InputError, match="I neurons have no speed"):
        neuron_params(NeuronKind.I, speed=None)


def test_what_neurons_have_in_common_is_none():
    with pytest.raises(InputError, match="NeuronParams is an abstract neuron model"):
        NeuronParams()


def test_every_layer_knows_the_same_neurons():
    assert set(MODELS) == set(DATAPATHS) == set(NEURONS)
    assert [cls.tag for cls in NEURONS] == [kind.value for kind in NeuronKind]
    for cls in NEURONS:
        file = cls.__module__.rsplit(".", 1)[1]
        assert MODELS[cls].__module__ == f"tospike.sim.spiking.neurons.{file}"
        assert DATAPATHS[cls].__module__ == f"tospike.hw.spiking.neurons.{file}"
        assert cls().tag == cls.tag
