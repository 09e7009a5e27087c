"""Technology files: the published constants, the rules between them, and bad files by their messages."""

import numpy as np
import pytest

from tospike.compare.energy.technology import Platform, load_technology, shipped
from tospike.hw.params import InputError, LeakKind, LeakParams

KIB = 8 * 1024
HOROWITZ = load_technology("horowitz45")
GOOD = """
name = "mine"
description = "for a test"
[add]
bits = [8]
pj = [1]
um2_per_bit = 1
source = "me"
[multiply]
bits = [8]
pj = [10]
um2_per_bit2 = 1
source = "me"
[sram]
kib = [1, 4]
pj = [10, 20]
floor_pj = 1
um2_per_bit = 1
nw_per_bit = 1
source = "me"
[register]
pj_per_bit = 1
pj_per_cycle = 1
um2 = 1
source = "me"
[logic]
nw_per_um2 = 1
source = "me"
[clock]
mhz = 100
source = "me"
"""


@pytest.mark.parametrize(("bits", "picojoules"), [(8, 0.03), (16, 0.05), (32, 0.1)])
def test_add_meets_the_published_points(bits, picojoules):
    assert HOROWITZ.addition(bits) == pytest.approx(picojoules)


def test_add_is_linear_between_and_beyond_the_points():
    assert HOROWITZ.addition(0) == 0
    assert HOROWITZ.addition(4) == pytest.approx(0.015)
    assert HOROWITZ.addition(12) == pytest.approx(0.04)
    assert HOROWITZ.addition(24) == pytest.approx(0.075)
    assert HOROWITZ.addition(48) == pytest.approx(0.15)


@pytest.mark.parametrize(("bits", "picojoules"), [(8, 0.2), (32, 3.1)])
def test_multiply_meets_the_published_points(bits, picojoules):
    assert HOROWITZ.multiplication(bits, bits) == pytest.approx(picojoules)


def test_multiply_depends_on_the_product_of_the_widths():
    assert HOROWITZ.multiplication(4, 16) == pytest.approx(0.2)
    assert HOROWITZ.multiplication(16, 8) == pytest.approx(0.4, rel=0.01)
    assert HOROWITZ.multiplication(0, 8) == 0


@pytest.mark.parametrize(("kib", "picojoules"), [(8, 10), (32, 20), (1024, 100)])
def test_sram_meets_the_published_points(kib, picojoules):
    assert HOROWITZ.access(64, kib * KIB) == pytest.approx(picojoules)


def test_sram_follows_the_square_root_below_8_kib_down_to_a_floor():
    assert HOROWITZ.access(64, 2 * KIB) == pytest.approx(5)
    assert HOROWITZ.access(8, 2 * KIB) == pytest.approx(5 / 8)
    assert HOROWITZ.access(64, 400) == pytest.approx(1)
    assert HOROWITZ.access(64, 0) == pytest.approx(1)


def test_a_small_memory_costs_about_what_eyeriss_says():
    """Chen, Emer and Sze, ISCA 2016, table IV: a 0.5 KiB register file costs as much as one 16-bit MAC."""
    mac = HOROWITZ.multiplication(16, 16) + HOROWITZ.addition(16)
    assert 0.5 < HOROWITZ.access(16, KIB // 2) / mac < 2


def test_the_leak_is_charged_by_its_kind():
    assert HOROWITZ.leak(16, None) == 0
    assert HOROWITZ.leak(16, LeakParams(kind=LeakKind.SHIFT)) == pytest.approx(0.05)
    multiply = HOROWITZ.leak(16, LeakParams(kind=LeakKind.MULTIPLY, decay_bits=12))
    assert multiply == pytest.approx(HOROWITZ.multiplication(16, 12))


@pytest.mark.parametrize("name", shipped())
def test_prices_never_fall_when_something_grows(name):
    technology = load_technology(name)
    assert technology.name == name
    for small, large in zip(range(1, 64), range(2, 65), strict=True):
        assert technology.addition(small) < technology.addition(large)
        # an FPGA has blocks of one size
        assert technology.multiplication(small, 8) <= technology.multiplication(large, 8)
        assert technology.access(small, KIB) <= technology.access(large, KIB)
    assert technology.multiplication(1, 8) < technology.multiplication(64, 8)
    assert technology.access(1, KIB) < technology.access(64, KIB)
    capacities = np.logspace(1, 8, 60).astype(int)
    costs = [technology.access(64, int(capacity)) for capacity in capacities]
    assert np.all(np.diff(costs) >= 0)
    if name != "gf180mcu":  # a deeper memory is more macros, of which one works
        assert costs[-1] > costs[0]


@pytest.mark.parametrize("name", shipped())
def test_every_number_has_a_unit_and_a_source(name):
    described = load_technology(name).describe()
    assert len(described) >= 13
    for constant in described.values():
        assert constant.value >= 0
        assert constant.unit
        assert len(constant.source) > 20


def test_cells_cost_what_gate_level_simulation_found():
    """FACTS: an idle PE of about 48 flip-flops takes 10.2 pJ per cycle (OSU), 2.2 (sky130); a MAC at least 25."""
    osu, sky = load_technology("osu018"), load_technology("sky130hd")
    assert 48 * osu.register.pj_per_cycle == pytest.approx(10.2, rel=0.06)
    assert 48 * sky.register.pj_per_cycle == pytest.approx(2.2, rel=0.06)
    mac = osu.multiplication(8, 8) + osu.addition(32)
    assert 1.4 < (49.6 - 10.2) / mac < 3.4, "the glitches that a level without gates cannot see"


def load(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_technology(str(path))


def test_a_file_of_the_users_own(tmp_path):
    mine = load(tmp_path, GOOD)
    assert mine.name == "mine" and mine.platform is Platform.ASIC
    assert mine.addition(16) == pytest.approx(2)
    assert mine.multiplication(4, 4) == pytest.approx(2.5)
    assert mine.access(64, 2 * KIB) == pytest.approx(10 * 2**0.5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"', 'name = "mine"\nplatform = "fpga"', "mine.toml has unknown keys: "),
        ("mhz = 100", "ghz = 1", "clock has unknown keys: ghz; allowed are mhz, source"),
        ("mhz = 100", "", "clock lacks mhz"),
        ("mhz = 100", "mhz = 0", r"\[clock\] mhz of mine must be above 0"),
        ("mhz = 100", 'mhz = "fast"', "mhz must be a number of 0 or more, not 'fast'"),
        ("mhz = 100", "mhz = true", "mhz must be a number"),
        ("mhz = 100", "mhz = nan", "mhz must be a number"),
        ("um2 = 1", "um2 = -1", "um2 must be a number of 0 or more"),
        ('name = "mine"', "name = 3", "name must be a string"),
        ('name = "mine"', 'name = "mine"\nplatform = "gpu"', "platform must be asic or fpga, not 'gpu'"),
        ("pj = [10, 20]", "pj = 10", "sram: pj must be a list of numbers"),
        ("pj = [10, 20]", "pj = [10]", r"\[sram\] of mine needs ascending points above 0, and a price for each"),
        ("pj = [10, 20]", "pj = [20, 10]", r"\[sram\] of mine: prices must not fall"),
        ("pj = [10, 20]", "pj = [0, 10]", "must be above 0"),
        ("kib = [1, 4]", "kib = [4, 1]", "ascending points"),
        ("[logic]", "[magic]", "unknown keys: magic"),
        ("[logic]", "logic = 3\n[magic]", "unknown keys: magic"),
        ("[add]", "[add", "is not a readable technology in TOML"),
    ],
)
def test_a_bad_file_is_named(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(InputError, match=message):
        load(tmp_path, GOOD.replace(old, new))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no technology 'tsmc3': use one of ecp5, gf180mcu, horo"):
        load_technology("tsmc3")
    (tmp_path / "latin.toml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match=r"latin.toml is not a readable technology in TOML"):
        load_technology(str(tmp_path / "latin.toml"))
