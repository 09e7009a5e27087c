"""Convolution on events: RTL against golden model, every token, every counter, every cycle."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.chains import check_chain
from support.event_engine import check, random_decays, random_neuron
from support.stream_bench import ONE_FRAME
from support.window_cases import random_window, random_window_case

from tospike.hw.params import (
    SPIKE,
    AcceleratorParams,
    EncoderParams,
    Encoding,
    EventWindow,
    HostInput,
    HostOutput,
    IntFormat,
    NeuronKind,
    Readout,
    SpikingParams,
)
from tospike.hw.spiking.address_decoder import reciprocal


@pytest.mark.parametrize("seed", range(24))
def test_engine_equals_golden_model(seed):
    rng = np.random.default_rng(seed)
    check(*random_window_case(rng), stall=float(rng.choice([0.0, 0.4])), seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 400))
def test_many_engines(seed):
    rng = np.random.default_rng(seed)
    check(*random_window_case(rng), stall=float(rng.choice([0.0, 0.2, 0.7])), seed=seed)


def test_more_words_than_taps():
    rng = np.random.default_rng(0)
    window = EventWindow(shape=(5, 2, 1), channels=9, kernel=(1, 1))
    case = random_window_case(rng, window=window, kind=NeuronKind.LI, readout=Readout.MEMBRANE)
    params = replace(case[0], lanes=1, payload=SPIKE)
    check(params, *case[1:3], np.ones((1, 2, 10), dtype=int), *case[4:])


def random_chain(rng):
    """Encoder or none, windows, each on the image of the one before, a dense engine at the end or none."""

    def choose(*options):
        return options[rng.integers(len(options))]

    window = random_window(rng)
    payload = choose(SPIKE, IntFormat(bits=4, signed=True), IntFormat(bits=4, signed=False))
    steps = choose(1, 2, 4)
    engines, synapses = [], []
    from_tokens = choose(False, True)
    if not from_tokens:
        encoding = Encoding.DIRECT if payload.signed else choose(*ONE_FRAME)
        engines.append(EncoderParams(inputs=window.inputs, steps=steps, encoding=encoding, payload=payload))
    depth = choose(1, 2, 3)
    for place in range(depth):
        last = place == depth - 1
        readout = choose(*Readout) if last else Readout.SPIKES
        before = engines[-1].output if engines else None
        if place == 0:
            case = random_window_case(rng, window=window, readout=readout)
        elif last and choose(False, True):
            case = dense_case(rng, before.addresses, readout)
        else:
            case = random_window_case(rng, window=behind(rng, window), readout=readout)
        engines.append(replace(case[0], payload=before.payload if before else payload))
        window = case[0].window
        weight, bias, _, recurrent, decays = case[1:]
        synapses.append((weight, bias, recurrent, decays))
    dense = readout is not Readout.SPIKES and choose(False, True)
    chain = AcceleratorParams(
        name="chain",
        engines=tuple(engines),
        host_input=HostInput.TOKENS if from_tokens else HostInput.DENSE,
        host_output=HostOutput.DENSE if dense else HostOutput.TOKENS,
    )
    inputs = chain.input.addresses
    shape = (3, steps, inputs) if from_tokens else (3, inputs)
    values = rng.integers(payload.min, payload.max + 1, shape)
    return chain, synapses, values * (rng.random(shape) < choose(0.0, 0.1, 0.3, 1.0))


def behind(rng, window):
    """A window on what another one sends."""
    shape = (window.channels, *window.size)
    pool = tuple(int(rng.choice([n for n in (1, 2) if size % n == 0])) for size in window.size)
    kernel = tuple(int(rng.integers(1, min(3, size // n) + 1)) for size, n in zip(window.size, pool, strict=True))
    stride = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    padding = tuple(int(rng.integers(0, 2)) for _ in range(4))
    channels = int(rng.integers(1, 6))
    return EventWindow(shape=shape, channels=channels, kernel=kernel, stride=stride, padding=padding, pool=pool)


def dense_case(rng, inputs, readout):
    kind = NeuronKind.LIF if readout is not Readout.MEMBRANE else NeuronKind.LI
    neuron = random_neuron(rng, kind)
    params = SpikingParams(inputs=inputs, neurons=7, lanes=3, weight_bits=4, neuron=neuron, readout=readout)
    decays = random_decays(rng, params)
    return params, rng.integers(-8, 8, (7, inputs)), np.zeros(7, dtype=int), None, None, decays


@pytest.mark.parametrize("seed", range(16))
def test_chain(seed):
    """Outputs, counters and cycles, host beat to host beat."""
    check_chain(*random_chain(np.random.default_rng(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_many_chains(seed):
    check_chain(*random_chain(np.random.default_rng(seed)))


def test_division_by_a_constant_is_exact():
    for divisor, values in itertools.product([1, 2, 3, 5, 7, 11, 34, 100, 641], [1, 2, 33, 1000, 1 << 16]):
        factor, shift = reciprocal(divisor, values)
        x = np.arange(values, dtype=object)
        assert (x * factor >> shift == x // divisor).all()
