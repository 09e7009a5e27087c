"""What the golden model of every engine looks like from outside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.design import Design

Sample = NDArray[np.integer]
"""(N, steps, addresses) payloads on a link; a frame has one step. What is 0 is sent or not, as `Contents` says."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineRun:
    """What an engine did for N samples."""

    sent: Sample
    counters: dict[str, Ints]
    """The hardware's counters, (N,) each."""
    operations: dict[str, Ints]
    """Operation counts, (N,) each."""


@dataclass(frozen=True, kw_only=True)
class EngineModel:
    """The golden model of a kind of engine."""

    run: Callable[[Any, Design, int, Sample], EngineRun]
    """What an engine, by its parameters, makes of what comes in; its place in a design tells what it computes with."""
    link: Callable[[Any, Any, Sample, Link], Link]
    """The engine in time: its parameters, what it did, what came in, and the link downstream."""


def frame(sample: Sample) -> Ints:
    """Return (N, addresses) values of a frame."""
    return sample[:, 0].astype(np.int64)
