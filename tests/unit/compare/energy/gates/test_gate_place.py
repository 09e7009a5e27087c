"""Where a network lies in gates, from samples that differ in their spikes."""

from dataclasses import replace

import numpy as np
import pytest
from support import reports
from support.counters import golden
from support.energy import ANN, SNN

from tospike.compare.energy.gates.place import gate_break_even, place_in_gates
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.place import spikes_between
from tospike.compare.report.figures.energy import break_even_figure
from tospike.compare.report.study import BreakEvenReport
from tospike.hw.params import SPIKE, Encoding

SPIKES = np.arange(5.0, 25.0)


def test_a_line_meets_the_anns_mean():
    ann = np.tile([20.0, 30.0], 10)
    assert gate_break_even(SPIKES, 5 + 2 * SPIKES, ann) == pytest.approx((10, 10, 10), abs=1.5)
    exact = gate_break_even(SPIKES, 5 + 2 * SPIKES, np.full(20, 25.0))
    assert exact == pytest.approx((10, 10, 10)), "no scatter, no interval"


def test_scatter_is_in_the_interval():
    scatter = np.random.default_rng(3).normal(0, 4, 20)
    found, low, high = gate_break_even(SPIKES, 5 + 2 * SPIKES + scatter, np.full(20, 25.0))
    assert low < found < high
    assert low < 10 < high
    assert high - low > 0.5
    wide = gate_break_even(SPIKES, 5 + 2 * SPIKES + 2 * scatter, np.full(20, 25.0))
    assert wide[2] - wide[1] > high - low


@pytest.mark.parametrize(
    ("spikes", "pj", "ann"),
    [
        (SPIKES, 5 + 2 * SPIKES, 14.0),  # fewer spikes than any sample has
        (SPIKES, 5 + 2 * SPIKES, 54.0),  # more
        (SPIKES, 50 - SPIKES, 35.0),  # what has more spikes needs less
        (np.full(20, 7.0), np.arange(20.0), 10.0),
        (np.zeros(20), np.full(20, 1.0), 1.0),
        (np.array([3.0]), np.array([2.0]), 2.0),
    ],
)
def test_what_the_samples_do_not_tell(spikes, pj, ann):
    assert gate_break_even(spikes, pj, np.full(len(spikes), ann)) is None


def test_spikes_are_those_that_come_to_neurons():
    _, _, result = golden(SNN)
    np.testing.assert_array_equal(spikes_between(SNN, result.counters), result.counters["2.values"])
    encoder, first, last = SNN.engines
    rate = replace(SNN, engines=(replace(encoder, encoding=Encoding.RATE), replace(first, payload=SPIKE), last))
    both = result.counters["1.values"] + result.counters["2.values"]
    np.testing.assert_array_equal(spikes_between(rate, result.counters), both)
    _, _, result = golden(ANN)
    assert not spikes_between(ANN, result.counters).any()


def drawn(n_star, gates=None, n=1.0):
    found = BreakEvenReport(n=n, n_star=n_star, published={}, formula={}, gates=gates)
    return break_even_figure(reports.study(break_even=found)).svg


def test_the_place_is_given_for_each_delay_model_and_drawn():
    offsets = {DelayModel.ZERO: 5.0, DelayModel.LIBRARY: 7.0}
    ann = reports.gates("ann", delays={delays: reports.gate_energy([25.0] * 20) for delays in offsets})
    snn = reports.gates(
        "snn",
        library="cells.lib",
        samples=20,
        delays={delays: reports.gate_energy(offset + 2 * SPIKES) for delays, offset in offsets.items()},
    )
    found = place_in_gates(ann, snn, np.concatenate([SPIKES, [100.0]]))
    assert (found.library, found.samples) == ("cells.lib", 20)
    assert found.n_star[DelayModel.ZERO] == pytest.approx((10, 10, 10))
    assert found.n_star[DelayModel.LIBRARY] == pytest.approx((9, 9, 9))
    assert place_in_gates(None, snn, SPIKES) is None
    assert "cells.lib" not in drawn({"osu018": 2.0})
    assert "this network, gates, cells.lib" in drawn({"osu018": 2.0}, found)
    nowhere = replace(found, n_star=dict.fromkeys(DelayModel))
    assert "cells.lib" not in drawn({"osu018": 2.0}, nowhere)


def test_a_network_that_never_breaks_even_is_named_so_and_not_put_on_the_axis():
    assert drawn({"a": 0.0, "b": 0.2}, n=1.4).count("0: at no number of spikes") == 1
