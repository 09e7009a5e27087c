"""The interface that the golden models of all engines share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.link import Link
from tospike.sim.design import Design

Sample = NDArray[np.integer]
"""(N, steps, addresses) payloads on a link; a frame has one step. Whether zeros are sent depends on `Contents`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineRun:
    """The output and the counts of an engine for N samples."""

    sent: Sample
    counters: dict[str, Ints]
    """The hardware's counters, (N,) each."""
    operations: dict[str, Ints]
    """Operation counts, (N,) each: see ``docs/explanation/architecture.md``."""


@dataclass(frozen=True, kw_only=True)
class EngineModel:
    """The golden model of one kind of engine."""

    run: Callable[[Any, Design, int, Sample], EngineRun]
    """``run(params, design, index, received)`` computes the output of engine ``index`` of the design."""
    link: Callable[[Any, Any, Sample, Link], Link]
    """``link(params, run, received, downstream)`` returns the timing model, before the first sample."""
    recount: Callable[[Any, Sample, Any], EngineRun | None] | None = None
    """``recount(params, received, run)`` returns the run of the engine of another size that computes the same: what it
    sends is as in ``run``, counts are its own. ``None``: it cannot tell, and has to run."""
    frame_cycles: Callable[[Any], int] | None = None
    """If cycles do not depend on the data: those of a frame through the engine alone."""


def frame(sample: Sample) -> Ints:
    """Return the (N, addresses) values of frames."""
    return sample[:, 0].astype(np.int64, copy=False)
