"""Noise of thresholds: the sequence, and what neurons make of it."""

from dataclasses import replace

import numpy as np
import pytest
from support.event_engine import check, packed
from support.stream_bench import as_token, receive, send_tokens, simulate, train_tokens

from tospike.gen.emit.serialize import decode, encode
from tospike.hw.params import (
    NOISE_LAGS,
    AdaptationParams,
    Comparison,
    IfParams,
    InputError,
    LeakKind,
    LeakParams,
    LifParams,
    NoiseParams,
    Readout,
    Reset,
    ResetTiming,
    SpikingParams,
    TokenKind,
)
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.noise import Noise
from tospike.sim.spiking.golden import run_event
from tospike.sim.spiking.noise import NoiseSource


def multiplied(a, b, modulus):
    """The product of two polynomials over GF(2), as bits, modulo a third."""
    product = 0
    while b:
        product ^= a * (b & 1)
        a, b = a << 1, b >> 1
        a ^= modulus * (a >> (modulus.bit_length() - 1))
    return product


def test_the_sequence_has_its_full_period():
    """Its length before it repeats divides 2**127 - 1, which is prime, and it is not 1."""
    length, tap = NOISE_LAGS
    modulus = 1 << length | 1 << (length - tap) | 1
    power = 2
    for _ in range(length):
        power = multiplied(power, power, modulus)
    assert power == 2  # x**(2**127) = x: all factors are of degree 127 or 1, and it has no root
    assert modulus.bit_count() % 2 == 1
    assert NoiseParams(seed=0).initial not in (0, (1 << length) - 1)


@pytest.mark.parametrize(
    ("lanes", "knobs"),
    [
        (1, {"bits": 1}),
        (3, {"bits": 5}),
        (16, {"bits": 4}),
        (20, {"bits": 8}),
        (1, {"bits": 1, "draws": 8, "shift": -15}),
        (3, {"bits": 8, "draws": 4, "scale": 31, "shift": -7}),
        (5, {"bits": 5, "draws": 3, "scale": 5}),
        (2, {"bits": 6, "scale": 1, "shift": -2}),
    ],
)
def test_hardware_equals_golden_model(lanes, knobs):
    params = NoiseParams(seed=5, **knobs)
    dut = Noise(params, lanes=lanes)
    advance = [1, 0, 1, 1, 0, 1, 1, 1]

    async def bench(ctx):
        seen = []
        for step in [*advance, None, *advance]:
            ctx.set(dut.advance, step or 0)
            ctx.set(dut.restart, step is None)
            seen.append([ctx.get(dut.values[lane]) for lane in range(lanes)])
            await ctx.tick()
        return seen

    source = NoiseSource(params, neurons=lanes, drawn=lanes)
    drawn = [source.step().tolist() for _ in range(sum(advance))]
    once = [drawn[sum(advance[:n])] for n in range(len(advance))]
    seen = simulate(dut, bench)[0]
    assert seen[: len(once)] == once
    assert seen[len(once) + 1 :] == once


def test_noise_is_spread_evenly_and_seeds_differ():
    draws = [
        np.concatenate([source.step() for _ in range(200)])
        for source in (NoiseSource(NoiseParams(bits=4, seed=seed), neurons=64, drawn=64) for seed in (1, 2))
    ]
    counts = np.bincount(draws[0] + 8, minlength=16)
    assert abs(counts - 800).max() < 5 * 800**0.5
    assert abs(np.corrcoef(draws)[0, 1]) < 0.05


@pytest.mark.parametrize("draws", [1, 2, 4, 8])
@pytest.mark.parametrize("shift", [-1, -4])
def test_noise_has_its_deviation_and_no_mean(draws, shift):
    params = NoiseParams(bits=6, draws=draws, scale=19, shift=shift)
    source = NoiseSource(params, neurons=512, drawn=512)
    values = np.concatenate([source.step() for _ in range(64)])
    assert abs(values.mean()) < 4 * params.deviation / len(values) ** 0.5 + 0.05
    assert values.std() == pytest.approx(params.deviation, rel=0.02)
    excess = ((values - values.mean()) ** 4).mean() / values.var() ** 2 - 3
    assert excess == pytest.approx(-1.2 / draws, abs=0.1)  # of a sum of uniforms; 0 of a Gaussian


def test_spike_probability_falls_with_the_distance_from_the_threshold():
    """Membranes of 0 to 26 at threshold 16, noise from -8 to 7: never, then more and more often, then always."""
    neuron = LifParams(
        state_bits=8,
        threshold=16,
        leak=LeakParams(kind=LeakKind.MULTIPLY, decay=0),
        reset=Reset.ZERO,
        noise=NoiseParams(bits=4),
    )
    params = SpikingParams(inputs=1, neurons=27, neuron=neuron)
    weight = np.arange(27)[:, None]
    run = run_event(params, weight, np.zeros(27, dtype=int), np.ones((1, 400, 1), dtype=int))
    rates = run.spikes[0].mean(axis=0)
    assert (rates[:10] == 0).all()
    assert (rates[25:] == 1).all()
    assert abs(rates - np.clip((np.arange(27) - 9) / 16, 0, 1)).max() < 0.1


def test_a_marker_that_is_not_valid_yet_does_not_restart_the_noise():
    """An END waits on the wires behind each TICK while the engine, of one word, has nothing to do."""
    neuron = IfParams(state_bits=8, threshold=4, noise=NoiseParams(bits=4))
    params = SpikingParams(inputs=1, neurons=5, lanes=8, neuron=neuron)
    weight, silent = np.arange(5)[:, None], np.zeros(5, dtype=int)
    train = np.ones((1, 12, 1), dtype=int)
    run = run_event(params, weight, silent, train)
    expected = train_tokens(run.spikes[0])
    dut = EventEngine(params, packed(params, weight, silent, None, None))

    async def producer(ctx):
        for token in train_tokens(train[0]):
            await send_tokens(ctx, dut.i, [token])
            ctx.set(dut.i.payload.kind, TokenKind.END)
            await ctx.tick().repeat(20)

    async def consumer(ctx):
        return await receive(ctx, dut.o, len(expected), convert=as_token)

    assert simulate(dut, producer, consumer)[1] == expected


def test_adaptation_makes_spikes_rarer():
    """Threshold 4, input 5 each step: the threshold rises by 3 with a spike, and falls by half in each step."""
    adaptation = AdaptationParams(step=3, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=2048))
    neuron = LifParams(
        state_bits=8, threshold=4, leak=LeakParams(kind=LeakKind.MULTIPLY, decay=0),
        adaptation=adaptation,
    )  # fmt: skip
    params = SpikingParams(inputs=1, neurons=1, neuron=neuron)
    run = run_event(params, np.array([[5]]), np.zeros(1, dtype=int), np.ones((1, 7, 1), dtype=int))
    # a: 0, 3, 1, 0
    assert run.spikes[0, :, 0].tolist() == [1, 0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize("moved", [{"adaptation": AdaptationParams()}, {"noise": NoiseParams()}])
@pytest.mark.parametrize(
    "changes",
    [
        {"spike_bits": 2},
        {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.SNNTORCH},
    ],
)
def test_thresholds_that_cannot_move_are_refused(moved, changes):
    with pytest.raises(InputError, match="an adaptive or noisy threshold allows one spike per time step"):
        LifParams(**moved, **changes)


@pytest.mark.parametrize("comparison", Comparison)
def test_noise_as_wide_as_the_membrane_never_takes_a_reset_below_it(comparison):
    """Thresholds and membranes of 4 bits, all of them, with noise of 4: what a spike leaves fits the membrane."""
    noise, membranes = NoiseParams(bits=4), np.arange(-8, 8)
    for threshold in range(comparison is Comparison.AT_LEAST, 7):
        neuron = IfParams(state_bits=4, threshold=threshold, comparison=comparison, reset=Reset.SUBTRACT, noise=noise)
        params = SpikingParams(inputs=1, neurons=16, weight_bits=4, neuron=neuron, readout=Readout.COUNT, lanes=4)
        run = check(params, membranes[:, None], np.zeros(16, dtype=int), np.ones((2, 6, 1), dtype=int))
        assert run.spikes.any()


def test_ranges():
    with pytest.raises(InputError, match="adaptation must be an integer from 1 to 7, not 8"):
        LifParams(state_bits=4, adaptation=AdaptationParams(step=8))
    with pytest.raises(InputError, match="noise-bits must be an integer from 1 to 8, not 9"):
        NoiseParams(bits=9)
    with pytest.raises(InputError, match="noise of 5 bits with its shift does not fit a membrane of 4"):
        LifParams(state_bits=4, noise=NoiseParams(bits=3, shift=2))
    with pytest.raises(InputError, match="the same for all neurons"):
        AdaptationParams(leak=LeakParams(kind=LeakKind.MULTIPLY, varies=True))


def test_a_manifest_holds_them():
    neuron = LifParams(adaptation=AdaptationParams(step=2), noise=NoiseParams(seed=9))
    assert decode(encode(neuron)) == neuron
    assert decode(encode(replace(neuron, noise=None))) == replace(neuron, noise=None)
