"""Generated Verilog: plain names, memory contents in files, and the same circuit as before."""

import json
import random
import re

import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from support.design_folders import write_design

from tospike.gen.emit.verilog import convert
from tospike.gen.emit.verilog_text import SHORT, described, files_of_memories, plain_names
from tospike.gen.tools.cache import Cache
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions


def rom(values, *, width=12, name="memory", module="top.part"):
    """As Amaranth's Yosys writes it, which prefers decimals at 32 bits."""
    digits = (lambda n: f"{n}") if width == 32 else (lambda n: f"{n:03x}")
    base = "d" if width == 32 else "h"
    words = "".join(f"    {name}[{n}] = {width}'{base}{digits(value)};\n" for n, value in enumerate(values))
    return (
        f"module {module} (input clk, input [10:0] a, output reg [{width - 1}:0] q);\n"
        f'  (* ram_style = "block" *)\n  reg [{width - 1}:0] {name} [{len(values) - 1}:0];\n'
        f"  initial begin\n{words}  end\n"
        f"  always @(posedge clk) q <= {name}[a];\nendmodule\n"
    )


@pytest.mark.parametrize("width", [12, 32])
def test_words_move_in_order(width):
    values = [5, 0, 10, 300, 4000]
    text, files = files_of_memories(rom(values, width=width), "top")
    assert list(files) == ["mem/part.hex"]
    assert [int(line, 16) for line in files["mem/part.hex"].split()] == values
    assert {len(line) for line in files["mem/part.hex"].split()} == {width // 4}
    whole = rom(values, width=width)
    before, after = whole[: whole.index("  initial")], whole[whole.index("  always") :]
    assert text == before + '  initial $readmemh("mem/part.hex", memory, 0, 4);\n' + after


def test_each_memory_has_its_own_file():
    modules = [
        rom([1], module="\\top.part$3"),
        rom([2], name="other"),
        rom([3], module="top.part$9"),
        rom([4], module="top.deep.storage", name="storage"),
    ]
    text, files = files_of_memories("".join(modules), "top")
    assert files == {
        "mem/part.hex": "001\n",
        "mem/part_other.hex": "002\n",
        "mem/part_1.hex": "003\n",
        "mem/deep_storage.hex": "004\n",
    }
    assert '"mem/part_other.hex", other' in text


@pytest.mark.parametrize(
    "text",
    [
        rom([0] * SHORT),
        rom([1, 2, 3]).replace("memory[1] =", "other[1] ="),
        rom([1, 2, 3]).replace("memory[1] = 12'h002", "memory[1] = 12'hxxx"),
    ],
    ids=["short, and zero", "two memories", "undefined"],
)
def test_everything_else_stays_as_it_is(text):
    assert files_of_memories(text, "top") == (text, {})


def test_long_memories_of_zeros_move_too():
    assert files_of_memories(rom([0] * (SHORT + 1)), "top")[1] == {"mem/part.hex": "000\n" * (SHORT + 1)}


def test_the_circuit_is_the_same(tmp_path):
    """Columns of a block RAM that are equal or all 0 become wires, with the words in either place."""
    generator = random.Random(1)
    values = [(word << 5) | (word & 1) for word in (generator.getrandbits(6) for _ in range(SHORT))]
    inline = rom(values, module="top")
    moved, files = files_of_memories(inline, "top")
    ports = [("a", 11, "input"), ("q", 12, "output")]
    reports, rams = [], []
    for name, text, read in (("inline", inline, {}), ("moved", moved, files)):
        folder = write_design(tmp_path / name / "design", text, ports=ports, reset=None, read=read)
        cache = Cache(root=tmp_path / name)
        report = synthesize(folder, SynthOptions(target="ecp5-85k"), cache=cache).to_json()
        reports.append({name: report[name] for name in ("lut4", "carry", "ff", "bram", "dsp", "lutram")})
        (entry,) = (cache.root / "netlist").iterdir()
        cells = json.loads((entry / "netlist.json").read_text())["modules"]["top"]["cells"].values()
        rams.append([cell["parameters"] for cell in cells if cell["type"] == "DP16KD"])
    assert reports[0] == reports[1]
    assert reports[0]["bram"] == len(rams[0]) == 1
    assert rams[0] == rams[1]


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
    assert verilog.memories == {"mem/words.hex": "".join(f"{n:02x}\n" for n in range(100, 116))}
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
