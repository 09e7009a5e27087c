"""Cycles of single steps: those of a pipeline that is idle before each, and those of samples of one step."""

from dataclasses import replace

import numpy as np
import pytest
from support.delta_ann import CHAINS, walks

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    AcceleratorParams,
    DelayParams,
    EncoderParams,
    Encoding,
    HostInput,
    HostOutput,
    IfParams,
    InputError,
    IntFormat,
    NeuronUpdate,
    RegisterParams,
    Reset,
    SpikingParams,
)
from tospike.sim import accelerator as golden
from tospike.sim.cycles.chain import chain_links
from tospike.sim.cycles.link import TokenSink
from tospike.sim.cycles.steps import step_cycles

IF = IfParams(threshold=20, reset=Reset.SUBTRACT)
STEPS, GAP = 12, 10_000


def spiking(inputs, neurons, **knobs):
    return SpikingParams(inputs=inputs, neurons=neurons, neuron=IF, lanes=2, weight_bits=4, **knobs)


NETWORKS = {
    "two layers": (spiking(6, 9), spiking(9, 4)),
    "active words": (spiking(6, 9, update=NeuronUpdate.ACTIVE),),
    "recurrent": (
        RegisterParams(inputs=6, neurons=5, neuron=IF, weight_bits=4, recurrent=True),
        spiking(5, 4, recurrent=True),
    ),
    "delays": (DelayParams(inputs=6, longest=3), spiking(6, 5)),
}


def of(engines):
    params = AcceleratorParams(name="n", engines=engines, host_input=HostInput.TOKENS, host_output=HostOutput.TOKENS)
    return random_design(params, seed=3)


def busy_and_silent(design):
    """A sample of 12 steps, of which every third has no events."""
    x = np.random.default_rng(5).random((1, STEPS, design.params.input.addresses)) < 0.6
    x[:, ::3] = False
    return x.astype(np.int64)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_is_answered_once_its_tick_has_left(name, monkeypatch):
    design = of(NETWORKS[name])
    x, ticks, take_tick = busy_and_silent(design), [], TokenSink.take_tick
    monkeypatch.setattr(TokenSink, "take_tick", lambda sink, offer: ticks.append(offer[0]) or take_tick(sink, offer))
    link = chain_links(design.params, x, golden.engine_runs(design, x), compiles=False).first
    for step in range(STEPS):
        taken, events = np.array([step * GAP - 1]), np.flatnonzero(x[0, step])
        if len(events):
            taken = link.take_values(taken + 1, np.array([len(events)]), np.array([events[-1]]))
        link.take_tick(taken + 1)
    found = step_cycles(design, x)
    left = np.array(ticks) - GAP * np.arange(STEPS) + 1
    assert len(left) == STEPS and found.shape == (STEPS,)
    after = found - left  # what the END takes
    assert after.min() > 0 and after.max() <= golden.run(design, np.zeros_like(x[:, :1])).cycles[0]
    assert found.max() > found.min()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_step_is_a_sample_of_one_step(name):
    design = of(NETWORKS[name])
    x = busy_and_silent(design)[:, 1:]
    assert step_cycles(design, x)[0] == golden.run(design, x[:, :1]).cycles[0]
    assert step_cycles(design, x).sum() >= golden.run(design, x).cycles[0]


@pytest.mark.parametrize("name", CHAINS)
def test_frames_of_a_delta_ann(name):
    design = random_design(CHAINS[name], seed=3)
    x = walks(CHAINS[name], 6, seed=1)[-1:]
    still = np.concatenate((x, x[:, -1:]), axis=1)
    encoder, *layers = design.params.engines
    frames = {
        steps: replace(design, params=replace(design.params, engines=(replace(encoder, steps=steps), *layers)))
        for steps in (1, still.shape[1])
    }
    found = step_cycles(frames[still.shape[1]], still)
    assert found[0] == golden.run(frames[1], x[:, :1]).cycles[0]
    assert found.sum() >= golden.run(frames[still.shape[1]], still).cycles[0] and found[-1] == found.min()


def test_what_takes_a_sample_as_a_whole_has_no_steps():
    u4 = IntFormat(bits=4, signed=False)
    encoded = (EncoderParams(inputs=6, steps=3, encoding=Encoding.RATE, payload=u4), spiking(6, 5))
    design = random_design(AcceleratorParams(name="n", engines=encoded, host_output=HostOutput.TOKENS), seed=1)
    with pytest.raises(InputError, match="takes a sample as a whole: it has no steps"):
        step_cycles(design, random_samples(design, 1, seed=1))
    design = of(NETWORKS["two layers"])
    with pytest.raises(InputError, match="steps are those of one sample, not of 2"):
        step_cycles(design, np.repeat(busy_and_silent(design), 2, axis=0))
