"""Prices of FPGA families, by hand, and the devices that designs fit."""

from dataclasses import replace

import pytest

from tospike.compare.energy.cost_model import Platform, Resources, Unit
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.energy.fpga import Place
from tospike.compare.energy.technology import cell_technology, load_technology
from tospike.compare.search.costs import SearchObjective
from tospike.compare.search.options import SearchOptions
from tospike.compare.study.options import StudyOptions
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    DenseLayer,
    InputError,
    IntFormat,
    SystolicParams,
)
from tospike.sim import accelerator as golden

ECP5, ICE40 = load_technology("ecp5"), load_technology("ice40")
ARRAY = ArrayParams(
    rows=1, cols=4, dataflow=Dataflow.OS, act=IntFormat(bits=8, signed=True), weight_bits=8, acc_bits=24
)
PARAMS = AcceleratorParams(
    name="ann", engines=(SystolicParams(array=ARRAY, layers=(DenseLayer(rows=1, inputs=9, outputs=5),)),)
)


def resources(registers=100, memory_bits=(), units=()):
    return Resources(registers=registers, memory_bits=memory_bits, units=units)


@pytest.mark.parametrize("technology", [ECP5, ICE40])
def test_platform_and_uncertainty(technology):
    assert technology.platform is Platform.FPGA
    factors = {name: number.value for name, number in technology.describe().items() if name.endswith("factor")}
    assert len(factors) == 6 and min(factors.values()) > 1
    assert "uncalibrated" in technology.description


def test_corners_are_all_combinations_of_the_factors():
    own = load_technology("ecp5")
    corners = own.corners()
    assert len({repr(corner) for corner in corners}) == len(corners) == 64
    additions = {round(corner.addition(8) / own.addition(8), 6) for corner in corners}
    assert additions == {round(1 / own.lut.factor, 6), own.lut.factor}
    accesses = {round(corner.access(36, 9000) / own.access(36, 9000), 6) for corner in corners}
    assert accesses == {round(1 / own.ram.factor, 6), own.ram.factor}
    assert load_technology("horowitz45").corners() == ()


def test_products_are_blocks_unless_they_are_narrow():
    assert ICE40.multiplication(8, 8) == ICE40.multiplication(16, 16) == ICE40.dsp.pj
    assert ICE40.multiplication(17, 8) == 2 * ICE40.dsp.pj
    assert ICE40.multiplication(2, 3) == pytest.approx(6 * 0.56)


def test_every_block_of_a_memory_works_in_an_access():
    assert ECP5.access(36, 18432) == ECP5.access(1, 2000) == ECP5.ram.pj
    assert ECP5.access(37, 18432) == 2 * ECP5.ram.pj, "a wider word"
    assert ECP5.access(8, 3 * 18432) == 3 * ECP5.ram.pj, "a deeper memory"
    assert ECP5.access(8, 1024) == pytest.approx(8 * 0.16), "LUTs"
    assert ICE40.access(8, 128) == ICE40.ram.pj, "it has no memories of LUTs, and few flip-flops"
    assert [ICE40.is_macro(8, bits) for bits in (64, 65)] == [False, True]


@pytest.mark.parametrize(
    ("needed", "device", "count"),
    [
        (resources(), 0, 1),
        (resources(registers=24288), 0, 1),
        (resources(registers=24289), 1, 1),
        (resources(memory_bits=(56 * 18432,)), 0, 1),
        (resources(memory_bits=(56 * 18432, 1025)), 1, 1),
        (resources(memory_bits=(56 * 18432, 1024)), 0, 1),
        (resources(units=(Unit(instances=156, multiply=(8, 8)),)), 0, 1),
        (resources(units=(Unit(instances=600, multiply=(8, 8)),)), 1, 1),
        (resources(registers=83641), 2, 2),
        (resources(memory_bits=(700 * 18432,)), 2, 4),
    ],
)
def test_the_smallest_device_that_a_design_fits(needed, device, count):
    assert ECP5.place(needed) == Place(index=device, count=count)
    assert ECP5.static_nw(needed) == count * ECP5.devices.static_mw[device] * 1e6
    assert ECP5.clock_network(needed) == count * ECP5.devices.clock_pj[device]


@pytest.mark.parametrize("technology", [ECP5, ICE40])
def test_energy_by_hand(technology):
    design = random_design(PARAMS, seed=1)
    result = golden.run(design, random_samples(design, 3, seed=1))
    energy = counter_energy(technology, PARAMS, result.counters, result.cycles)
    nanoseconds = result.cycles * 1000 / technology.clock.mhz
    assert energy.static == pytest.approx(technology.devices.static_mw[0] * nanoseconds)
    bits = sum(register_bits(PARAMS).values())
    clock = bits * technology.register.pj_per_cycle + technology.devices.clock_pj[0]
    assert energy.terms["clock_busy"] + energy.terms["clock_idle"] == pytest.approx(clock * result.cycles)
    macs = result.counters["0.macs"]
    assert energy.terms["mac"] == pytest.approx(macs * (technology.dsp.pj + 24 * technology.lut.pj_per_bit))
    assert energy.area_um2 == 0


def test_what_needs_standard_cells_refuses_an_fpga():
    with pytest.raises(InputError, match="technology ecp5 prices an FPGA, not standard cells: use one of gf18"):
        cell_technology("ecp5")
    with pytest.raises(InputError, match="--objective area needs a --technology of standard cells, not ecp5"):
        StudyOptions(technology_name="ecp5", search=SearchOptions(objective=SearchObjective.AREA))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lut4": (10.0, 20.0)}, r"\[devices\] of ecp5 needs every number for each device"),
        ({"lut4": (30.0, 20.0, 10.0)}, r"\[devices\] of ecp5 must begin with the smallest"),
        ({"clock_pj": (30.0, 20.0, 10.0)}, "and every column must ascend"),
        ({"static_factor": 0.5}, "a factor of uncertainty of ecp5 must be 1 or more"),
    ],
)
def test_a_bad_table_of_devices_is_named(change, message):
    with pytest.raises(InputError, match=message):
        replace(ECP5, devices=replace(ECP5.devices, **change))


def test_sizes_of_blocks_are_1_or_more():
    with pytest.raises(InputError, match="sizes of blocks of ecp5 must be 1 or more"):
        replace(ECP5, dsp=replace(ECP5.dsp, bits=0.5))
