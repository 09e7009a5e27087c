"""Every signal that a save file names is in the waveform, with its width; every engine has its groups."""

import gzip
import re
import shutil
import struct

import lz4.block
import pytest
from support.designs import make

from tospike.gen.emit.folder import read
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError
from tospike.tb.simulators import Simulator
from tospike.tb.verify import VerifyOptions, verify
from tospike.tb.waves.groups import groups
from tospike.tb.waves.save import gtkwave_text, surfer_text
from tospike.tb.waves.variables import Variable, read_variables

HAS_ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="Icarus Verilog is not installed")


def named_in(folder):
    """The signals in both save files, as each viewer names them."""
    traces = (folder / "dump.gtkw").read_text().splitlines()
    of_gtkwave = [line for line in traces if line[0] not in "[@-*"]
    of_surfer = re.findall(r"(?m)^variable_add (.*)$", (folder / "dump.sucl").read_text())
    return of_gtkwave, of_surfer


@pytest.mark.parametrize(
    ("simulator", "name"),
    [
        pytest.param(Simulator.VERILATOR, "rate-membrane", marks=pytest.mark.slow),
        pytest.param(Simulator.ICARUS, "rate-membrane", marks=HAS_ICARUS),
        pytest.param(Simulator.VERILATOR, "os-streamed", marks=pytest.mark.slow),
        pytest.param(Simulator.ICARUS, "delta-ann", marks=[HAS_ICARUS, pytest.mark.slow]),
    ],
)
def test_every_signal_is_in_the_waveform(simulator, name, tmp_path):
    folder = make(tmp_path / "d", name)
    options = VerifyOptions(samples=1, simulator=simulator, waves=True)
    assert all(result.passed for result in verify(folder, options, cache=Cache(root=tmp_path / "cache")))
    (waveform,) = [*(folder / "verify").glob("*.vcd"), *(folder / "verify").glob("*.fst")]
    variables = read_variables(waveform)
    of_gtkwave, of_surfer = named_in(folder / "verify")
    assert len(of_gtkwave) == len(of_surfer) > 30
    assert set(of_gtkwave) <= {variable.with_range for variable in variables}
    assert set(of_surfer) <= {variable.path for variable in variables}
    shown = {group.name for group in groups(read(folder).params.name, read(folder).verilog.read_text(), variables)}
    assert {"host: clock and interrupt", "host: samples in", "host: answers out", "host: registers"} <= shown
    for number in range(len(read(folder).params.engines)):
        assert {f"engine_{number}: {what}" for what in ("in", "out", "state", "counters")} <= shown
    assert ("host: weights in" in shown) == ("streamed" in name)


def test_a_vcd_of_verilator(tmp_path):
    """Its ports are also in a scope of their own, whose name is no identifier."""
    text = "$timescale 1ps $end\n $scope module $rootio $end\n $var wire 1 ! clk $end\n $upscope $end\n"
    text += " $scope module top $end\n $scope module engine_0 $end\n  $var wire 8 # a.b [7:0] $end\n"
    (tmp_path / "a.vcd").write_text(text + " $upscope $end $upscope $end\n$enddefinitions $end\n#0\n0!\n")
    found = read_variables(tmp_path / "a.vcd")
    assert [(v.path, v.width) for v in found] == [("$rootio.clk", 1), ("top.engine_0.a.b", 8)]


VERILOG = """
module top(clk, s_axis_tdata, s_axi_wdata, m_axis_tdata);
module \\top.engine_0 (clk, busy, i__valid, i__payload , \\o__valid_3 );
"""


def test_groups_are_the_ports_and_not_the_wires_of_their_names():
    inside = (
        "busy",
        "i__valid",
        "i__valid_9",
        "i__payload",
        "i__payload.kind",
        "i__payload_7",
        "o__valid_3",
        "fsm_state",
    )
    variables = [
        *(Variable(scope=("top",), name=name, width=1) for name in ("clk", "s_axis_tdata", "s_axi_wdata", "other")),
        *(Variable(scope=("top", "engine_0"), name=name, width=1) for name in inside),
        Variable(scope=("top", "engine_0"), name="\\counters.values", width=32),
        Variable(scope=("top", "engine_0", "neuron_1"), name="state", width=12),
        Variable(scope=("$rootio",), name="clk", width=1),
    ]
    found = {group.name: [v.plain for v in group.variables] for group in groups("top", VERILOG, variables)}
    assert found == {
        "host: clock and interrupt": ["clk"],
        "host: samples in": ["s_axis_tdata"],
        "host: registers": ["s_axi_wdata"],
        "engine_0: in": ["i__payload.kind", "i__valid"],
        "engine_0: out": ["o__valid_3"],
        "engine_0: state": ["busy", "fsm_state", "state"],
        "engine_0: counters": ["counters.values"],
    }
    text = gtkwave_text("dump.fst", groups("top", VERILOG, variables))
    assert "top.engine_0.\\counters.values[31:0]" in text and '[dumpfile] "dump.fst"' in text
    assert surfer_text([]) == "zoom_fit\n"


HIERARCHY = (
    b"\xfe\x00top\0\0"
    + b"\x10\x01clk\0\x01\x00"
    + b"\xfe\x00engine_0\0m\0"
    + b"\x10\x00word [7:0]\0\x08\x00"
    + b"\xff\xff"
)
WANTED = [("top.clk", 1), ("top.engine_0.word", 8)]


@pytest.mark.parametrize("kind", [4, 6, 7])
def test_each_compression_of_a_hierarchy(kind, tmp_path):
    once = gzip.compress(HIERARCHY) if kind == 4 else lz4.block.compress(HIERARCHY, store_size=False)
    content = struct.pack(">Q", len(once)) + lz4.block.compress(once, store_size=False) if kind == 7 else once
    block = struct.pack(">BQQ", kind, 16 + len(content), len(HIERARCHY)) + content
    path = tmp_path / "a.fst"
    path.write_bytes(struct.pack(">BQ", 0, 8) + block)
    assert [(v.path, v.width) for v in read_variables(path)] == WANTED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.vcd", b"$scope module top $end $var wire 1"),
        ("a.vcd", b"$var wire x ! clk $end"),
        ("a.fst", b"\x00" * 20),
        ("a.fst", struct.pack(">BQQ", 4, 16, 9)),
        ("a.fst", struct.pack(">BQQ", 6, 20, 9) + b"\xff" * 4),
    ],
)
def test_damage_is_one_error(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name} is not a whole waveform"):
        read_variables(tmp_path / name)
