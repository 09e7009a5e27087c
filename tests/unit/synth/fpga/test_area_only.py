"""Families that are not placed: cells are counted, engine by engine, and nothing says a clock."""

import json
from collections import Counter

import pytest
from support.command_line import refused, tospike

from tospike.compare.report.area import area_of
from tospike.compare.study.options import StudyOptions
from tospike.gen.emit.bare import generate_array
from tospike.gen.tools.cache import Cache
from tospike.hw.params import ArrayParams, InputError, PrimitiveSet
from tospike.synth.flow import synthesize
from tospike.synth.fpga.area_only import AreaFlow
from tospike.synth.options import SynthOptions
from tospike.synth.report import AREA_ONLY
from tospike.synth.targets import AREA_TARGETS


@pytest.fixture(scope="module")
def array(tmp_path_factory):
    """2 x 2 products and sums."""
    return generate_array(tmp_path_factory.mktemp("area") / "array", params=ArrayParams(rows=2, cols=2))


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("xc7", {"dsp": 4, "ff": 32, "lut6": 1}),
        ("gowin", {"dsp": 4, "ff": 32, "lut4": 1}),
        ("nexus", {"dsp": 4, "ff": 32, "lut4": 1}),
    ],
)
def test_the_cells_of_an_array(array, tmp_path, name, least):
    report = synthesize(array, SynthOptions(target=name), cache=Cache(root=tmp_path))
    assert all(report.resources[key] >= count for key, count in least.items()), report.resources
    assert report.resources["bram18"] == 0
    said = report.to_json()
    assert said["note"] == AREA_ONLY == "area only, no place and route: no clock"
    assert not {"fmax_mhz", "critical_path", "speed", "seed", "placed"} & set(said)
    with pytest.raises(InputError, match=f"{name} is area only"):
        area_of(report)


def test_every_cell_that_is_counted_has_its_weight():
    for target in AREA_TARGETS.values():
        flow = AreaFlow(target=target, yosys=None, cache=None)
        for cell, (name, weight) in target.cells.items():
            assert flow._resources(Counter({cell.replace("*", "X"): 3}))[name] == 3 * weight
        assert sum(flow._resources(Counter({"VCC": 3, "GND": 2, "MUXF7": 1})).values()) == 0
    assert AREA_TARGETS["xc7"].resources[:3] == ("lut6", "carry4", "ff")


def test_the_command_line_says_that_there_is_no_clock(array, tmp_path):
    result = tospike("synth", array, "--target", "gowin", "--json", tmp_path / "area.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert AREA_ONLY in result.stdout and "MHz" not in result.stdout
    assert json.loads((tmp_path / "area.json").read_text())["family"] == "Gowin GW2A"
    refused(tospike("synth", array, "--target", "xc8", cwd=tmp_path), "unknown target 'xc8': choose", "xc7", "gowin")


def test_what_needs_a_clock_or_vendor_cells_is_refused(array, tmp_path):
    with pytest.raises(InputError, match="xc7 is not placed and has no clock: leave --speed out"):
        synthesize(array, SynthOptions(target="xc7", speed=6), cache=Cache(root=tmp_path))
    with pytest.raises(InputError, match="--target nexus is area only, and a study needs a clock: give ecp5-85k"):
        StudyOptions(synth=SynthOptions(target="nexus"))
    own = ArrayParams(rows=1, cols=1, primitives=PrimitiveSet.ECP5)
    folder = generate_array(tmp_path / "own", params=own)
    with pytest.raises(InputError, match="uses the primitives of ecp5, which this target does not have"):
        synthesize(folder, SynthOptions(target="xc7"), cache=Cache(root=tmp_path))
