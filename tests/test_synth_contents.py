"""Contents of large memories lie in files beside the Verilog; what is made of them does not change."""

import json
import random

import pytest
from test_synth import write_design

from tospike.gen.cache import Cache
from tospike.synth import contents
from tospike.synth.contents import LEAST_WORDS, move_contents
from tospike.synth.flow import synthesize


def rom(values, *, width=12, first=0):
    """As Amaranth's Yosys writes it."""
    words = "".join(f"    memory[{n}] = {width}'h{value:03x};\n" for n, value in enumerate(values, start=first))
    return (
        "module top(input clk, input [10:0] a, output reg [11:0] q);\n"
        f'  (* ram_style = "block" *)\n  reg [{width - 1}:0] memory [{first + len(values) - 1}:0];\n'
        f"  initial begin\n{words}  end\n"
        "  always @(posedge clk) q <= memory[a];\nendmodule\n"
    )


def test_words_move_in_order():
    values = list(range(LEAST_WORDS))
    text = rom(values)
    files = move_contents("top.v", text.encode())
    assert list(files) == ["top.v", "top.v.0.hex"]
    assert [int(line, 16) for line in files["top.v.0.hex"].split()] == values
    verilog = files["top.v"].decode()
    before, after = text[: text.index("  initial")], text[text.index("  always") :]
    assert verilog == before + '  initial $readmemh("top.v.0.hex", memory);\n' + after


def test_each_memory_has_its_own_file():
    one, two = rom([1] * LEAST_WORDS), rom([2] * LEAST_WORDS).replace("memory", "other")
    files = move_contents("top.v", (one + two).encode())
    assert set(files["top.v.0.hex"].split()) == {b"001"}
    assert set(files["top.v.1.hex"].split()) == {b"002"}
    assert b'"top.v.1.hex", other' in files["top.v"]


@pytest.mark.parametrize(
    "text",
    [
        rom([0] * (LEAST_WORDS - 1)),
        rom([0] * LEAST_WORDS, first=1),
        rom([0] * LEAST_WORDS).replace("memory[7] =", "memory[8] ="),
        rom([0] * LEAST_WORDS).replace("memory[7] =", "other[7] ="),
        rom([0] * LEAST_WORDS).replace("memory[7] = 12'h000", "memory[7] = 12'hxxx"),
    ],
    ids=["short", "not from 0", "out of order", "two memories", "undefined"],
)
def test_everything_else_stays_as_it_is(text):
    assert move_contents("top.v", text.encode()) == {"top.v": text.encode()}


def test_the_circuit_is_the_same(tmp_path, monkeypatch):
    """Columns of a block RAM that are equal or all 0 become wires, with the words in either place."""
    generator = random.Random(1)
    values = [(word << 5) | (word & 1) for word in (generator.getrandbits(6) for _ in range(LEAST_WORDS))]
    folder = write_design(tmp_path / "design", rom(values), ports=[("a", 11, "input"), ("q", 12, "output")], reset=None)
    reports, rams = [], []
    for least in (LEAST_WORDS, LEAST_WORDS + 1):
        monkeypatch.setattr(contents, "LEAST_WORDS", least)
        cache = Cache(root=tmp_path / str(least))
        report = synthesize(folder, target="ecp5-85k", cache=cache).to_json()
        reports.append({name: report[name] for name in ("lut4", "carry", "ff", "bram", "dsp", "lutram")})
        (entry,) = (cache.root / "netlist").iterdir()
        assert (entry / "top.v.0.hex").is_file() == (least == LEAST_WORDS)
        cells = json.loads((entry / "netlist.json").read_text())["modules"]["top"]["cells"].values()
        rams.append([cell["parameters"] for cell in cells if cell["type"] == "DP16KD"])
    assert reports[0] == reports[1]
    assert reports[0]["bram"] == len(rams[0]) == 1
    assert rams[0] == rams[1]
