"""Bitstreams for boards: the module between the pins in cocotb, the flow, and `tospike run` on a simulated board."""

import importlib
import json
import os
import pkgutil
import re

import amaranth_boards
import pytest
from cocotb_tools.runner import get_runner
from support.command_line import refused
from support.command_line import tospike as tospike_in
from support.paths import EXAMPLES, TESTS

from tospike.gen.emit.folder import generate, read
from tospike.gen.emit.random_design import random_design
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    AcceleratorParams,
    EncoderParams,
    HostInput,
    InputError,
    LifParams,
    Readout,
    SpikingParams,
)
from tospike.hw.params.devices import ECP5
from tospike.synth.board.bitstream import build_bitstream
from tospike.synth.board.board_file import find_board
from tospike.synth.board.boards import BOARDS, require_fit
from tospike.synth.board.clock import clocks_from, nearest_clock
from tospike.synth.board.options import BuildOptions
from tospike.synth.board.pll import PllInput
from tospike.synth.board.shell import TOP, board_shell
from tospike.synth.design import read_design
from tospike.tb.verify import environment, read_results

ICE40_START = b"\xff\x00\x00\xff\x7e\xaa\x99\x7e"
"""The synchronisation word of an iCE40."""


def tospike(*arguments):
    return tospike_in(*arguments, cwd=EXAMPLES)


def own_clock(board):
    return clocks_from(board.part.family, board.clock_mhz, None)[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A spiking network of 9 inputs and 5 neurons."""
    encoder = EncoderParams(inputs=9, steps=3)
    engine = SpikingParams(
        inputs=9,
        neurons=5,
        lanes=2,
        payload=encoder.output.payload,
        neuron=LifParams(state_bits=16, threshold=400),
        readout=Readout.COUNT,
    )
    params = AcceleratorParams(name="little", engines=(encoder, engine), host_input=HostInput.DENSE)
    out = tmp_path_factory.mktemp("board") / "small"
    generate(out, kind="network", params=params, design=random_design(params, seed=2), choices={})
    return out


SLOW_PLL = """
module EHXPLLL #(parameter CLKI_DIV = 1, CLKFB_DIV = 1, CLKOP_DIV = 1, CLKOP_CPHASE = 0, CLKOP_FPHASE = 0,
  CLKOP_ENABLE = "", FEEDBK_PATH = "", OUTDIVIDER_MUXA = "", PLLRST_ENA = "", INTFB_WAKE = "", STDBY_ENABLE = "",
  DPHASE_SOURCE = "") (input CLKI, CLKFB, RST, STDBY, PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG,
  PLLWAKESYNC, ENCLKOP, output CLKOP, output reg LOCK = 0);
  reg [7:0] count = 0;
  assign CLKOP = CLKI;
  always @(posedge CLKI) begin count <= count + ~LOCK; LOCK <= LOCK | &count; end
endmodule
"""
"""A PLL of no gain that takes 256 cycles to lock."""


@pytest.mark.slow
@pytest.mark.parametrize("divisor, has_pll", [(4, False), (25, False), (25, True)])
def test_the_module_between_the_pins_in_cocotb(small, tmp_path, divisor, has_pll):
    verilog, board = tmp_path / "board.v", find_board("ulx3s-85f")
    clock = nearest_clock(clocks_from(ECP5, 25, PllInput.LOGIC), 50) if has_pll else own_clock(board)
    shell = board_shell(read_design(small), clock, divisor=divisor, pins=board.pins())
    verilog.write_text(shell + (SLOW_PLL if has_pll else ""))
    read(small).load().write_memories(tmp_path)
    tool = tools.find("verilator")
    with environment(tool):
        runner = get_runner("verilator")
        runner.build(
            sources=[read(small).verilog, verilog],
            hdl_toplevel=TOP,
            build_dir=tmp_path / "build",
            build_args=["-Wno-fatal", "-Wno-lint", "-Wno-style"],
            timescale=("1ns", "1ps"),
            log_file=tmp_path / "build.log",
        )
        runner.test(
            test_module="support.bench_board",
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=tmp_path / "build",
            test_dir=tmp_path,
            results_xml=str(tmp_path / "results.xml"),
            log_file=tmp_path / "test.log",
            timescale=("1ns", "1ps"),
            extra_env={
                "TOSPIKE_DESIGN": str(small),
                "TOSPIKE_DIVISOR": str(divisor),
                "PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", ""))),
            },
        )
    [result] = read_results(tmp_path / "results.xml")
    assert result.passed and not result.skipped, result.message


def platforms():
    """The platforms of amaranth-boards with an ECP5 or iCE40, a default clock and a serial line, by name."""
    found = {}
    for module in pkgutil.iter_modules(amaranth_boards.__path__):
        members = vars(importlib.import_module(f"amaranth_boards.{module.name}"))
        for name, platform in members.items():
            own = getattr(platform, "__module__", "") == f"amaranth_boards.{module.name}"
            device = getattr(platform, "device", None)
            if not own or not isinstance(device, str) or not device.startswith(("LFE5U", "iCE40")):
                continue
            made = platform()
            if made.default_clk and ("uart", 0) in made.resources:
                found[f"{module.name}:{name}"] = made
    return found


def test_every_suitable_platform_is_a_board():
    assert sorted(board.platform_name for board in BOARDS.values()) == sorted(platforms())


@pytest.mark.parametrize("name", BOARDS)
def test_the_design_elaborates_for_every_board(small, name):
    """Pins, constraints and Verilog; nextpnr's options are those of Amaranth's own platform."""
    board = find_board(name)
    pins = board.pins()
    ports = [pin.port for pin in pins]
    assert ports[:3] == ["clk", "rx", "tx"] and len({pin.site for pin in pins}) == len(pins)
    text = board.packer.write(pins, board.clock_mhz)
    assert all(re.search(rf"\b{pin.site}\b", text) for pin in pins) and "function" not in text
    clock = own_clock(board)
    shell = board_shell(read_design(small), clock, divisor=clock.divisor(115_200), pins=pins)
    assert [port for port in ports if f"output {port}" in shell] == [
        port for port in ports if port not in ("clk", "rx")
    ]
    options = " ".join(board.device).lower()
    platform = platforms_options(board)
    assert options.split() == platform, (options, platform)


def platforms_options(board):
    """Size, package and speed as Amaranth's platform gives them to nextpnr."""
    platform = board._platform
    if platform.device.startswith("LFE5U"):
        size = platform._nextpnr_device_options[platform.device]
        package = platform._nextpnr_package_options[platform.package].lower()
        return [*size.split(), "--package", package, "--speed", platform.speed]
    size, suffix = platform._nextpnr_device_options[platform.device], platform._nextpnr_package_options
    return [size, "--package", platform.package.lower() + suffix.get(platform.device, "")]


def test_what_does_not_fit_is_refused_with_the_nearest_board_that_does():
    counts = {"lut4": 3000, "ff": 900, "bram": 20, "dsp": 0, "carry": 0, "lutram": 0, "spram": 0}
    require_fit(find_board("icebreaker"), counts)
    with pytest.raises(InputError, match="icestick: it needs 3000 lut4 of 1280, 20 bram of 16; icebreaker "):
        require_fit(find_board("icestick"), counts)
    with pytest.raises(InputError, match=r"ulx3s-45f|ecpix5-45f|versa|supercon"):
        require_fit(find_board("ulx3s-12f"), {**counts, "lut4": 30_000})
    with pytest.raises(InputError, match="no board holds it: make it smaller"):
        require_fit(find_board("ulx3s-85f"), {**counts, "bram": 209})


def test_pins_and_clocks_are_the_boards():
    constraints = {name: board.packer.write(board.pins(), board.clock_mhz) for name, board in BOARDS.items()}
    ulx3s, icebreaker = constraints["ulx3s-85f"], constraints["icebreaker"]
    assert 'LOCATE COMP "clk" SITE "G2";' in ulx3s and 'FREQUENCY PORT "clk" 25 MHZ;' in ulx3s
    assert 'IOBUF PORT "tx" IO_TYPE=LVCMOS33;' in ulx3s
    lines = ["set_frequency clk 12", "set_io clk 35", "set_io -pullup yes rx 6", "set_io -pullup yes tx 9"]
    assert icebreaker.splitlines() == [*lines, "set_io led_busy 11", "set_io led_heartbeat 37"]
    assert 'IOBUF PORT "clk" IO_TYPE=LVDS;' in constraints["versa-ecp5"]
    assert 'FREQUENCY PORT "clk" 12 MHZ;' in constraints["ecp5-5g-evn"]


def test_rates_that_a_clock_cannot_make_are_refused():
    clock = own_clock(find_board("icebreaker"))
    assert clock.divisor(1_000_000) == 12 and clock.divisor(115_200) == 104
    assert clock.makes(115_200) and not clock.makes(2_200_000)
    with pytest.raises(InputError, match="baud must be an integer from 300 to 3000000, not 4000000"):
        clock.divisor(4_000_000)
    with pytest.raises(InputError, match="2200000 baud cannot be derived from 12 MHz: give 2400000"):
        clock.divisor(2_200_000)


def test_a_bitstream_for_the_icebreaker_at_its_own_clock(small, tmp_path):
    out = tmp_path / "small.bin"
    result = tospike("build", small, "--board", "icebreaker", "--clock", "board", "--seeds", "1", "--out", out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert out.read_bytes().startswith(ICE40_START)
    assert (
        f"openFPGALoader --board ice40_generic {out}" in result.stdout and "12 MHz (the board's own)" in result.stdout
    )
    manifest = json.loads((tmp_path / "small.bin.json").read_text())
    assert (manifest["clock_mhz"], manifest["pll"], manifest["seed"], manifest["divisor"]) == (12, None, 1, 12)
    assert manifest["attempts"] == [{"clock_mhz": 12, "seed": 1, "fmax_mhz": manifest["fmax_mhz"]}]
    assert manifest["slack_ns"] == pytest.approx(1e3 / 12 - 1e3 / manifest["fmax_mhz"], abs=0.02)
    test = json.loads((small / "manifest.json").read_text())["test"]
    cycles = sum(test["cycles"]) / len(test["cycles"])
    assert manifest["inferences_per_second"] == pytest.approx(12e6 / cycles, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["icebreaker", "ulx3s-12f", "nandland-go"])
def test_the_highest_clock_that_closes(small, tmp_path, name):
    """With a PLL behind a pad, with one in the logic, and without any."""
    out = tmp_path / "small.bit"
    result = tospike_in("build", small, "--board", name, "--seeds", "2", "--out", out, cwd=EXAMPLES, timeout=1800)
    assert result.returncode == 0, result.stdout + result.stderr
    manifest, own = json.loads((tmp_path / "small.bit.json").read_text()), find_board(name).clock_mhz
    assert out.stat().st_size > 30_000 and manifest["fmax_mhz"] >= 1.05 * manifest["clock_mhz"] - 0.01
    if name == "nandland-go":
        assert manifest["pll"] is None and manifest["clock_mhz"] == own
        assert "the clock of nandland-go (25 MHz) feeds no PLL of its iCE40HX1K: it runs the design itself" in " ".join(
            result.stderr.split()
        )
        return
    assert manifest["pll"] and manifest["clock_mhz"] > own
    assert manifest["divisor"] == round(manifest["clock_mhz"])  # at 1 Mbaud
    rest = [each for each in manifest["attempts"] if each["clock_mhz"] != own]
    assert len(manifest["attempts"]) - len(rest) == 2 and rest


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"clock": "fast"}, "clock must be max, board or a frequency in MHz, not 'fast'"),
        ({"clock": "-3"}, "clock must be max, board or a frequency in MHz, not '-3'"),
        ({"margin": 101.0}, "margin must be"),
        ({"seeds": 0}, "seeds must be an integer from 1 to 1000, not 0"),
        ({"clock": "12.1"}, "--clock 12.1 cannot be made of the board's clock: give 12 or 16.125"),
        ({"clock": "board", "baud": 9_000_000}, "baud must be an integer from 300 to 3000000"),
        (
            {"board": "nandland-go", "clock": "50", "try_anyway": True},
            "the clock of nandland-go (25 MHz) feeds no PLL of its iCE40HX1K: give --clock board instead of 50",
        ),
    ],
)
def test_faults_of_the_clock_are_refused_before_the_design_is_synthesised(small, tmp_path, wrong, words):
    cache = Cache(root=tmp_path)
    with pytest.raises(InputError, match=re.escape(words)):
        build_bitstream(small, BuildOptions(**{"board": "icebreaker", **wrong}), cache=cache)
    assert not (tmp_path / "netlist").exists()


def test_what_no_board_can_run_is_refused(small, tmp_path):
    refused(tospike("build", small, "--board", "arty"), f"there is no board 'arty': choose {', '.join(BOARDS)}")
    refused(tospike("build", tmp_path, "--board", "icebreaker"), "is not a generated design")
    core = tmp_path / "core"
    assert tospike("generate", "spiking", "--core-only", "--out", core).returncode == 0
    refused(tospike("build", core, "--board", "icebreaker"), "has no host port: generate it without --core-only")
