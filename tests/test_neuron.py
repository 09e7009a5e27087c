"""One lane's neuron, exhaustively at small widths, against the golden model."""

import numpy as np
import pytest
from stream_bench import simulate

from tospike.hw.params import LeakKind, LeakParams, NeuronKind, NeuronParams, Reset, Rounding
from tospike.hw.snn.neuron import LATENCY, Neuron
from tospike.sim.event import decay, fire
from tospike.sim.timing import SWEEP_RETURN


def pipeline(params, clears):
    """(spike, after, decayed) for each membrane, with ``clears`` in the cycle that belongs to it."""
    membranes = list(range(params.state.min, params.state.max + 1))
    dut = Neuron(params)
    spikes, afters, decayed = [], [], []

    async def bench(ctx):
        for cycle in range(len(membranes) + 5):
            if cycle < len(membranes):
                ctx.set(dut.membrane, membranes[cycle])
            if 0 <= cycle - 2 < len(membranes):
                ctx.set(dut.clear, clears[cycle - 2])
            spikes.append(ctx.get(dut.spike))
            afters.append(ctx.get(dut.after))
            decayed.append(ctx.get(dut.decayed))
            await ctx.tick()

    simulate(dut, bench)
    count = len(membranes)
    return membranes, spikes[1 : count + 1], afters[1 : count + 1], decayed[4 : count + 4]


LEAKS = [
    *[LeakParams(shift=shift, rounding=rounding) for shift in (1, 3) for rounding in Rounding],
    *[
        LeakParams(kind=LeakKind.MULTIPLY, decay=decay_, fraction_bits=4, rounding=rounding)
        for decay_ in (5, 16)
        for rounding in Rounding
    ],
]


@pytest.mark.parametrize("kind", NeuronKind)
@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("bits", [5])
def test_all_membranes(kind, reset, bits):
    for number, leak in enumerate(LEAKS if kind.leaks else LEAKS[:1]):
        threshold = (0, 1, 3, (1 << (bits - 1)) - 2)[number % 4]
        params = NeuronParams(kind=kind, state_bits=bits, threshold=threshold, reset=reset, leak=leak)
        clears = [0] * (1 << bits)
        membranes, spikes, afters, decayed = pipeline(params, clears)
        golden_spikes, golden_after = fire(np.array(membranes), params)
        assert spikes == golden_spikes.astype(int).tolist()
        assert afters == golden_after.tolist()
        assert decayed == decay(golden_after, params).tolist()
        assert all(params.state.holds(value) for value in decayed)


def test_threshold_is_strict():
    _, spikes, afters, _ = pipeline(NeuronParams(state_bits=4, threshold=3), [0] * 16)
    assert [v for v, spike in zip(range(-8, 8), spikes, strict=True) if spike] == [4, 5, 6, 7]
    assert afters[-5:] == [3, 0, 0, 0, 0]


@pytest.mark.parametrize("leak", [LEAKS[0], LEAKS[1], LEAKS[-2]])
def test_clear_acts_on_its_own_membrane_only(leak):
    params = NeuronParams(state_bits=4, threshold=3, leak=leak)
    clears = [n % 3 == 0 for n in range(16)]
    *_, cleared = pipeline(params, clears)
    *_, decayed = pipeline(params, [0] * 16)
    assert cleared == [0 if clear else value for clear, value in zip(clears, decayed, strict=True)]


def test_golden_timing_knows_the_latency():
    assert SWEEP_RETURN == LATENCY
