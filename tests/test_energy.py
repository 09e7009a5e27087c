"""Energy by operation counts: the published constants, the rules between them, and sums that add up."""

import numpy as np
import pytest

from tospike.compare.energy import (
    HOROWITZ_45,
    MEMORY_OPERATIONS,
    MODELS,
    Memories,
    Widths,
    energy,
    horowitz_add,
    horowitz_multiply,
    horowitz_sram,
    model_named,
)
from tospike.hw.params import InputError, LeakKind, LeakParams

KIB = 8 * 1024
WIDTHS = Widths(weight_bits=8, act_bits=8, state_bits=32, multiplier_bits=16)
MEMORIES = Memories(weight_bits=8 * KIB, state_bits=8 * KIB, activation_bits=8 * KIB)


@pytest.mark.parametrize(("bits", "picojoules"), [(8, 0.03), (16, 0.05), (32, 0.1)])
def test_add_meets_the_published_points(bits, picojoules):
    assert horowitz_add(bits) == pytest.approx(picojoules)


def test_add_is_linear_between_and_beyond_the_points():
    assert horowitz_add(4) == pytest.approx(0.015)
    assert horowitz_add(12) == pytest.approx(0.04)
    assert horowitz_add(24) == pytest.approx(0.075)
    assert horowitz_add(48) == pytest.approx(0.15)


@pytest.mark.parametrize(("bits", "picojoules"), [(8, 0.2), (32, 3.1)])
def test_multiply_meets_the_published_points(bits, picojoules):
    assert horowitz_multiply(bits, bits) == pytest.approx(picojoules)


def test_multiply_depends_on_the_product_of_the_widths():
    assert horowitz_multiply(4, 16) == pytest.approx(0.2)
    assert horowitz_multiply(16, 8) == pytest.approx(0.4, rel=0.01)
    assert horowitz_multiply(0, 8) == 0


@pytest.mark.parametrize(("kib", "picojoules"), [(8, 10), (32, 20), (1024, 100)])
def test_sram_meets_the_published_points(kib, picojoules):
    assert horowitz_sram(64, kib * KIB) == pytest.approx(picojoules)


def test_sram_follows_the_square_root_below_8_kib_down_to_a_floor():
    assert horowitz_sram(64, 2 * KIB) == pytest.approx(5)
    assert horowitz_sram(8, 2 * KIB) == pytest.approx(5 / 8)
    assert horowitz_sram(64, 400) == pytest.approx(1)
    assert horowitz_sram(64, 0) == pytest.approx(1)


def test_a_small_memory_costs_about_what_eyeriss_says():
    """Chen, Emer and Sze, ISCA 2016, table IV: a 0.5 KiB register file costs as much as one 16-bit MAC."""
    mac = horowitz_multiply(16, 16) + horowitz_add(16)
    assert 0.5 < horowitz_sram(16, KIB // 2) / mac < 2


def test_prices_never_fall_when_something_grows():
    for small, large in zip(range(1, 64), range(2, 65), strict=True):
        assert horowitz_add(small) < horowitz_add(large)
        assert horowitz_multiply(small, 8) < horowitz_multiply(large, 8)
        assert horowitz_sram(small, KIB) < horowitz_sram(large, KIB)
    capacities = np.logspace(1, 8, 60).astype(int)
    costs = [horowitz_sram(64, int(capacity)) for capacity in capacities]
    assert np.all(np.diff(costs) >= 0)
    assert costs[-1] > costs[0]


def test_an_int8_mac_with_a_32_bit_accumulator():
    prices = HOROWITZ_45.prices(WIDTHS, MEMORIES)
    assert prices["mac"] == pytest.approx(0.2 + 0.1)
    assert prices["sop"] == pytest.approx(0.1)
    assert prices["weight_read"] == pytest.approx(10 / 8)
    assert prices["state_read"] == prices["state_write"] == pytest.approx(10 / 2)


def test_the_leak_is_charged_by_its_kind():
    def update(leak):
        return HOROWITZ_45.prices(Widths(weight_bits=8, act_bits=8, state_bits=16, leak=leak), MEMORIES)[
            "neuron_update"
        ]

    compare = horowitz_add(16)
    assert update(None) == pytest.approx(compare)
    assert update(LeakParams(kind=LeakKind.SHIFT)) == pytest.approx(2 * compare)
    multiply = update(LeakParams(kind=LeakKind.MULTIPLY, fraction_bits=12))
    assert multiply == pytest.approx(compare + horowitz_multiply(16, 12))


def test_a_spike_in_a_queue_is_written_and_read():
    quiet = HOROWITZ_45.prices(WIDTHS, MEMORIES)["spike"]
    queued = HOROWITZ_45.prices(Widths(weight_bits=8, act_bits=8, state_bits=32, event_bits=8), MEMORIES)["spike"]
    assert queued - quiet == pytest.approx(2 * 10 / 8)


def test_energy_is_counts_times_prices_per_sample():
    operations = {
        "mac": [2368, 1000],
        "weight_read": [2368, 1000],
        "activation_read": [96, 96],
        "tokens": [1, 2],
    }
    breakdown = energy(HOROWITZ_45, operations, WIDTHS, MEMORIES)
    assert breakdown.prices == pytest.approx({"mac": 0.3, "weight_read": 1.25, "activation_read": 1.25})
    assert breakdown.terms["mac"] == pytest.approx([2368 * 0.3, 1000 * 0.3])
    assert breakdown.memory == pytest.approx([(2368 + 96) * 1.25, (1000 + 96) * 1.25])
    assert breakdown.total == pytest.approx(breakdown.compute + breakdown.memory)
    assert breakdown.unpriced == ("tokens",)


def test_the_summary_adds_up():
    rng = np.random.default_rng(0)
    operations = {name: rng.integers(0, 5000, 449) for name in HOROWITZ_45.prices(WIDTHS, MEMORIES)}
    summary = energy(HOROWITZ_45, operations, WIDTHS, MEMORIES).summary()
    assert summary["total"] == pytest.approx(sum(summary["terms"].values()))
    assert summary["total"] == pytest.approx(summary["compute"] + summary["memory"])
    assert summary["memory"] == pytest.approx(sum(summary["terms"][name] for name in MEMORY_OPERATIONS))
    assert summary["p5"] < summary["p50"] < summary["p95"]
    assert np.mean(summary["samples"]) == pytest.approx(summary["total"])


def test_more_of_anything_costs_more():
    names = list(HOROWITZ_45.prices(WIDTHS, MEMORIES))
    base = energy(HOROWITZ_45, dict.fromkeys(names, 100), WIDTHS, MEMORIES).total
    for name in names:
        counts = {other: 100 + (other == name) for other in names}
        assert energy(HOROWITZ_45, counts, WIDTHS, MEMORIES).total > base


def test_every_constant_has_a_unit_and_a_source():
    for model in MODELS.values():
        assert model.constants
        for name, constant in model.describe().items():
            assert constant["value"] > 0, name
            assert constant["unit"].startswith("pJ"), name
            assert len(constant["source"]) > 20, name


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_a_bad_count_is_named(count):
    with pytest.raises(InputError, match="'mac' must be finite and not negative"):
        energy(HOROWITZ_45, {"mac": [1, count]}, WIDTHS, MEMORIES)


def test_nothing_to_price_is_an_error():
    with pytest.raises(InputError, match="has a price for none of: tokens"):
        energy(HOROWITZ_45, {"tokens": [1]}, WIDTHS, MEMORIES)


def test_bad_widths_and_names_are_refused():
    with pytest.raises(InputError, match="weight-bits must be an integer from 1 to 64"):
        Widths(weight_bits=0, act_bits=8, state_bits=8)
    with pytest.raises(InputError, match="state memory bits must be"):
        Memories(weight_bits=8, state_bits=-1, activation_bits=8)
    with pytest.raises(InputError, match="no energy model 'horowitz': use one of horowitz45"):
        model_named("horowitz")
    assert model_named("horowitz45") is HOROWITZ_45
