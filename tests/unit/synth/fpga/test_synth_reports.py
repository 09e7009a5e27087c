"""Reading what the tools write, from short excerpts of recorded files; the shell around the pins; the targets."""

import gzip
import json
import re

import pytest

from tospike.gen.tools.tool import ToolError
from tospike.hw.params import InputError
from tospike.hw.params.devices import DEVICES
from tospike.synth.asic.cells import cell_areas, read_library
from tospike.synth.board.wrapper import wrap
from tospike.synth.design import Design, Port, read_design
from tospike.synth.fpga.nextpnr import parse_route, read_route
from tospike.synth.targets import RESOURCES, CellTarget, FpgaTarget, parse_target
from tospike.synth.yosys import parse_statistics, read_statistics

# `stat -json` of Yosys 0.66: a shell, a top that instantiates an engine twice
STATISTICS = r"""
{
   "creator": "Yosys 0.66 (git sha1 86f2ddebc)",
   "modules": {
      "\\tospike_pins": {"num_memory_bits": 0, "num_cells_by_type": {"LUT4": 77, "TRELLIS_FF": 197, "top": 1}},
      "\\top": {"num_memory_bits": 8, "num_cells_by_type": {"DP16KD": 1, "LUT4": 27, "top.engine0": 2}},
      "\\top.engine0": {"num_memory_bits": 32, "num_cells_by_type": {"$scopeinfo": 4, "CCU2C": 64, "LUT4": 195}}
   },
   "design": {"num_cells_by_type": {}}
}
"""

# `nextpnr-ecp5 --report`, 0.11.1
ROUTE = """
{"critical_paths": [
  {"from": "<async>", "to": "posedge $glbnet$clk", "path": []},
  {"from": "posedge $glbnet$clk", "to": "posedge $glbnet$clk", "path": [
    {"delay": 5.83, "from": {"cell": "mem.0.0", "loc": [4, 46], "port": "DOB7"},
     "to": {"cell": "mem.0.0", "loc": [4, 46], "port": "DOB7"}, "type": "clk-to-q"},
    {"delay": 1.929, "from": {"cell": "mem.0.0", "loc": [4, 46], "port": "DOB7"}, "net": "n",
     "to": {"cell": "lut", "loc": [5, 57], "port": "C"}, "type": "routing"},
    {"delay": 0.24, "from": {"cell": "lut", "loc": [5, 57], "port": "C"},
     "to": {"cell": "lut", "loc": [5, 57], "port": "F"}, "type": "logic"},
    {"delay": 1.5, "from": {"cell": "lut", "loc": [5, 57], "port": "F"}, "net": "m",
     "to": {"cell": "ff", "loc": [6, 56], "port": "M"}, "type": "routing"},
    {"delay": 0, "from": {"cell": "ff", "loc": [6, 56], "port": "M"},
     "to": {"cell": "ff", "loc": [6, 56], "port": "M"}, "type": "setup"}]},
  {"from": "posedge fast", "to": "posedge fast", "path": []}],
 "fmax": {"fast": {"achieved": 300.0, "constraint": 200}, "$glbnet$clk": {"achieved": 105.274, "constraint": 200}},
 "utilization": {"DP16KD": {"available": 208, "used": 1}, "DCUA": {"available": 2, "used": 0}}}
"""


def test_statistics_add_up_through_the_hierarchy():
    statistics = parse_statistics(STATISTICS)
    assert statistics.total("top.engine0") == {"$scopeinfo": 4, "CCU2C": 64, "LUT4": 195}
    assert statistics.total("top") == {"DP16KD": 1, "LUT4": 27 + 2 * 195, "CCU2C": 128, "$scopeinfo": 8}
    assert statistics.total("tospike_pins")["LUT4"] == 77 + 27 + 2 * 195
    assert statistics.total_memory_bits("top") == 8 + 2 * 32


def test_a_route_is_that_of_the_slowest_clock():
    route = parse_route(ROUTE)
    assert route.fmax_mhz == 105.274
    path = route.critical_path
    assert (path.start, path.end) == ("mem.0.0.DOB7", "ff.M")
    assert path.logic_ns == pytest.approx(5.83 + 0.24)
    assert path.routing_ns == pytest.approx(1.929 + 1.5)
    assert route.placed == {"DP16KD": (1, 208)}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"modules": {"a": {}}, "fmax": {"clk": {}}}'])
@pytest.mark.parametrize("read", [read_statistics, read_route])
def test_a_report_of_another_shape_is_named(tmp_path, read, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ToolError, match=re.escape(str(path))):
        read(path)


# --------------------------------------------------------------------------------------------------- Liberty

LIBRARY = b"""library (tiny) {
  wire_load ("small") { area : 9; }
  /* cell ("COMMENT") { area : 1; } */
  cell ("INV") { area : 1.25;
    pin (A) { direction : input; } }
  cell(BUF) { cell_footprint : "x"; area : "2e1"; }
  cell (TAP) { ff (IQ, IQN) { } }
}
"""


def test_cell_areas():
    assert cell_areas(LIBRARY) == {"INV": 1.25, "BUF": 20.0, "TAP": 0.0}


def test_a_library_may_be_packed(tmp_path):
    (tmp_path / "a.lib").write_bytes(LIBRARY)
    (tmp_path / "a.lib.gz").write_bytes(gzip.compress(LIBRARY))
    assert read_library(tmp_path / "a.lib") == read_library(tmp_path / "a.lib.gz") == LIBRARY


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not packed", "is not a readable Liberty"),
        (gzip.compress(b"x", mtime=0), "is not a Liberty"),
        (gzip.compress(b"library (x) { }", mtime=0), "has no flip-flop"),
    ],
)
def test_what_is_no_library_is_named(tmp_path, content, message):
    path = tmp_path / "a.lib.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_library(path)


# --------------------------------------------------------------------------------------------------- targets


def test_targets(tmp_path):
    library = tmp_path / "cells.lib.gz"
    library.write_bytes(b"")
    assert parse_target("ecp5-85k") == FpgaTarget(device=DEVICES["ecp5-85k"])
    assert parse_target(str(library)) == CellTarget(library=library)
    known = "ecp5-85k, ice40-up5k, xc7, gowin, nexus"
    with pytest.raises(InputError, match=f"unknown target 'ecp5-95k': choose {known}, or a Liberty"):
        parse_target("ecp5-95k")
    with pytest.raises(InputError, match=r"the Liberty file absent\.lib does not exist"):
        parse_target("absent.lib")


def test_speed_grades():
    assert [parse_target("ecp5-85k").check_speed(speed) for speed in (None, 7)] == [6, 7]
    assert parse_target("ice40-up5k").check_speed(None) is None
    with pytest.raises(InputError, match=r"speed grades 6, 7, 8, not 5"):
        parse_target("ecp5-85k").check_speed(5)
    with pytest.raises(InputError, match="ice40-up5k has no speed grades"):
        parse_target("ice40-up5k").check_speed(6)


@pytest.mark.parametrize(
    ("target", "cell", "resource"),
    [
        ("ecp5-85k", "CCU2C", "carry"),
        ("ecp5-85k", "TRELLIS_FF", "ff"),
        ("ecp5-85k", "TRELLIS_DPR16X4", "lutram"),
        ("ecp5-85k", "$scopeinfo", None),
        ("ice40-up5k", "SB_DFFESR", "ff"),
        ("ice40-up5k", "SB_RAM40_4KNR", "bram"),
        ("ice40-up5k", "SB_LUT4", "lut4"),
        ("ice40-up5k", "SB_IO", None),
    ],
)
def test_cells_are_counted_as(target, cell, resource):
    assert parse_target(target).resource(cell) == resource
    assert resource is None or resource in RESOURCES


# ------------------------------------------------------------------------------------------------ the shell


def design(*ports, **changes):
    values = {"top": "top", "clock": "clk", "reset": "rst", "engines": (), "sources": {"top.v": b""}}
    return Design(ports=tuple(Port(name=n, width=w, is_input=i) for n, w, i in ports), **{**values, **changes})


def test_every_bit_is_connected_once():
    text = wrap(design(("a", 5, True), ("q", 3, False), ("b", 20, True), ("r", 2, False)))
    assert re.findall(r"\.(\w+)\((\w+\[\d+:\d+\])\)", text) == [
        ("a", "stimulus[4:0]"),
        ("q", "response[2:0]"),
        ("b", "stimulus[24:5]"),
        ("r", "response[4:3]"),
    ]
    assert ".clk(clk)" in text and ".rst(rst)" in text
    assert "reg [24:0] shift" in text and "reg [24:0] stimulus" in text
    assert re.findall(r"(level\d+\[\d+\]) <= \^(level\d+\[\d+:\d+\])", text) == [
        ("level1[0]", "level0[3:0]"),
        ("level1[1]", "level0[4:4]"),
        ("level2[0]", "level1[1:0]"),
    ]
    assert "assign so = level2;" in text


def test_no_input_no_reset_and_a_name_to_escape():
    text = wrap(design(("o_1", 1, False), top="top.a", reset=None))
    assert "stimulus" not in text and ".rst" not in text
    assert r"\top.a  design (" in text
    assert "response[0:0]" in text and "assign so = level0;" in text


def test_few_inputs_are_not_mixed_with_themselves():
    """An input bit that is exclusive or of a bit with itself would be constant."""
    assert "reg [14:0] shift" in wrap(design(("a", 7, True), ("q", 1, False)))


# ------------------------------------------------------------------------------------------- design folders

MANIFEST = {
    "top": "top",
    "clock": "clk",
    "reset": "rst",
    "files": {"top.v": "", "weights.mem": ""},
    "ports": [
        {"name": "clk", "width": 1, "direction": "input"},
        {"name": "rst", "width": 1, "direction": "input"},
        {"name": "a", "width": 2, "direction": "input"},
        {"name": "q", "width": 3, "direction": "output"},
    ],
    "engines": [{"module": "top.e", "kind": "event"}],
}


def write_design(folder, **changes):
    (folder / "manifest.json").write_text(json.dumps({**MANIFEST, **changes}))
    (folder / "top.v").write_text("verilog")
    (folder / "weights.mem").write_text("00")
    return folder


def test_a_design_folder(tmp_path):
    found = read_design(write_design(tmp_path))
    assert (found.top, found.clock, found.reset, found.engines) == ("top", "clk", "rst", ("top.e",))
    assert [(port.name, port.width, port.is_input) for port in found.ports] == [("a", 2, True), ("q", 3, False)]
    assert found.sources == {"top.v": b"verilog"}
    assert list(found.sources) == ["top.v"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": {"gone.v": ""}}, r"lacks gone\.v"),
        ({"files": {"../top.v": ""}}, r"names '\.\./top\.v'"),
        ({"files": {"two words.v": ""}}, r"names 'two words\.v'"),
        ({"files": {"weights.mem": ""}}, "lists no Verilog file"),
        ({"files": None}, "is not a readable manifest"),
        ({"ports": [{"name": "p", "width": 1, "direction": "inout"}]}, "port 'p' is an inout"),
        ({"ports": [{"name": "p", "direction": "input"}]}, "'width'"),
        ({"ports": [{"name": "p", "width": 1, "direction": "input"}]}, "has no outputs"),
    ],
)
def test_what_is_wrong_with_a_folder_is_named(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read_design(write_design(tmp_path, **changes))


def test_a_cell_of_the_same_name_is_told(tmp_path):
    found = read_design(write_design(tmp_path))
    found.require_other_names({"INVX1"}, "lib")
    with pytest.raises(InputError, match="lib has a cell 'top', too"):
        found.require_other_names({"top"}, "lib")


def test_a_folder_without_a_manifest(tmp_path):
    with pytest.raises(InputError, match=r"is not a generated design: it has no manifest\.json"):
        read_design(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="is not a readable manifest of a design"):
        read_design(tmp_path)


@pytest.mark.parametrize(
    ("cells", "target", "primitives"),
    [("ice40", "ice40", "ice40"), ("ecp5", "ecp5", "ecp5"), ("generic", "ice40", "generic")],
)
def test_whose_cells_a_design_is_made_of(tmp_path, cells, target, primitives):
    assert read_design(write_design(tmp_path, verilog={cells: "top.v"}), target).primitives == primitives
