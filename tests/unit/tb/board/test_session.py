"""Sessions with boards: other weights, damaged lines, and lines that come back."""

import contextlib
from functools import partial

import numpy as np
import pytest
from support.paths import EXAMPLES
from support.serial_bench import DamagingLine

from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare, prepare_like
from tospike.hw.host.protocol import Request
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden
from tospike.tb.board.framing import Deframer
from tospike.tb.board.on_board import differing_counters
from tospike.tb.board.session import Session
from tospike.tb.board.simulated_board import simulated_board

DATA = load_data("digits")
OPTIONS = ModelOptions().but(writable=True)


@pytest.fixture(scope="module")
def first():
    return prepare(EXAMPLES / "digits_snn.nir", DATA, OPTIONS)


@pytest.fixture(scope="module")
def second(first):
    return prepare_like(EXAMPLES / "digits_snn.fold1.nir", DATA, OPTIONS, first.design, name="first")


def answers(session, x):
    return np.stack(list(session.run(x)))


def test_a_second_networks_weights_in_the_firsts_hardware(first, second):
    x = first.integers(DATA.x[:12])
    one, other = (golden.run(design, x) for design in (first.design, second.design))
    assert (one.outputs != other.outputs).any(axis=1).all()
    with Session(first.design, partial(simulated_board, first.design), "the board", timeout=2) as session:
        assert answers(session, x).tolist() == one.outputs.tolist()
        session.load(second.design)
        assert answers(session, x).tolist() == other.outputs.tolist()
        assert differing_counters(session.counters(), other) == []
    # the second network is written over the first one's initial contents
    with Session(second.design, partial(simulated_board, first.design), "the board", timeout=2) as session:
        assert answers(session, x).tolist() == other.outputs.tolist()


def test_other_hardware_is_refused(first):
    plain = prepare(EXAMPLES / "digits_snn.nir", DATA, ModelOptions())
    with pytest.raises(InputError, match=r"the board holds design .* and this network with these options is"):
        Session(plain.design, partial(simulated_board, first.design), "the board", timeout=2).__enter__()
    session = Session(first.design, partial(simulated_board, first.design), "the board", timeout=2)
    with session, pytest.raises(InputError, match="digits_snn needs other hardware than the board has"):
        session.load(plain.design)
    with pytest.raises(InputError, match="the session with the board is closed"):
        session.counters()


@contextlib.contextmanager
def damaged(design, rate, seed):
    with simulated_board(design) as line:
        yield DamagingLine(line, rate, seed)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_with_one_byte_in_a_hundred_damaged_answers_are_right(first, seed):
    """Weights, samples and counters pass the line: whatever is accepted is right."""
    x = first.integers(DATA.x[:8])
    expected = golden.run(first.design, x)
    with Session(first.design, partial(damaged, first.design, 0.01, seed), "the board", timeout=2) as session:
        assert session.host._line.damaged > 50
        assert answers(session, x).tolist() == expected.outputs.tolist()
        assert differing_counters(session.counters(), expected) == []


@contextlib.contextmanager
def failing(design, opened, *, times):
    """A line that is lost amid the second sample, so many times."""
    with simulated_board(design) as line:
        opened.append(line)
        if len(opened) <= times:
            send, samples = line.send, 0

            def lost(data):
                nonlocal samples
                samples += sum(packet.kind == Request.PUSH_LAST for packet in Deframer().feed(data))
                if samples == 2:
                    raise InputError("the line was lost")
                send(data)

            line.send = lost
        yield line


def test_a_line_that_is_lost_is_opened_again(monkeypatch):
    monkeypatch.setattr("tospike.tb.board.session._PAUSE", 0.0)
    prepared = prepare(EXAMPLES / "digits_snn.nir", DATA, ModelOptions())
    design, opened = prepared.design, []
    x = prepared.integers(DATA.x[:6])
    session = Session(design, partial(failing, design, opened, times=2), "the board", timeout=2, attempts=2)
    with session:
        assert answers(session, x).tolist() == golden.run(design, x).outputs.tolist()
    assert len(opened) == 3
    opened.clear()
    with Session(design, partial(failing, design, opened, times=9), "the board", timeout=2) as session:
        with pytest.raises(InputError, match="the line was lost"):
            answers(session, x)
        assert len(opened) == 1


def test_an_answer_after_an_error_is_never_that_of_another_sample(monkeypatch):
    prepared = prepare(EXAMPLES / "digits_snn.nir", DATA, ModelOptions())
    design, opened = prepared.design, []
    x = prepared.integers(DATA.x[:4])
    session = Session(design, partial(failing, design, opened, times=1), "the board", timeout=2)
    with session:
        with pytest.raises(InputError, match="the line was lost"):
            answers(session, x)
        assert answers(session, x).tolist() == golden.run(design, x).outputs.tolist()
        assert len(opened) == 2
        with pytest.raises(InputError, match="the session with the board is open already"):
            session.__enter__()
    with pytest.raises(InputError, match="the session with the board is closed"):
        answers(session, x)
    assert len(opened) == 2


def test_other_constants_are_other_hardware(tmp_path):
    """Two networks of equal parameters whose weights the host cannot write."""
    designs = []
    for name in ("digits_ann.onnx", "digits_ann.fold1.onnx"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.onnx").write_bytes((EXAMPLES / name).read_bytes())
        designs.append(prepare(tmp_path / name / "net.onnx", DATA, ModelOptions()).design)
    first, second = designs
    assert first.params == second.params
    with Session(first, partial(simulated_board, first), "the board", timeout=2) as session:
        with pytest.raises(InputError, match="net needs other hardware than the board has"):
            session.load(second)
        assert session.design is first
