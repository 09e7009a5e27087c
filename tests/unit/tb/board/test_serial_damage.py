"""Lines that damage what passes them: whatever the host accepts is right, and it never hangs. On a compiled board."""

import random
from collections import Counter, deque

import numpy as np
import pytest
from support.serial_bench import Board, DamagingLine, compiled_line

from tospike.gen.emit.beats import input_beats
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.hw.host.layout import MAGIC, Register
from tospike.hw.host.protocol import Request
from tospike.hw.params import AcceleratorParams, HostInput, LifParams, Readout, SpikingParams
from tospike.sim.accelerator import run
from tospike.tb.board import framing
from tospike.tb.board.serial_host import NoAnswerError, SerialHost

ENGINE = SpikingParams(
    inputs=9, neurons=21, lanes=2, neuron=LifParams(state_bits=16, threshold=90), readout=Readout.COUNT
)
PARAMS = AcceleratorParams(name="snn", engines=(ENGINE,), host_input=HostInput.TOKENS)
DESIGN = random_design(PARAMS, seed=3)
SAMPLES = random_samples(DESIGN, 8, seed=3)
EXPECTED = run(DESIGN, SAMPLES).outputs


@pytest.fixture
def line():
    """Waits for a beat no longer than a tenth of what a sample takes, so answers of all kinds come."""
    line = compiled_line(Board(DESIGN, timeout=32))
    yield line
    line.close()


def outcomes(line, runs, rate, *, timeout=0.4):
    """How many of so many runs were right, wrong, or given up."""
    count = Counter()
    assert EXPECTED.any(axis=1).sum() > 4
    for number in range(runs):
        sample = number % len(SAMPLES)
        begin = line.time()
        try:
            host = SerialHost(DamagingLine(line, rate, number), "the line", timeout=timeout, rng=random.Random(number))
            host.reset()
            magic = host.read(Register.MAGIC)
            words = host.run(input_beats(PARAMS, SAMPLES[sample]), words=ENGINE.neurons)
            got = np.array(words, dtype=np.uint32).astype(np.int32).tolist()
            count["right" if (magic, got) == (MAGIC, EXPECTED[sample].tolist()) else "wrong"] += 1
        except NoAnswerError as error:
            assert str(error).startswith("the line") and "\n" not in str(error)
            count["given up"] += 1
        assert line.time() - begin < 60
    return count


@pytest.mark.slow
def test_a_thousand_runs_with_one_byte_in_a_hundred_damaged(line):
    count = outcomes(line, 1000, 0.01)
    assert count["right"] + count["given up"] == 1000 and count["right"] >= 990


@pytest.mark.slow
def test_worse_lines_are_given_up(line):
    count = outcomes(line, 60, 0.03) + outcomes(line, 20, 0.1) + outcomes(line, 10, 0.5)
    assert set(count) == {"right", "given up"} and count["given up"] >= 30


def test_without_its_check_the_host_would_believe_what_is_wrong(line, monkeypatch):
    """So it is the check that the tests above pass by."""

    def parse(data):
        whole = len(data) > framing.HEADER + framing.CHECK
        return framing.Packet(number=data[0], kind=data[1], payload=data[3:-4]) if whole else None

    monkeypatch.setattr(framing, "_parse", parse)
    assert outcomes(line, 200, 0.01)["wrong"] > 0


def test_a_board_that_begins_anew_in_the_middle_is_told(line):
    host = SerialHost(line, "the line", rng=random.Random(1))
    host.reset()
    assert host.read(Register.MAGIC) == MAGIC
    line.power_up()
    with pytest.raises(NoAnswerError, match="the line: the board lost its configuration or power and restarted"):
        host.run(input_beats(PARAMS, SAMPLES[3]))
    host.reset()
    assert host.run(input_beats(PARAMS, SAMPLES[3])) == [value & 0xFFFF_FFFF for value in EXPECTED[3].tolist()]


def test_a_second_host_takes_over_whatever_the_first_left(line):
    """A sample half sent, a packet half sent, answers on their way: none of them ends up in the next session."""
    beats = list(input_beats(PARAMS, SAMPLES[3]))
    for seed in range(20):
        first = SerialHost(line, "the line", rng=random.Random(seed))
        first.reset()
        line.send(framing.Packet(number=0, kind=Request.PUSH, payload=bytes(64)).to_bytes()[: 3 * seed])
        first._push(deque(beats[: 1 + seed]))
        second = SerialHost(line, "the line", rng=random.Random(seed + 100))
        second.reset()
        assert second.run(beats) == [value & 0xFFFF_FFFF for value in EXPECTED[3].tolist()]
