"""Whole runs with the real tools on small designs: what is counted, what is kept, what is said when it fails."""

import json
import os
from pathlib import Path

import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from support.conv_engine import Maker
from support.design_folders import write_design
from support.paths import SHARED

from tospike.gen.emit.bare import generate_array
from tospike.gen.emit.folder import generate
from tospike.gen.tools.cache import Cache
from tospike.gen.tools.tool import ToolError
from tospike.hw.params import ArrayParams, Dataflow, InputError, PrimitiveSet
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions
from tospike.synth.targets import RESOURCES

SKY130 = SHARED / "data" / "liberty" / "sky130hd_tt.lib.gz"

MEMORY = """
module store #(parameter WORDS = 32, BITS = 5) (
    input clk, input en, input [BITS-1:0] at, input [7:0] d, output reg [7:0] q);
  reg [7:0] words [0:WORDS-1];
  always @(posedge clk) begin if (en) words[at] <= d; q <= words[at]; end
endmodule
module \\top.deep (input clk, input en, input [4:0] at, input [7:0] d, output [7:0] q);
  store #(.WORDS(32), .BITS(5)) store(clk, en, at, d, q);
endmodule
module \\top.shallow (input clk, input en, input [1:0] at, input [7:0] d, output [7:0] q);
  store #(.WORDS(4), .BITS(2)) store(clk, en, at, d, q);
endmodule
module top(input clk, input rst, input en, input [4:0] at, input [7:0] d, output [7:0] q, output [7:0] r);
  \\top.deep deep(clk, en, at, d, q);
  \\top.shallow shallow(clk, en, at[1:0], d, r);
endmodule
"""

LIBRARY = """library (tiny) {
  cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell (NAND) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A&B)"; } }
  cell (NOR) { area : 2; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A|B)"; } }
  cell (BUF) { area : 1.5; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (FLOP) { area : 10; ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; clock : true; } pin (D) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
}
"""


class MultiplyAdd(wiring.Component):
    """An engine with a product, a sum, and registers that a careless shell would swallow."""

    a: In(signed(8))
    b: In(signed(8))
    sum: Out(signed(24))

    def elaborate(self, platform):
        m = Module()
        product = Signal(signed(16))
        m.d.sync += [product.eq(self.a * self.b), self.sum.eq(self.sum + product)]
        return m


class Sample(wiring.Component):
    """A delay line of 3 x 8 flip-flops in front of an engine."""

    a: In(8)
    b: In(8)
    sum: Out(24)

    def elaborate(self, platform):
        m = Module()
        m.submodules.engine = engine = MultiplyAdd()
        line = [Signal(8, name=f"line{index}") for index in range(3)]
        m.d.sync += [after.eq(before) for before, after in zip([self.a, *line], line, strict=False)]
        m.d.comb += [engine.a.eq(line[-1]), engine.b.eq(self.b), self.sum.eq(engine.sum)]
        return m


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(root=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMARANTH_USE_YOSYS", "builtin")
        from amaranth.back import verilog

        text = verilog.convert(Sample(), name="top", emit_src=False)
    ports = [("a", 8, "input"), ("b", 8, "input"), ("sum", 24, "output")]
    return write_design(tmp_path_factory.mktemp("sample"), text, ports=ports, engines=["top.engine"])


@pytest.fixture(scope="module")
def memories(tmp_path_factory):
    ports = [("en", 1, "input"), ("at", 5, "input"), ("d", 8, "input"), ("q", 8, "output"), ("r", 8, "output")]
    engines = ["top.deep", "top.shallow"]
    return write_design(tmp_path_factory.mktemp("memories"), MEMORY, ports=ports, engines=engines)


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "tiny.lib"
    path.write_text(LIBRARY)
    return path


def small(tmp_path, body, **options):
    """A design of one line with a 4-bit input and a 4-bit output."""
    text = f"module top(input clk, input rst, input [3:0] a, output reg [3:0] q);\n{body}\nendmodule\n"
    return write_design(tmp_path / "design", text, ports=[("a", 4, "input"), ("q", 4, "output")], **options)


# ------------------------------------------------------------------------------------------------------ FPGAs


@pytest.mark.parametrize(
    ("target", "pnr", "speed"), [("ecp5-85k", "nextpnr-ecp5", 6), ("ice40-up5k", "nextpnr-ice40", None)]
)
def test_an_fpga(sample, cache, target, pnr, speed):
    lines = []
    report = synthesize(sample, SynthOptions(target=target), cache=cache, progress=lines.append).to_json()
    steps = [line.split(":")[0] for line in lines if "first call" not in line]
    assert steps == ["yosys", pnr]
    assert (report["target"], report["speed"], report["seed"]) == (target, speed, 1)
    engine = report["engines"]["top.engine"]
    assert set(engine) == set(RESOURCES) <= set(report)
    # the product's and the sum's registers; on iCE40 the accumulator may not be absorbed, for it has a reset
    assert engine["ff"] == 16 + 24
    assert report["ff"] == engine["ff"] + 3 * 8
    assert engine["dsp"] == report["dsp"] == 1
    assert engine["carry"] >= 12
    assert report["wrapper"]["ff"] > 8 + 8 + 24 and report["wrapper"]["dsp"] == 0
    assert 20 < report["fmax_mhz"] < 400
    path = report["critical_path"]
    assert path["logic_ns"] + path["routing_ns"] == pytest.approx(1000 / report["fmax_mhz"], rel=0.01)
    assert path["end"].startswith("design.")
    assert set(report["tools"]) == {"yosys", pnr}
    assert set(report["options"]) == {"yosys", pnr}
    json.dumps(report)

    lines.clear()
    again = synthesize(sample, SynthOptions(target=target), cache=cache, progress=lines.append).to_json()
    assert lines == []
    assert again == report


def test_weight_stationary_arrays_that_yosys_would_break_are_refused(tmp_path, cache):
    folder = generate_array(tmp_path / "design", params=ArrayParams(rows=1, cols=2, dataflow=Dataflow.WS))
    with pytest.raises(InputError, match="loses multipliers of a weight-stationary array on ice40-up5k"):
        synthesize(folder, SynthOptions(target="ice40-up5k"), cache=cache)


def test_conv_engines_that_yosys_would_break_are_refused(tmp_path, cache):
    design = Maker((1, 3, 3)).conv(2, (2, 2)).dense(2).logits().design(1, 2)
    folder = generate(tmp_path / "design", kind="test", params=design.params, design=design, choices={}).path
    with pytest.raises(InputError, match="loses multipliers of a conv engine on ice40-up5k"):
        synthesize(folder, SynthOptions(target="ice40-up5k"), cache=cache)


def test_own_multipliers_stay_as_they_are(tmp_path, cache):
    """Yosys' own DSP mapping would rewire SB_MAC16 cells that it did not make."""
    params = ArrayParams(rows=1, cols=2, primitives=PrimitiveSet.ICE40)
    report = synthesize(
        generate_array(tmp_path / "design", params=params), SynthOptions(target="ice40-up5k"), cache=cache
    )
    assert report.resources["dsp"] == 2
    assert "-dsp" not in report.options["yosys"]
    netlists = [path.read_text() for path in (cache.root / "netlist").glob("*/netlist.json")]
    modules = next(json.loads(text) for text in netlists if "pe_0_1" in text)["modules"]
    cells = [cell for cell in modules["array"]["cells"].values() if cell["type"] == "SB_MAC16"]
    assert len(cells) == 2
    for cell in cells:
        assert all(int(cell["parameters"][name], 2) == 1 for name in ("A_REG", "B_REG", "TOPOUTPUT_SELECT", "A_SIGNED"))
        assert cell["connections"]["OLOADTOP"] == cell["connections"]["OLOADBOT"] != ["0"]
        assert len(set(cell["connections"]["O"])) == 32


def test_another_seed_uses_the_same_netlist(sample, cache):
    first = synthesize(sample, SynthOptions(target="ice40-up5k"), cache=cache)
    lines = []
    second = synthesize(sample, SynthOptions(target="ice40-up5k", seed=2), cache=cache, progress=lines.append)
    assert [line.split(":")[0] for line in lines] == ["nextpnr-ice40"]
    assert second.resources == first.resources
    assert second.seed == 2
    assert len(list((cache.root / "route").iterdir())) > len(list((cache.root / "netlist").iterdir()))


def test_a_damaged_result_is_made_again(sample, cache):
    first = synthesize(sample, SynthOptions(target="ice40-up5k"), cache=cache)
    for path in (cache.root / "route").glob("*/timing.json"):
        path.write_text("{}")
    lines = []
    assert synthesize(sample, SynthOptions(target="ice40-up5k"), cache=cache, progress=lines.append) == first
    assert [line.split(":")[0] for line in lines] == ["nextpnr-ice40"]


def test_changed_verilog_is_another_design(tmp_path, cache, library):
    one = synthesize(small(tmp_path, "always @(posedge clk) q <= a;"), SynthOptions(target=str(library)), cache=cache)
    two = synthesize(small(tmp_path, "always @(posedge clk) q <= ~a;"), SynthOptions(target=str(library)), cache=cache)
    assert (one.area, two.area) == (4 * 10, 4 * 11)


def test_a_design_that_does_not_fit(tmp_path, cache):
    wide = "module top(input clk, input [15:0] a, output [31:0] q);\n  wire [31:0] p0 = a;\n"
    for index in range(9):
        wide += f"  (* keep *) reg [15:0] r{index}; always @(posedge clk) r{index} <= a + {index};\n"
        wide += f"  reg [31:0] p{index + 1}; always @(posedge clk) p{index + 1} <= r{index} * a ^ p{index};\n"
    wide += "  assign q = p9;\nendmodule\n"
    folder = write_design(tmp_path / "design", wide, ports=[("a", 16, "input"), ("q", 32, "output")], reset=None)
    with pytest.raises(InputError, match=r"^the design does not fit ice40-up5k: it needs 9 dsp of 8; make it smaller"):
        synthesize(folder, SynthOptions(target="ice40-up5k"), cache=cache)


def test_cells_that_do_not_fit_together(sample, cache, monkeypatch):
    """Neither look-up tables nor flip-flops are too many, but nextpnr finds that they cannot share logic cells."""

    def full(*_, **__):
        raise ToolError("nextpnr-ice40 failed: ERROR: Unable to place cell 'x', no BELs remaining to implement it")

    monkeypatch.setattr("tospike.synth.fpga.nextpnr.place_and_route", full)
    message = r"^the design does not fit ice40-up5k: it needs \d+ lut4, .*\d+ ff.* \(packed together\); make it smaller"
    with pytest.raises(InputError, match=message):
        synthesize(sample, SynthOptions(target="ice40-up5k", seed=99), cache=cache)


# --------------------------------------------------------------------------------------------------- cells


def test_a_cell_library(tmp_path, cache, library):
    body = "reg [3:0] p; always @(posedge clk) begin p <= ~a; q <= p; end"
    report = synthesize(small(tmp_path, body), SynthOptions(target=str(library)), cache=cache).to_json()
    assert (report["target"], report["area"], report["cells"], report["ff"]) == ("tiny.lib", 4 * 1 + 8 * 10, 12, 8)
    assert report["memory_bits"] == 0 and report["engines"] == {}


def test_deep_memories_are_counted_and_shallow_ones_mapped(memories, cache, library):
    report = synthesize(memories, SynthOptions(target=str(library)), cache=cache).to_json()
    deep, shallow = report["engines"]["top.deep"], report["engines"]["top.shallow"]
    assert (deep["memory_bits"], shallow["memory_bits"], report["memory_bits"]) == (32 * 8, 0, 32 * 8)
    assert shallow["ff"] == 4 * 8 + 8
    assert report["ff"] == deep["ff"] + shallow["ff"]
    assert report["area"] == pytest.approx(deep["area"] + shallow["area"])


def test_a_library_without_flip_flops_is_named(tmp_path, cache):
    path = tmp_path / "poor.lib"
    path.write_text(LIBRARY[: LIBRARY.index("  cell (FLOP)")] + "}\n")
    with pytest.raises(InputError, match=r"poor\.lib has no flip-flop"):
        synthesize(small(tmp_path, "always @(posedge clk) q <= a;"), SynthOptions(target=str(path)), cache=cache)


@pytest.mark.skipif(not SKY130.is_file(), reason="the SkyWater library is not here")
def test_skywater(sample, cache):
    report = synthesize(sample, SynthOptions(target=str(SKY130)), cache=cache).to_json()
    assert report["ff"] == 16 + 24 + 3 * 8
    assert report["engines"]["top.engine"]["ff"] == 16 + 24
    assert 2000 < report["engines"]["top.engine"]["area"] < report["area"] < 8000
    netlist = next(path for path in (cache.root / "cells").glob("*/netlist.v") if "sky130" in path.read_text())
    assert "sky130_fd_sc_hd__dfxtp" in netlist.read_text() and "lpflow" not in netlist.read_text()


# --------------------------------------------------------------------------------------------------- failures


def test_broken_verilog_is_one_line_with_the_log(tmp_path, cache):
    with pytest.raises(ToolError) as caught:
        synthesize(small(tmp_path, "always @(posedge clk) q <= ;"), SynthOptions(target="ecp5-85k"), cache=cache)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("yosys ") and "top.v:2: ERROR: syntax error" in message
    log = Path(message.partition("(log: ")[2].rstrip(")"))
    assert "syntax error" in log.read_text()


def test_a_netlist_with_two_drivers_is_refused(tmp_path, cache):
    folder = small(tmp_path, "assign two = a; assign two = q; wire two; always @(posedge clk) q <= two;")
    with pytest.raises(ToolError, match=r"wrong netlist: .*multiple conflicting drivers"):
        synthesize(folder, SynthOptions(target="ecp5-85k"), cache=cache)


def test_an_engine_that_is_not_there(tmp_path, cache):
    folder = small(tmp_path, "always @(posedge clk) q <= a;", engines=["top.engine"])
    with pytest.raises(InputError, match=r"module 'top\.engine', which the synthesised design does not have"):
        synthesize(folder, SynthOptions(target="ice40-up5k"), cache=cache)


def test_a_missing_tool(sample, cache, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr("tospike.gen.tools.programs._from_wheel", lambda spec: None)
    with pytest.raises(ToolError, match="yosys, which is needed for synthesis, was not found: pip install"):
        synthesize(sample, SynthOptions(target="ecp5-85k"), cache=cache)


def test_speed_and_seed_are_checked(sample, cache, library):
    with pytest.raises(InputError, match="speed grades 6, 7, 8, not 9"):
        synthesize(sample, SynthOptions(target="ecp5-85k", speed=9), cache=cache)
    with pytest.raises(InputError, match=r"tiny\.lib is a cell library, which has no speed grades"):
        synthesize(sample, SynthOptions(target=str(library), speed=6), cache=cache)
    with pytest.raises(InputError, match="seed must be an integer from 0"):
        synthesize(sample, SynthOptions(target="ecp5-85k", seed=-1), cache=cache)
