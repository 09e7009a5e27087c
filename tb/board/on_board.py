"""Run a trained network's samples on a board, and compare with the golden model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.gen.pipeline import Prepared
from tospike.sim import accelerator as golden
from tospike.sim.network import Array
from tospike.sim.result import Result
from tospike.tb.board.session import Session
from tospike.tb.replay.replay import COUNTER_RANGE

TIMING_COUNTERS = ("cycles", "array_cycles")
"""Counters that depend on the speed of the host."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardRun:
    """Results of a board."""

    correct: Array
    """(N,) bool."""
    mismatches: int
    """Samples whose outputs differ from the golden model's, plus totals of counters that differ."""
    counters: dict[str, int]
    """After all samples. Those in `TIMING_COUNTERS` include cycles in which the host waits."""

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.mean(self.correct))


def run_on_board(
    prepared: Prepared,
    data: DataSet,
    session: Session,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> BoardRun:
    """Run the test samples in an open session.

    Raises
    ------
    InputError
        The board does not answer.
    """
    x = prepared.integers(data.x)
    expected = golden.run(prepared.design, x)
    outputs = []
    for done, answer in enumerate(session.run(x), start=1):
        outputs.append(answer)
        progress(done)
    got = np.stack(outputs)
    counters = session.counters()
    differing = differing_counters(counters, expected)
    return BoardRun(
        correct=replace(expected, outputs=got).predictions == data.y,
        mismatches=int((got != expected.outputs).any(axis=1).sum()) + len(differing),
        counters=counters,
    )


def differing_counters(counters: Mapping[str, int], expected: Result) -> list[str]:
    """Return the names of the totals that are not the golden model's, except `TIMING_COUNTERS`."""
    return [
        name
        for name, value in counters.items()
        if name.split(".")[-1] not in TIMING_COUNTERS and value != int(expected.counters[name].sum()) % COUNTER_RANGE
    ]
