"""Add the events of a step to membranes that saturate after every addition."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventParams, IntFormat
from tospike.sim.arithmetic import Ints, exact_matmul, partial_sum_range, saturate
from tospike.sim.spiking.drive import DenseDrive, WindowDrive
from tospike.sim.spiking.window import Connections

PAIRS = 4096
"""(sample, neuron) pairs computed event by event at a time: bounds memory."""


class Accumulator(Protocol):
    """The synapses of an engine and all events of N samples."""

    def add(self, start: Ints, step: int, fed_back: NDArray[np.uint8] | None) -> tuple[Ints, Ints]:
        """Add the events of a step.

        Parameters
        ----------
        start
            (N, neurons) membranes.
        step
            The step; none of its own events if it is the one after the last.
        fed_back
            (N, neurons) spikes of a recurrent engine, which come first; ``None`` if there are none.

        Returns
        -------
        (N, neurons) membranes, and the (N,) numbers of saturations.
        """


class MatrixAccumulator:
    """Computes membranes that cannot saturate within a step, by a bound on their partial sums in any order, as matrix
    products, the others event by event."""

    def __init__(self, params: EventParams, weight: Ints, inputs: NDArray[np.integer], recurrent: Ints | None):
        """``weight``, ``inputs`` and ``recurrent`` as for `run_event`, but weights as fine as the membranes."""
        self._state = params.neuron.accumulated
        self._steps = inputs.shape[1]
        self._recurrent = recurrent
        self._drive = (
            DenseDrive(weight, inputs)
            if params.window is None
            else WindowDrive(Connections(params.window), weight, inputs)
        )

    def add(self, start: Ints, step: int, fed_back: NDArray[np.uint8] | None) -> tuple[Ints, Ints]:
        """Add the events of a step: see `Accumulator`."""
        has_events, recurrent, state = step < self._steps, self._recurrent, self._state
        current, magnitude = self._drive.at(step) if has_events else (np.int64(0), np.int64(0))
        own = None if fed_back is None else fed_back.astype(np.int64)
        if own is not None and recurrent is not None:
            current = current + exact_matmul(own, recurrent.T)
            magnitude = magnitude + exact_matmul(own, np.abs(recurrent.T))
        total = start + current
        saturations = np.zeros(len(start), dtype=np.int64)
        lowest, highest = partial_sum_range(start, current, magnitude)
        rows, columns = np.nonzero((highest > state.max) | (lowest < state.min))
        for first in range(0, len(rows), PAIRS):
            row, column = rows[first : first + PAIRS], columns[first : first + PAIRS]
            terms = [] if recurrent is None or own is None else [recurrent[column] * own[row]]
            terms += [self._drive.terms(step, row, column)] if has_events else []
            values, counts = _add_one_by_one(state, start[row, column], np.hstack(terms))
            total[row, column] = values
            np.add.at(saturations, row, counts)
        return total, saturations


def _add_one_by_one(fmt: IntFormat, start: Ints, terms: Ints) -> tuple[Ints, Ints]:
    """Add (K, M) ``terms`` to (K,) ``start`` from left to right; return the membranes and numbers of saturations."""
    membrane = start
    saturations = np.zeros(len(start), dtype=np.int64)
    for address in np.flatnonzero(terms.any(axis=0)):
        total = membrane + terms[:, address]
        membrane = saturate(total, fmt)
        saturations += membrane != total
    return membrane, saturations
