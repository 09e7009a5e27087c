"""A design without performance counters computes the same in the same cycles; energy charges every design as one."""

from dataclasses import replace

import pytest
from recorded.designs import designs
from support.accelerator_bench import answers_and_counters, check_answers

from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.technology import load_technology
from tospike.gen.place.options import Counters, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.host.layout import counter_names
from tospike.hw.params import Contents, EncoderParams, HostOutput, InputError
from tospike.sim import accelerator as golden

DESIGNS = designs()
FAST = ["systolic-os", "event-ann-argmax", "delta-ann", "registers"]


def is_simulated(params):
    """Whether the bench can send the samples and knows the words that answer them."""
    frames_as_tokens = params.host_output is HostOutput.TOKENS and params.engines[-1].sends is not Contents.TRAIN
    return params.weight_stream is None and not frames_as_tokens


SLOW = sorted(name for name in set(DESIGNS) - set(FAST) if is_simulated(DESIGNS[name][0].params))


def is_exact_without_counters(name, samples):
    design, x = DESIGNS[name]
    design, x = replace(design, params=design.params.without_counters()), x[:samples]
    expected = golden.run(design, x)
    assert counter_names(design.params) == ("cycles",)
    answers, counters = answers_and_counters(design, x, between=300)
    check_answers(design.params, answers, expected)
    assert counters == {"cycles": expected.cycles.sum()}
    return True


@pytest.mark.parametrize("name", FAST)
def test_outputs_and_cycles_without_counters(name):
    assert is_exact_without_counters(name, samples=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_outputs_and_cycles_of_every_engine_without_counters(name):
    assert is_exact_without_counters(name, samples=4)


def test_energy_is_that_of_a_design_without_counters():
    design, x = DESIGNS["rate"]
    result, bare = golden.run(design, x), design.params.without_extras()
    assert bare != design.params
    assert register_bits(design.params) == register_bits(bare)
    with_counters, without = (
        counter_energy(load_technology("horowitz45"), params, result.counters, result.cycles)
        for params in (design.params, bare)
    )
    assert (with_counters.total == without.total).all() and with_counters.area_um2 == without.area_um2


def test_planner_leaves_counters_out():
    network = DESIGNS["rate"][0].network
    counted, bare = (plan(network, PlanOptions(counters=counters)) for counters in Counters)
    assert bare.params == counted.params.without_counters() and counted.params.is_counted
    assert not bare.params.is_counted


def test_a_width_that_no_counter_has_is_refused():
    with pytest.raises(InputError, match="counter-bits must be 0, for no counters, or from 8 to 32, not 4"):
        EncoderParams(inputs=3, steps=2, counter_bits=4)
