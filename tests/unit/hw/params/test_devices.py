"""A device of a known family is one entry; every registry knows every family."""

import pytest

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.emit.bare import generate_array
from tospike.gen.fit.auto_size import fit
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.fpga import FPGA_TOOLS
from tospike.hw.params import PRIMITIVES, ArrayParams, DenseLayer, InputError, PrimitiveSet, SystolicParams
from tospike.hw.params.devices import DEVICES, ECP5, Device, find_device, named
from tospike.hw.primitives import CELLS, MULTIPLY_ADD, cell_model
from tospike.synth.board.boards import PACKERS
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions
from tospike.synth.targets import RESOURCES, parse_target

SMALL = Device(
    name="ecp5-25k",
    title="ECP5-25F",
    family=ECP5,
    capacity={"lut4": 24288, "ff": 24288, "bram": 56, "dsp": 28},
    size="25k",
    package="CABGA381",
    speeds=(6, 7, 8),
)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setitem(DEVICES, SMALL.name, SMALL)


def test_every_family_is_in_every_registry():
    families = {device.family.name for device in DEVICES.values()}
    assert families == set(FPGA_TOOLS) == set(AREA_COSTS) == set(PACKERS)
    for device in DEVICES.values():
        assert {"lut4", "ff", "bram", "dsp"} <= set(device.capacity) <= set(RESOURCES)
        assert set(device.capacity) <= {*FPGA_TOOLS[device.family.name].cells.values()}


def test_every_primitive_has_cells_and_what_they_can_do():
    assert set(CELLS) == set(PRIMITIVES) == set(PrimitiveSet)
    assert set(MULTIPLY_ADD) == {one for one, facts in PRIMITIVES.items() if facts.multiplier_adds}
    for primitives, facts in PRIMITIVES.items():
        if facts.is_vendors:
            assert "module" in cell_model(primitives)[1]


def test_a_device_that_is_added_is_known_everywhere(small):
    assert find_device("ecp5-25k") is SMALL and "ecp5-25k" in named().split(" or ")
    assert parse_target("ecp5-25k").check_speed(None) == 6
    with pytest.raises(InputError, match=r"choose .*ecp5-25k, .*or a Liberty"):
        parse_target("ecp5-12k")
    engine = SystolicParams(array=ArrayParams(rows=1, cols=1), layers=(DenseLayer(rows=1, inputs=256, outputs=96),))
    fitted, larger = fit(engine, SMALL), fit(engine, find_device("ecp5-85k"))
    assert fitted.area.dsp <= 28 < larger.area.dsp and fitted.cycles > larger.cycles


@pytest.mark.slow
def test_a_design_is_put_on_a_device_that_is_added(small, tmp_path):
    folder = generate_array(tmp_path / "array", params=ArrayParams(rows=1, cols=1, primitives=PrimitiveSet.ECP5))
    report = synthesize(folder, SynthOptions(target="ecp5-25k"), cache=Cache(root=tmp_path / "cache"))
    assert report.capacity == SMALL.capacity and report.resources["dsp"] == 1
    assert report.options["nextpnr-ecp5"].startswith("--25k --package CABGA381") and report.fmax_mhz > 50
