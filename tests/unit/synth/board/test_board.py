"""Bitstreams for boards: the module between the pins in cocotb, the flow, and `tospike run` on a simulated board."""

import contextlib
import json
import os
import pty
import threading
import tty

import pytest
from cocotb_tools.runner import get_runner
from support.command_line import refused
from support.command_line import tospike as tospike_in
from support.paths import EXAMPLES, TESTS
from support.serial_bench import Board, SimulatedLine

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate, read
from tospike.gen.emit.random_design import random_design
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools import programs as tools
from tospike.hw.params import (
    AcceleratorParams,
    EncoderParams,
    HostInput,
    InputError,
    LifParams,
    Readout,
    SpikingParams,
)
from tospike.synth.board.bitstream import TOP, board_shell, clock_divisor
from tospike.synth.board.boards import BOARDS, find_board
from tospike.synth.design import read_design
from tospike.tb.verify import environment, read_results

DIGITS = EXAMPLES / "digits_snn.nir"


def tospike(*arguments):
    return tospike_in(*arguments, cwd=EXAMPLES)


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


@pytest.mark.parametrize("divisor", [pytest.param(4, marks=pytest.mark.slow), pytest.param(25, marks=pytest.mark.slow)])
def test_the_module_between_the_pins_in_cocotb(small, tmp_path, divisor):
    verilog = tmp_path / "board.v"
    verilog.write_text(board_shell(read_design(small), divisor=divisor))
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


def test_pins_and_clocks_are_the_boards():
    clocks = {name: board.clock_mhz for name, board in BOARDS.items()}
    assert clocks == {"ulx3s-85f": 25, "icebreaker": 12}
    constraints = {name: board.packer.write(board.pins(), board.clock_mhz) for name, board in BOARDS.items()}
    ulx3s, icebreaker = constraints["ulx3s-85f"], constraints["icebreaker"]
    assert 'LOCATE COMP "clk" SITE "G2";' in ulx3s and 'FREQUENCY PORT "clk" 25 MHZ;' in ulx3s
    assert 'IOBUF PORT "tx" IO_TYPE=LVCMOS33;' in ulx3s
    lines = ["set_frequency clk 12", "set_io clk 35", "set_io -pullup yes rx 6", "set_io -pullup yes tx 9"]
    assert icebreaker.splitlines() == lines


def test_rates_that_a_clock_cannot_make_are_refused():
    board = find_board("icebreaker")
    assert clock_divisor(board, 1_000_000) == 12 and clock_divisor(board, 115_200) == 104
    with pytest.raises(InputError, match="baud must be an integer from 300 to 3000000, not 4000000"):
        clock_divisor(board, 4_000_000)
    with pytest.raises(InputError, match="2200000 baud cannot be derived from 12 MHz: give 2400000"):
        clock_divisor(board, 2_200_000)


def test_a_bitstream_for_the_icebreaker(small, tmp_path):
    out, report = tmp_path / "small.bin", tmp_path / "small.json"
    result = tospike("build", small, "--board", "icebreaker", "--out", out, "--json", report)
    assert result.returncode == 0, result.stdout + result.stderr
    assert out.read_bytes().startswith(b"\xff\x00\x00\xff\x7e\xaa\x99\x7e")  # the synchronisation word of an iCE40
    assert f"openFPGALoader --board ice40_generic {out}" in result.stdout
    assert json.loads(report.read_text())["clock_mhz"] == 12


def test_what_no_board_can_run_is_refused(small, tmp_path):
    refused(tospike("build", small, "--board", "arty"), f"there is no board 'arty': choose {', '.join(BOARDS)}")
    refused(tospike("build", tmp_path, "--board", "icebreaker"), "is not a generated design")
    core = tmp_path / "core"
    assert tospike("generate", "spiking", "--core-only", "--out", core).returncode == 0
    refused(tospike("build", core, "--board", "icebreaker"), "has no host port: generate it without --core-only")


@contextlib.contextmanager
def at_the_other_end(answer):
    """The name of a serial line; ``answer`` makes of what came what is sent back, as often as there is time."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    stop = threading.Event()

    def serve():
        back = b""
        while not stop.is_set():
            came = b""
            with contextlib.suppress(BlockingIOError, OSError):
                came = os.read(ours, 4096)
            back += answer(came)
            with contextlib.suppress(BlockingIOError, OSError):
                back = back[os.write(ours, back) :]
            if not (came or back):
                stop.wait(0.01)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        thread.join()
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def board_port():
    """The name of a serial line, whose other end is the digits' SNN in Amaranth's simulator."""
    line = SimulatedLine(Board(prepare(DIGITS, load_data("digits"), ModelOptions()).design, timeout=1024))
    until = 0  # cycles to which something may still come

    def answer(came):
        nonlocal until
        line.send(came)
        until = line.cycles + 2000 if came else until
        return line.receive() if line.cycles < until else b""

    with at_the_other_end(answer) as port:
        yield port


def test_run_compares_a_board_with_the_golden_model(board_port, tmp_path):
    report = tmp_path / "run.json"
    arguments = (
        "run",
        DIGITS,
        "--comparison",
        "above",
        "--port",
        board_port,
        "--samples",
        2,
        "--timeout",
        100,
        "--json",
        report,
    )
    result = tospike(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    summary = json.loads(report.read_text())
    assert (summary["samples"], summary["mismatches"]) == (2, 0) and summary["counters"]["0.samples"] == 2
    refused(tospike(*arguments, "--weight-bits", 4), "the board holds design", "generate, build and load it")


def test_a_port_that_is_not_there_is_told():
    refused(
        tospike("run", DIGITS, "--comparison", "above", "--port", "/dev/not-there"),
        "cannot open /dev/not-there at 1000000 baud",
    )


NOISE = {
    "talks": lambda came: b"$GPGGA,123519,4807.038,N,01131.000,E*47\r\n",
    "sends back": lambda came: came,
    "is silent": lambda came: b"",
}


@pytest.mark.parametrize("name", NOISE)
def test_a_port_without_a_board_is_told(name, tmp_path):
    says = {"talks": "sends bytes, but no answers", "sends back": "echoes what it gets"}
    with at_the_other_end(NOISE[name]) as port:
        result = tospike(
            "run", DIGITS, "--comparison", "above", "--port", port, "--timeout", 0.2, "--json", tmp_path / "run.json"
        )
    refused(result, port, says.get(name, "does not answer: is the bitstream loaded, and this its --baud?"))
    assert not (tmp_path / "run.json").exists()


def test_a_cable_that_is_pulled_out_is_told():
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)

    def pull():
        os.read(ours, 1)  # the first request
        os.close(theirs)
        os.close(ours)

    thread = threading.Thread(target=pull)
    thread.start()
    result = tospike("run", DIGITS, "--comparison", "above", "--port", name, "--timeout", 20)
    thread.join()
    refused(result, f"{name} was lost", "reconnect the board")
