"""Generated Verilog: plain names, and comments."""

import re

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.gen.emit.verilog import convert
from tospike.gen.emit.verilog_text import described, plain_names


def test_names_lose_what_needs_an_escape():
    text = (
        "module \\top.part$3 (clk, \\valid$7 );\n"
        "  wire \\$12 ;\n  wire valid;\n  wire \\valid$7 ;\n  wire [1:0] \\o$5.kind ;\n  wire \\row[0] ;\n"
        "  reg \\$signal$2  = 1'h0;\n  wire \\port$3$0 ;\n  wire port_3_0;\n"
        "  assign \\$12  = \\valid$7  & valid;\n"
        "  \\top.part$3.inner$4  \\inner$4  (\n    .\\a$1 (\\o$5.kind [0])\n  );\n"
        "  MULT #(\n    .A(1)\n  ) \\product$8  (\n    .A(\\$12 )\n  );\nendmodule\n"
    )
    assert plain_names(text) == (
        "module \\top.part$3 (clk, valid_7 );\n"
        "  wire n12 ;\n  wire valid;\n  wire valid_7 ;\n  wire [1:0] \\o_5.kind ;\n  wire \\row[0] ;\n"
        "  reg signal_2  = 1'h0;\n  wire port_3_0_ ;\n  wire port_3_0;\n"
        "  assign n12  = valid_7  & valid;\n"
        "  \\top.part$3.inner$4  \\inner$4  (\n    .a_1 (\\o_5.kind [0])\n  );\n"
        "  MULT #(\n    .A(1)\n  ) \\product$8  (\n    .A(n12 )\n  );\nendmodule\n"
    )


class Part(wiring.Component):
    """Two registers of one name and one of none, and a memory."""

    address: In(4)
    value: Out(8)

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = Memory(shape=8, depth=16, init=range(100, 116))
        read = words.read_port()
        address, again = Signal(4, name="address"), Signal(8, name="value")
        m.d.sync += [address.eq(self.address), again.eq(read.data)]
        m.d.comb += [read.addr.eq(address), read.en.eq(1), self.value.eq(again)]
        return m


def test_a_component():
    verilog, _ = convert(Part(), "part")
    declared = re.findall(r"^  (?:reg|wire|input|output)\b.*?([^\s\]]+) ?(?:=.*)?;$", verilog.text, re.MULTILINE)
    assert len(declared) > 6 and not any("$" in name for name in declared)


def test_header_and_port_comments():
    text = (
        "module top(a, q);\n  input a;\n  wire a;\n  output [7:0] q;\nendmodule\n\n"
        "module other(a);\n  input a;\nendmodule\n"
    )
    assert described(text, top="top", header=["What it is.", "", "Whose."], ports={"a": "asks", "q": "answers"}) == (
        "// What it is.\n//\n// Whose.\n\n"
        "module top(a, q);\n  input a;  // asks\n  wire a;\n  output [7:0] q;  // answers\nendmodule\n\n"
        "module other(a);\n  input a;\nendmodule\n"
    )
