"""A delta ANN: what it computes, and its RTL, host beat to host beat."""

from dataclasses import replace

import numpy as np
import pytest
from support.chains import run_rtl
from support.delta_ann import CHAINS, S4, U1, U4, U8, chain, check_rtl, synapses, walks

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    ChangeParams,
    InputError,
    IntFormat,
)
from tospike.sim import accelerator as golden
from tospike.sim.spiking.delta_ann import run_delta_ann
from tospike.sim.systolic.layers import run_integers


@pytest.mark.parametrize("params", CHAINS.values(), ids=CHAINS)
def test_rtl_equals_golden_in_outputs_counters_and_cycles(params):
    design = random_design(params, seed=3)
    samples = np.concatenate([walks(params, 6, seed=4), random_samples(design, 3, seed=5)[2:]])
    counters = check_rtl(params, design, samples)
    assert all(0 < c["activations"] < c["results"] for c in counters if "results" in c), "a test of something"


@pytest.mark.parametrize("params", CHAINS.values(), ids=CHAINS)
def test_without_threshold_the_answer_is_that_of_the_last_frame(params):
    for seed in range(4):
        design = random_design(params, seed=seed)
        x = walks(params, 40, seed=seed)
        result, lone = golden.run(design, x), run_integers(design.network, x[:, -1])
        if params.engines[0].threshold == 0:
            assert (result.outputs == lone).all()
        elif params.input_frames > 2:
            assert (result.outputs != lone).any(), "small changes are missing"


def test_a_sample_that_ends_early_is_answered_as_far_as_it_came():
    params = CHAINS["three layers"]
    design = random_design(params, seed=3)
    x = walks(params, 7, seed=6)[4:]
    results, _ = run_rtl(params, synapses(design), [x[0, :2], x[1, :1], x[2]])
    frames = np.stack([x[0, 1], x[1, 0], x[2, -1]])
    assert [words for words, _ in results] == (run_integers(design.network, frames) & 0xFFFF_FFFF).tolist()


def random_chain(rng):
    """1 to 3 layers of any size."""

    def choose(*options):
        return options[rng.integers(len(options))]

    act = choose(U1, U4, S4, U8)
    sizes = [choose(1, 2, 5, 9, 17) for _ in range(choose(2, 3, 3, 4))]
    return chain(
        act,
        sizes,
        lanes=choose(1, 3, 8),
        frames=choose(1, 2, 3, 6),
        threshold=min(choose(0, 0, 1, 5), act.max - act.min - 1),
        shift=choose(11, 14) + act.bits // 2,
        bias=choose(False, True),
    )


def check_cycles(seed):
    rng = np.random.default_rng(seed)
    params = random_chain(rng)
    design = random_design(params, seed=seed)
    check_rtl(params, design, walks(params, 6, seed=seed))


@pytest.mark.parametrize("seed", range(3))
def test_random_chains(seed):
    check_cycles(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1150))
def test_many_random_chains(seed):
    check_cycles(seed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"act": IntFormat(bits=9, signed=True)}, "act-bits must be an integer from 1 to 8, not 9"),
        ({"state_bits": 4}, "activations from 0 to 15 do not fit membranes of 4 bits: give more state-bits"),
        ({"lanes": 65}, "lanes must be an integer from 1 to 64, not 65"),
    ],
)
def test_what_is_no_layer_of_a_delta_ann_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(CHAINS["one frame"].engines[1], **change)


def test_what_is_no_delta_ann_is_refused():
    params = CHAINS["three layers"]
    encoder, first, second, last = params.engines
    signs = replace(encoder, amounts=False)
    for engines, message in (
        (
            (first, second, last),
            "takes changes of frames, .* put a delta encoder of amounts before it",
        ),
        ((encoder, first, second), "the last engine sends changes of frames, which the host cannot take"),
        ((encoder,), "the last engine sends changes of frames, which the host cannot take"),
        (
            (signs, replace(first, act=U1, activation=None)),
            "sends a spike train, but engine 1 takes changes of frames",
        ),
    ):
        with pytest.raises(InputError, match=message):
            replace(params, engines=engines)
    with pytest.raises(InputError, match="delta-threshold must be an integer from 0 to 14, not 15"):
        ChangeParams(act=U4, clamp=(0, 15), shift=4, change_threshold=15)
    with pytest.raises(InputError, match=r"samples of shape \(frames, 5\), not \(2, 4\)"):
        run_delta_ann(first, *_nothing(first), np.zeros((1, 2, 4), dtype=np.int64))
    with pytest.raises(InputError, match="changes add up to values from 8 to 16, which do not fit 0 to 15"):
        run_delta_ann(first, *_nothing(first), np.full((1, 2, 5), 8))
    with pytest.raises(InputError, match="multipliers of activations must have shape"):
        run_delta_ann(first, *_nothing(first)[:2], None, np.zeros((1, 2, 5), dtype=np.int64))


def _nothing(engine):
    zeros = np.zeros(engine.neurons, dtype=np.int64)
    return np.zeros((engine.neurons, engine.inputs), dtype=np.int64), zeros, zeros
