"""Energy per second by hand."""

from dataclasses import replace

import pytest

from tospike.compare.stream.power import Circuit, Idle, Load, cheapest, crossover, power

LOAD = Load(looks=10, pj=5e6, cycles=250_000, longest=40_000, spacing_us=100_000)
CIRCUIT = Circuit(idle_pj=2.0, leakage_nw=4000.0, retained_nw=3000.0, reload_pj=7e4, carries_state=False)


@pytest.mark.parametrize(
    ("idle", "expected"),
    [
        (Idle.CLOCKED, 5 + 2 * 750_000 / 1e6 + 4),
        (Idle.GATED, 5 + 4),
        (Idle.RETENTION, 5 + 0.25 * 4 + 0.75 * 0.1 * 3),
        (Idle.OFF, 5 + 10 * 0.07 + 0.25 * 4),
    ],
)
def test_the_four_modes(idle, expected):
    found = power(LOAD, CIRCUIT, clock_mhz=1.0, idle=idle)
    assert found.microjoules_per_second == pytest.approx(expected)
    assert (found.busy, found.answer_us) == (0.25, 40_000)


def test_leakage_is_a_factor_of_what_is_static():
    one, ten = (power(LOAD, CIRCUIT, clock_mhz=1.0, idle=Idle.GATED, leakage=f) for f in (1, 10))
    assert ten.microjoules_per_second - one.microjoules_per_second == pytest.approx(9 * 4)


def test_what_cannot_keep_up_or_loses_its_state_is_none():
    assert power(LOAD, CIRCUIT, clock_mhz=0.4, idle=Idle.GATED).answer_us == 100_000  # when the next one comes
    assert power(LOAD, CIRCUIT, clock_mhz=0.39, idle=Idle.GATED) is None  # although busy for 64 % of the time
    assert power(LOAD, replace(CIRCUIT, carries_state=True), clock_mhz=1.0, idle=Idle.OFF) is None


def test_a_clocked_design_takes_the_slowest_clock_in_time_and_one_that_is_off_races():
    found = cheapest(LOAD, CIRCUIT, Idle.CLOCKED, within_us=1e6)
    assert found.clock_mhz == 1.0
    assert cheapest(LOAD, CIRCUIT, Idle.CLOCKED, within_us=39_000).clock_mhz == 10.0
    assert cheapest(LOAD, CIRCUIT, Idle.OFF, within_us=1e6).clock_mhz == 100.0
    assert cheapest(LOAD, CIRCUIT, Idle.GATED, within_us=1e6).clock_mhz == 1.0  # all are equal
    assert cheapest(LOAD, CIRCUIT, Idle.GATED, within_us=1) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([5, 5, 5], [1, 10, 100], 1 + 9 * 4 / 9),
        ([5, 5, 5], [6, 10, 100], 1),
        ([5, 50, 500], [1, 10, 100], None),
        ([None, 5, 5], [1, 10, 100], 10),
        ([5, 5, 5], [1, 10, None], None),
        ([5, 5, 5], [None, 10, 100], 10),
        ([5, 5, 5], [6, 4, 100], 10 + 90 * 1 / 96),
    ],
)
def test_crossovers(one, other, expected):
    assert crossover([1, 10, 100], one, other) == (pytest.approx(expected) if expected else None)
