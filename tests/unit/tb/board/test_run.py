"""``tospike run``: a board behind the protocol is compared with the golden model, and a bad port is told in a line."""

import json
import os
import pty
import time
import tty

import pytest
import serial
from support.command_line import refused
from support.command_line import tospike as tospike_in
from support.paths import EXAMPLES
from support.serial_ends import at_the_other_end, board_behind

from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.tb.board.simulated_board import simulated_board

DIGITS = EXAMPLES / "digits_snn.nir"
RUN = ("run", DIGITS, "--comparison", "above")


def tospike(*arguments):
    return tospike_in(*arguments, cwd=EXAMPLES)


@pytest.fixture
def board():
    """The digits' SNN in Verilator."""
    with simulated_board(prepare(DIGITS, load_data("digits"), ModelOptions()).design) as line:
        yield line


def test_run_on_the_simulated_board(tmp_path):
    report = tmp_path / "run.json"
    result = tospike(*RUN, "--port", "sim", "--samples", 40, "--json", report)
    assert result.returncode == 0, result.stdout + result.stderr
    summary = json.loads(report.read_text())
    assert (summary["samples"], summary["mismatches"]) == (40, 0) and summary["counters"]["0.samples"] == 40


@pytest.mark.slow
@pytest.mark.parametrize("example", ["digits_snn.nir", "digits_ann.onnx"])
def test_the_whole_test_set_on_the_simulated_board(tmp_path, example):
    report = tmp_path / "run.json"
    result = tospike("run", EXAMPLES / example, "--port", "sim", "--json", report)
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(report.read_text())["samples"] == 449


def test_run_on_a_serial_line(board, tmp_path):
    """And another design than the board's is refused."""
    report = tmp_path / "run.json"
    with at_the_other_end(board_behind(board)) as port:
        arguments = (*RUN, "--port", port, "--samples", 2, "--timeout", 100, "--json", report)
        result = tospike(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        summary = json.loads(report.read_text())
        assert (summary["samples"], summary["mismatches"]) == (2, 0) and summary["counters"]["0.samples"] == 2
        refused(tospike(*arguments, "--weight-bits", 4), "the board holds design", "generate, build and load it")


def test_a_port_that_is_not_there_is_told():
    refused(tospike(*RUN, "--port", "/dev/not-there"), "cannot open /dev/not-there at 1000000 baud")


def test_a_port_that_is_busy_is_told():
    with at_the_other_end(lambda came: b"") as port, serial.Serial(port, exclusive=True):
        refused(tospike(*RUN, "--port", port), f"cannot open {port} at 1000000 baud")


NOISE = {
    "talks": lambda came: b"$GPGGA,123519,4807.038,N,01131.000,E*47\r\n",
    "sends back": lambda came: came,
    "is silent": lambda came: b"",
}


@pytest.mark.parametrize("name", NOISE)
def test_a_port_without_a_board_is_told(name, tmp_path):
    says = {"talks": "sends bytes, but no answers", "sends back": "echoes what it gets"}
    with at_the_other_end(NOISE[name]) as port:
        result = tospike(*RUN, "--port", port, "--timeout", 0.2, "--json", tmp_path / "run.json")
    refused(result, port, says.get(name, "does not answer: is the bitstream loaded, and this its --baud?"))
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("requests", [0, 1, 12])
def test_a_board_that_goes_away_is_told(board, requests):
    """At the first request, while the design is checked, and amid samples."""
    begin = time.monotonic()
    with at_the_other_end(board_behind(board, requests=requests)) as port:
        result = tospike(*RUN, "--port", port, "--timeout", 20)
    refused(result, f"{port} was lost", "reconnect the board")
    assert time.monotonic() - begin < 60


def test_a_board_that_falls_silent_is_told(board):
    served, has_answered = board_behind(board), False

    def answer(came):
        nonlocal has_answered
        back = b"" if has_answered else served(came)
        has_answered |= b"\x7e" in back[1:]
        return back

    with at_the_other_end(answer) as port:
        result = tospike(*RUN, "--port", port, "--timeout", 3)
    refused(result, f"{port} stopped answering: is the board still connected")


def test_a_line_that_takes_nothing_is_told():
    """Nobody reads at the other end: what is sent fills the buffers."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        result = tospike(*RUN, "--port", os.ttyname(theirs), "--timeout", 0.2)
        refused(result, "does not answer")
    finally:
        os.close(ours)
        os.close(theirs)
