"""Damaged files with fixed seeds, and those that once were a fault: one line, exit status 2, nothing left behind.

`make fuzz HOURS=n` tries others.
"""

from pathlib import Path

import numpy as np
import pytest
from fuzz.files import mutant, try_file
from fuzz.mutate import mutate
from fuzz.seed_files import SEEDS

COUNT = 12
"""Files of each kind; what `make fuzz` found is in the corpus."""
CORPUS = sorted((Path(__file__).parent / "corpus").glob("*-*"))


@pytest.mark.parametrize("kind", SEEDS)
def test_sound_files_are_read(kind):
    outcomes = [try_file(kind, data) for data in SEEDS[kind]()]
    assert [outcome.fault for outcome in outcomes] == [""] * len(outcomes)
    stopped = kind in ("toml", "design", "liberty")  # at the tools, which are not there
    assert {outcome.status for outcome in outcomes} == {2 if stopped else 0}
    # gates take no prices of an FPGA
    assert all("no tools here" in out or "prices an FPGA" in out for out in (o.output for o in outcomes) if stopped)


@pytest.mark.parametrize("seed", range(COUNT))
@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_files(kind, seed):
    outcome = try_file(kind, mutant(kind, seed))
    assert outcome.fault == "", outcome.output


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_files_that_were_a_fault(path):
    outcome = try_file(path.name.split("-")[0], path.read_bytes())
    assert outcome.fault == "", outcome.output


def test_a_fault_is_seen(monkeypatch):
    """The harness itself: a traceback, a leftover, lack of memory, two lines, a hang."""
    found = {}
    works = {
        "traceback: ValueError: no": _raise,
        "left here/left": lambda *_: (Path("left").write_text("x"), print("tospike: bad"), 2)[-1],
        "took all memory": lambda *_: (print("tospike: there is not enough memory"), 2)[-1],
        "not one line": lambda *_: (print("tospike: a\ntospike: b"), 2)[-1],
        "ended with -9": lambda *_: _spin(),
        "ended with 70": lambda *_: 71,
    }
    monkeypatch.setattr("fuzz.child.SECONDS", 1)
    for message, work in works.items():
        monkeypatch.setitem(__import__("fuzz.files", fromlist=["DOES"]).DOES, "onnx", work)
        found[message] = try_file("onnx", b"").fault
    assert found["ended with 70"].startswith("ended with 71")
    del found["ended with 70"]
    assert all(fault.startswith(message) for message, fault in found.items()), found


def _raise(*_):
    raise ValueError("no")


def _spin():
    while True:
        pass


@pytest.mark.parametrize("kind", ["onnx", "toml", "cache"])  # the others hold the time at which they were written
def test_mutants_are_the_same_for_the_same_seed(kind):
    data = SEEDS[kind]()[0]
    one, other = (mutate(kind, data, np.random.default_rng(3)) for _ in range(2))
    assert one == other != data
    assert data == SEEDS[kind]()[0]
