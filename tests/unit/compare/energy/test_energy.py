"""Operation counts: this hardware's operations times prices, engine by engine, and sums that add up."""

from dataclasses import replace

import numpy as np
import pytest
from support.energy import ANN, SNN

from tospike.compare.energy.activity import EngineActivity, LayerActivity, Memories, Widths
from tospike.compare.energy.counts.model import MEMORY_OPERATIONS, energy
from tospike.compare.energy.counts.models import MODELS, model_named
from tospike.compare.energy.counts.operations import HOROWITZ_45, operation_prices
from tospike.compare.energy.observe import connections_reached, engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    InputError,
    LeakParams,
)
from tospike.sim.accelerator import run
from tospike.sim.network import Conv2d, Dense

KIB = 8 * 1024
HOROWITZ = load_technology("horowitz45")
WIDTHS = Widths(weight_bits=8, act_bits=8, state_bits=32, multiplier_bits=16)
MEMORIES = Memories(weight_bits=8 * KIB, state_bits=8 * KIB, activation_bits=8 * KIB, bias_bits=8 * KIB)


def engine(operations, widths=WIDTHS, memories=MEMORIES):
    return EngineActivity(name="0", operations=operations, widths=widths, memories=memories)


def test_an_int8_mac_with_a_32_bit_accumulator():
    prices = operation_prices(HOROWITZ, WIDTHS, MEMORIES)
    assert prices["mac"] == pytest.approx(0.2 + 0.1)
    assert prices["sop"] == prices["bias_add"] == pytest.approx(0.1)
    assert prices["weight_read"] == pytest.approx(10 / 8)
    assert prices["state_read"] == prices["state_write"] == prices["bias_read"] == pytest.approx(10 / 2)
    assert prices["multiplier_read"] == pytest.approx(10 / 4)


def test_a_neuron_update_is_a_leak_and_a_comparison():
    leaking = replace(WIDTHS, leak=LeakParams())
    assert operation_prices(HOROWITZ, WIDTHS, MEMORIES)["neuron_update"] == pytest.approx(0.1)
    assert operation_prices(HOROWITZ, leaking, MEMORIES)["neuron_update"] == pytest.approx(0.2)


def test_a_spike_in_a_queue_is_written_and_read():
    quiet = operation_prices(HOROWITZ, WIDTHS, MEMORIES)["spike"]
    queued = operation_prices(HOROWITZ, replace(WIDTHS, event_bits=8), MEMORIES)["spike"]
    assert queued - quiet == pytest.approx(2 * 10 / 8)


def test_energy_is_counts_times_prices_per_sample():
    operations = {"mac": [2368, 1000], "weight_read": [2368, 1000], "activation_read": [96, 96], "tokens": [1, 2]}
    breakdown = energy(HOROWITZ_45, [engine(operations)])
    assert breakdown.prices == pytest.approx({"mac": 0.3, "weight_read": 1.25, "activation_read": 1.25})
    assert breakdown.terms["mac"] == pytest.approx([2368 * 0.3, 1000 * 0.3])
    assert breakdown.memory == pytest.approx([(2368 + 96) * 1.25, (1000 + 96) * 1.25])
    assert breakdown.total == pytest.approx(breakdown.compute + breakdown.memory)
    assert breakdown.unpriced == ("tokens",)


def test_every_engine_has_the_prices_of_its_own_widths():
    narrow = engine({"sop": [100]}, replace(WIDTHS, state_bits=8))
    wide = engine({"sop": [100]})
    both = energy(HOROWITZ_45, [narrow, wide])
    assert both.terms["sop"] == pytest.approx([100 * 0.03 + 100 * 0.1])
    assert both.prices["sop"] == pytest.approx(0.065), "the report shows the mean"


def test_the_summary_adds_up():
    rng = np.random.default_rng(0)
    operations = {name: rng.integers(0, 5000, 449) for name in operation_prices(HOROWITZ, WIDTHS, MEMORIES)}
    summary = energy(HOROWITZ_45, [engine(operations), engine(operations)]).summary()
    assert summary.total == pytest.approx(sum(summary.terms.values()))
    assert summary.total == pytest.approx(summary.compute + summary.memory)
    assert summary.memory == pytest.approx(sum(summary.terms[name] for name in MEMORY_OPERATIONS))
    assert summary.p5 < summary.p50 < summary.p95
    assert np.mean(summary.samples) == pytest.approx(summary.total)


def test_more_of_anything_costs_more():
    names = list(operation_prices(HOROWITZ, WIDTHS, MEMORIES))
    base = energy(HOROWITZ_45, [engine(dict.fromkeys(names, 100))]).total
    for name in names:
        counts = {other: 100 + (other == name) for other in names}
        assert energy(HOROWITZ_45, [engine(counts)]).total > base


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_a_bad_count_is_named(count):
    with pytest.raises(InputError, match="'mac' must be finite and not negative"):
        energy(HOROWITZ_45, [engine({"mac": [1, count]})])


def test_nothing_to_price_is_an_error():
    with pytest.raises(InputError, match="has no price for any of: tokens"):
        energy(HOROWITZ_45, [engine({"tokens": [1]})])
    with pytest.raises(InputError, match="has no price for any of: nothing"):
        energy(HOROWITZ_45, [])


def test_bad_widths_and_names_are_refused():
    with pytest.raises(InputError, match="weight-bits must be an integer from 0 to 64"):
        Widths(weight_bits=-1, act_bits=8, state_bits=8)
    with pytest.raises(InputError, match="act-bits must be an integer from 1 to 64"):
        Widths(weight_bits=8, act_bits=0, state_bits=8)
    with pytest.raises(InputError, match="state memory bits must be"):
        Memories(weight_bits=8, state_bits=-1, activation_bits=8)
    with pytest.raises(InputError, match="no energy model 'horowitz': use one of horowitz45, davidson-furber-22fdx"):
        model_named("horowitz")
    assert model_named("horowitz45") is HOROWITZ_45


# ------------------------------------------------------------------------------------- what engines really did


def observed(params):
    design = random_design(params, seed=3)
    x = random_samples(design, 6, seed=4)
    result = run(design, x)
    return engine_activities(design, x, result), result, x


@pytest.mark.parametrize("params", [ANN, SNN], ids=["ann", "snn"])
def test_the_engines_together_did_what_the_golden_model_counts(params):
    engines, result, _ = observed(params)
    assert len(engines) == len(params.engines)
    for name, total in result.operations.items():
        assert sum(e.counts().get(name, np.zeros(6)) for e in engines).tolist() == total.tolist(), name


def test_layers_of_an_ann_know_which_activations_are_zero():
    engines, result, x = observed(ANN)
    first, second = engines[0].layers
    assert first.events.tolist() == np.count_nonzero(x, axis=1).tolist()
    assert first.sent.tolist() == second.events.tolist()
    assert 0 < second.events.sum() < 6 * 6
    assert first.synapses + second.synapses == result.operations["mac"][0]


def test_connections_of_a_convolution():
    """3 x 3 on 4 x 5, padded on one side: inputs at the edges reach fewer outputs."""
    conv = Conv2d(
        shape=(2, 4, 5),
        weight=np.full((3, 2, 3, 3), 7),
        bias=np.full(3, 9),
        padding=(1, 0, 0, 0),
        stride=(1, 2),
        pad_value=5,
    )
    values = np.zeros((2, 40), dtype=np.int64)
    values[0, 0] = -4  # corner: kernel rows 0 and 1 of outputs 0 and 1, one column
    values[1, :] = 3
    taps = [(y, x) for y in range(3) for x in range(2)]
    inside = sum(0 <= y + dy - 1 < 4 and 0 <= 2 * x + dx < 5 for y, x in taps for dy in range(3) for dx in range(3))
    assert connections_reached(conv, values).tolist() == [2 * 3, inside * 2 * 3]
    dense = Dense(weight=np.full((3, 2), -1), bias=np.zeros(3))
    assert connections_reached(dense, np.array([[0, 0], [5, 0], [1, -1]])).tolist() == [0, 3, 6]


def test_layers_of_an_snn_know_their_spikes():
    engines, result, _ = observed(SNN)
    assert [len(e.layers) for e in engines] == [0, 1, 1]
    first, second = engines[1].layers[0], engines[2].layers[0]
    assert (first.binary, second.binary) == (False, True)
    assert first.synaptic_events.tolist() == result.operations["mac"].tolist()
    assert second.synaptic_events.tolist() == result.operations["sop"].tolist()
    assert first.sent.tolist() == second.events.tolist() == result.operations["spike"].tolist()
    assert second.events.sum() > 0


def test_biases_are_charged_on_both_sides():
    for params, count in ((ANN, 6 + 3), (SNN, 6 * 6)):
        engines, result, _ = observed(params)
        assert result.operations["bias_read"].tolist() == [count] * 6, "results, or updates of every neuron"
        assert result.operations["bias_add"].tolist() == [count] * 6
        terms = energy(HOROWITZ_45, engines).terms
        assert np.all(terms["bias_read"] > 0)


def test_widths_are_those_of_each_engine():
    encoder, first, second = observed(SNN)[0]
    assert encoder.widths.act_bits == 3 + 4, "address and value"
    assert (first.widths.act_bits, first.widths.weight_bits, first.widths.state_bits) == (4, 4, 16)
    assert (second.widths.act_bits, second.widths.weight_bits, second.widths.state_bits) == (1, 3, 9)
    assert first.memories.weight_bits == 7 * 2 * 4 * 4
    assert second.memories.weight_bits == 6 * 2 * 2 * 3
    assert (first.memories.bias_bits, second.memories.bias_bits) == (2 * 4 * 16, 0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("params", [ANN, SNN], ids=["ann", "snn"])
def test_every_model_prices_real_counts(name, params):
    engines, _, _ = observed(params)
    breakdown = energy(MODELS[name], engines)
    assert breakdown.total.shape == (6,)
    assert np.all(breakdown.total >= 0)
    assert breakdown.total[1] > 0, "the sample of all ones"
    if params is SNN:
        assert breakdown.total[1] > breakdown.total[0], "the sample of all zeros costs less"


@pytest.mark.parametrize("name", MODELS)
def test_every_model_names_its_sources(name):
    model = MODELS[name]
    assert len(model.source) > 20
    assert model.constants
    for constant in model.constants.values():
        assert constant.value > 0
        assert constant.unit.startswith(("pJ", "um2", "nW"))
        assert len(constant.source) > 20


def test_updates_are_no_more_than_steps_or_events():
    layer = LayerActivity(
        name="l", inputs=4, outputs=3, steps=5, spiking=True, binary=True, events=np.array([0.0, 2.0, 9.0]),
        sent=np.zeros(3), weight_bits=8, act_bits=1, state_bits=8,
    )  # fmt: skip
    assert layer.updates.tolist() == [0, 6, 15]
