"""Memory contents in files: what Amaranth would have written, and the same circuit."""

import json
import random
import re

import pytest
from amaranth.back import verilog
from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from support.design_folders import write_design

from tospike.gen.emit.memory_files import SHORT, MemoryFiles
from tospike.gen.emit.verilog import convert
from tospike.gen.tools.cache import Cache
from tospike.hw.memory import FilledMemory
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions

PAIR = data.StructLayout({"low": 3, "high": 6})
RANDOM = random.Random(1)


class Rom(wiring.Component):
    """The memory that ``made`` returns."""

    def __init__(self, made, *, width, bits):
        self._made = made
        super().__init__({"address": In(bits), "value": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = self._made()
        read = words.read_port()
        m.d.comb += [read.addr.eq(self.address), read.en.eq(1), Value.cast(self.value).eq(Value.cast(read.data))]
        return m


def by_amaranth(component):
    """Return the text with all contents in it."""
    return verilog.convert(component, name="top", emit_src=False, strip_internal_attrs=True)


def words_in(text):
    return [int(word, 16) for word in re.findall(r"\[\d+\] = \d+'h([0-9a-f]+);", text)]


MEMORIES = {
    "words": (lambda: Memory(shape=12, depth=5, init=[5, 0, 10, 300, 4000], attrs={}), 12, 5),
    "fewer than the depth": (lambda: FilledMemory(shape=12, depth=5, words=[7, 4000], attrs={}), 12, 5),
    "wide": (lambda: FilledMemory(shape=70, depth=6, words=[1 << 69, 3, 1 << 64], attrs={"no_rw_check": 1}), 70, 6),
    "fields": (lambda: Memory(shape=PAIR, depth=4, init=[{"low": 5, "high": 33}], attrs={}), 9, 4),
    "long, and zero": (lambda: Memory(shape=4, depth=SHORT + 1, init=[], attrs={}), 4, SHORT + 1),
}


@pytest.mark.parametrize(("made", "width", "depth"), MEMORIES.values(), ids=MEMORIES)
def test_the_file_holds_what_amaranth_writes(made, width, depth):
    bits = (depth - 1).bit_length()
    whole = by_amaranth(Rom(made, width=width, bits=bits))
    written, _ = convert(Rom(made, width=width, bits=bits), "top")
    assert list(written.memories) == ["mem/words.hex"]
    lines = written.memories["mem/words.hex"].splitlines()
    assert [int(line, 16) for line in lines] == words_in(whole)
    assert len(lines) == depth and {len(line) for line in lines} == {-(-width // 4)}
    read = f'  initial $readmemh("mem/words.hex", words, 0, {depth - 1});\n'
    assert read in written.text and re.search(r"  reg .* words \[\d+:0\];\n" + re.escape(read), written.text)
    # and all else is as Amaranth has it
    assert written.text.replace(read, "") == re.sub(r"  initial begin\n(?:    words\[.*\n)+  end\n", "", whole)


@pytest.mark.parametrize("name", ["table", "reg"])
def test_a_memory_named_like_a_keyword_of_verilog(name):
    class Named(wiring.Component):
        value: Out(4)

        def elaborate(self, platform):
            m = Module()
            m.submodules[name] = words = Memory(shape=4, depth=3, init=[1, 2, 3], attrs={})
            m.d.comb += self.value.eq(words.read_port().data)
            return m

    written, _ = convert(Named(), "top")
    assert written.memories == {f"mem/{name}.hex": "1\n2\n3\n"}
    assert f'$readmemh("mem/{name}.hex", \\{name} , 0, 2);' in written.text


def test_a_short_memory_of_zeros_stays():
    def made():
        return FilledMemory(shape=12, depth=SHORT, words=[0] * 10, attrs={})

    written, _ = convert(Rom(made, width=12, bits=10), "top")
    assert written.memories == {}
    assert words_in(written.text) == [0] * SHORT and "tospike" not in written.text


class Several(wiring.Component):
    """Memories of one name, in modules of one name."""

    address: In(2)
    value: Out(8)

    def elaborate(self, platform):
        m = Module()
        values = []
        for number in range(2):
            inner = Module()
            for name in ("memory", "other"):
                memory = Memory(shape=8, depth=2, init=[16 * number + len(name)], attrs={})
                inner.submodules[name] = memory
                read = memory.read_port()
                inner.d.comb += read.addr.eq(self.address)
                values.append(read.data)
            m.submodules["part"] = inner
            m = self._around(m) if number == 0 else m
        m.d.comb += self.value.eq(Cat(values).xor())
        return m

    @staticmethod
    def _around(m):
        outer = Module()
        outer.submodules["deep"] = m
        return outer


def test_a_file_is_named_after_the_place_of_its_memory():
    written, _ = convert(Several(), "top")
    assert written.memories == {
        "mem/deep_part.hex": "06\n00\n",
        "mem/deep_part_other.hex": "05\n00\n",
        "mem/part.hex": "16\n00\n",
        "mem/part_other.hex": "15\n00\n",
    }


def marked(module, memory, number):
    return (
        f"module {module} (clk);\n  (* tospike_contents = 32'd{number} *)\n  (* keep = 32'd1 *)\n"
        f"  reg [7:0] {memory} [0:0];\nendmodule\n"
    )


def kept(values):
    files = MemoryFiles()
    for value in values:
        files.get_memory(Memory(shape=8, depth=1, init=[value], attrs={}))
    return files


def test_files_of_the_same_place_are_numbered():
    text = marked("\\top.part$3", "memory", 0) + marked("top.part$9", "memory", 1) + marked("top", "storage", 2)
    read, files = kept([1, 2, 3]).read_by(text, "top")
    assert files == {"mem/part.hex": "01\n", "mem/part_1.hex": "02\n", "mem/storage.hex": "03\n"}
    assert '  reg [7:0] memory [0:0];\n  initial $readmemh("mem/part_1.hex", memory, 0, 0);\n' in read
    assert "tospike" not in read and read.count("keep") == 3


def test_contents_never_get_lost():
    with pytest.raises(RuntimeError, match="1 memories of top cannot be found in its Verilog"):
        kept([1, 2]).read_by(marked("top", "memory", 0), "top")


def test_the_circuit_is_the_same(tmp_path):
    """Columns of a block RAM that are equal or all 0 become wires, with the words in either place."""
    values = [(word << 5) | (word & 1) for word in (RANDOM.getrandbits(6) for _ in range(SHORT))]

    def made():
        return FilledMemory(shape=12, depth=SHORT, words=values, attrs={"ram_style": "block"})

    inline = by_amaranth(Rom(made, width=12, bits=10))
    moved, _ = convert(Rom(made, width=12, bits=10), "top")
    ports = [("address", 10, "input"), ("value", 12, "output")]
    reports, rams = [], []
    for name, text, read in (("inline", inline, {}), ("moved", moved.text, moved.memories)):
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
