"""Weights in banks: the recorded designs, with banks so small that reading a weight takes up to two cycles more."""

import numpy as np
import pytest
from recorded.designs import designs
from support.accelerator_bench import answers_of

from tospike.hw.params import HostOutput, banks
from tospike.sim import accelerator as golden
from tospike.sim.systolic import timing

BANK_WORDS = 4
AFTER_EARLY, AFTER = 2500, 200
"""Cycles between samples: after an early answer, the rest of the sample is still to be dropped."""
DESIGNS = designs()


def deep(params):
    """Whether a memory of weights has several such banks."""
    banked = [engine for engine in params.engines if getattr(engine, "weight_banks", False)]
    return any(engine.weight_words > 2 * BANK_WORDS and not engine.streams_weights for engine in banked)


@pytest.fixture
def small_banks(monkeypatch):
    """Banks of `BANK_WORDS`; what is known of other banks is forgotten."""
    monkeypatch.setattr(banks, "BANK_WORDS", BANK_WORDS)
    timing.frame_timing.cache_clear()
    yield
    timing.frame_timing.cache_clear()


@pytest.mark.parametrize("name", [name for name, (design, _) in DESIGNS.items() if deep(design.params)])
def test_rtl_equals_golden_in_outputs_and_cycles(small_banks, name):
    design, samples = DESIGNS[name][0], DESIGNS[name][1][:3]
    expected = golden.run(design, samples)
    early = design.params.host_output in (HostOutput.EARLY, HostOutput.FIRST_SPIKE)
    answers = answers_of(design, samples, between=AFTER_EARLY if early else AFTER)
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    if design.params.host_output is not HostOutput.TOKENS:
        words = np.array([words for words, _ in answers], dtype=np.uint32).astype(np.int32)
        assert (words == expected.outputs).all()


def test_banks_cost_cycles_and_change_no_result(small_banks, monkeypatch):
    design, samples = DESIGNS["chain-4"]
    assert [engine.bank_cycles for engine in design.params.engines if hasattr(engine, "bank_cycles")] == [2, 2, 2]
    banked = golden.run(design, samples)
    monkeypatch.undo()
    alone = golden.run(design, samples)
    assert np.array_equal(banked.outputs, alone.outputs) and (banked.cycles > alone.cycles).all()
