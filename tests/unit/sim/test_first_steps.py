"""The beginning of a sample is a sample: what it gives is what hardware gives that gets no more."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from support.designs import DESIGNS

from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import Encoding
from tospike.sim import accelerator as golden
from tospike.sim.accelerator import as_sample, engine_runs
from tospike.sim.first_steps import can_end_early, ended_after
from tospike.sim.membranes import last_membranes

FROM_THE_HOST = ("core-spikes", "core-count", "early", "recordings", "delta", "delta-ann")
FROM_AN_ENCODER = ("direct-membrane", "rate-membrane", "delays", "rate-argmax")


def equal(found, expected):
    np.testing.assert_array_equal(found.cycles, expected.cycles)
    assert found.counters.keys() == expected.counters.keys()
    for name, values in expected.counters.items():
        np.testing.assert_array_equal(found.counters[name], values, err_msg=name)


@pytest.mark.parametrize("name", FROM_THE_HOST)
def test_a_train_from_the_host_ends_early(name):
    """As if the host had sent END then, to hardware for so many steps."""
    design = random_design(DESIGNS[name][0], seed=3)
    x = random_samples(design, 3, seed=1)
    steps = range(1, x.shape[1] + 1)
    for count, (shorter, found) in zip(steps, ended_after(design, x, steps), strict=True):
        expected = golden.run(shorter, x[:, :count])
        equal(found, expected)
        np.testing.assert_array_equal(golden.decided(shorter.params, found).outputs, expected.outputs)
    equal(found, golden.run(design, x))


@pytest.mark.parametrize("name", FROM_AN_ENCODER)
def test_an_encoder_goes_on_as_it_began(name):
    """The trains are those of the whole sample; the last end is that of the whole sample."""
    design = random_design(DESIGNS[name][0], seed=3)
    x = random_samples(design, 3, seed=1)
    steps = design.params.engines[0].steps
    found = [result for _, result in ended_after(design, x, range(1, steps + 1))]
    equal(found[-1], golden.run(design, x))
    for earlier, later in pairwise(found):
        assert (earlier.cycles < later.cycles).all()
        assert all((earlier.counters[each] <= later.counters[each]).all() for each in later.counters)


def test_an_encoder_whose_code_knows_no_end_is_one_for_fewer_steps():
    design = random_design(DESIGNS["direct-membrane"][0], seed=3)
    x = random_samples(design, 3, seed=1)
    for shorter, found in ended_after(design, x, (1, 2, 3)):
        expected = golden.run(shorter, x)
        equal(found, expected)
        np.testing.assert_array_equal(found.outputs, expected.outputs)


def test_a_code_that_depends_on_the_steps_is_not_encoded_again():
    params = DESIGNS["rate-membrane"][0]
    encoder, *others = params.engines
    late = replace(encoder, encoding=Encoding.TTFS)
    design = random_design(replace(params, engines=(late, *others)), seed=3)
    x = random_samples(design, 3, seed=1)
    whole = engine_runs(design, as_sample(design, x))[0].sent
    for count, (_, found) in enumerate(ended_after(design, x, (1, 2, 3, 4)), start=1):
        np.testing.assert_array_equal(found.counters["0.values"], np.count_nonzero(whole[:, :count], axis=(1, 2)))


def test_a_frame_does_not_end_early():
    assert not can_end_early(random_design(DESIGNS["os"][0], seed=3))
    assert can_end_early(random_design(DESIGNS["rate-membrane"][0], seed=3))


@pytest.mark.parametrize("name", ["rate-membrane", "direct-membrane", "delays", "delta", "delta-ann"])
def test_the_last_membranes_are_the_answer(name):
    design = random_design(DESIGNS[name][0], seed=3)
    sample = as_sample(design, random_samples(design, 3, seed=1))
    runs = engine_runs(design, sample)
    np.testing.assert_array_equal(last_membranes(design, sample, runs)[:, -1], runs[-1].sent[:, 0])


def test_membranes_above_the_threshold_spike():
    design = random_design(DESIGNS["core-count"][0], seed=3)
    sample = as_sample(design, random_samples(design, 3, seed=1))
    runs = engine_runs(design, sample)
    threshold = design.params.engines[0].neuron.threshold
    assert runs[0].spikes.any()
    np.testing.assert_array_equal(last_membranes(design, sample, runs) > threshold, runs[0].spikes > 0)


def test_an_array_has_no_membranes():
    design = random_design(DESIGNS["os"][0], seed=3)
    sample = as_sample(design, random_samples(design, 3, seed=1))
    assert last_membranes(design, sample, engine_runs(design, sample)) is None
