"""Membranes that saturate after every addition, event by event: `events.cpp`."""

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EventParams
from tospike.sim.arithmetic import Ints, magnitude
from tospike.sim.compiled.library import Library, library
from tospike.sim.spiking.accumulate import Accumulator, MatrixAccumulator
from tospike.sim.spiking.window import Connections

LARGEST_32 = (1 << 31) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class _Synapses:
    """Which weights an event of each address adds to which neurons."""

    begin: Ints
    """(inputs + 1,): the first connection of each address."""
    target: Ints
    """Of each connection, the first neuron."""
    row: Ints
    """Of each connection, the row of weights."""
    weights: NDArray[np.signedinteger]
    """(rows, width), for neurons side by side."""

    @classmethod
    def dense(cls, weight: Ints, dtype: type[np.signedinteger]) -> "_Synapses":
        """Every event reaches every neuron: ``weight`` is (neurons, inputs)."""
        inputs = weight.shape[1]
        return cls(
            begin=np.arange(inputs + 1),
            target=np.zeros(inputs, dtype=np.int64),
            row=np.arange(inputs),
            weights=np.ascontiguousarray(weight.T, dtype=dtype),
        )

    @classmethod
    def windows(cls, connections: Connections, weight: Ints, dtype: type[np.signedinteger]) -> "_Synapses":
        """An event reaches the neurons whose windows cover it; ``weight`` as for `run_event`."""
        address, position, row = connections.by_address
        window = connections.window
        target = position * window.channels
        if window.depthwise:
            target = target + address % window.shape[0] * window.fan_out
        return cls(
            begin=np.searchsorted(address, np.arange(window.inputs + 1)),
            target=target,
            row=row,
            weights=np.ascontiguousarray(connections.rows_of(weight), dtype=dtype),
        )


class CompiledAccumulator:
    """Adds event by event, as the engine does."""

    def __init__(
        self, functions: Library, params: EventParams, weight: Ints, inputs: NDArray[np.integer], recurrent: Ints | None
    ):
        """``weight``, ``inputs`` and ``recurrent`` as for `MatrixAccumulator`."""
        state, event = params.neuron.accumulated, params.event
        heaviest = max(magnitude(weight), 0 if recurrent is None else magnitude(recurrent))
        largest = max(state.max, -state.min) + heaviest * max(event.max, -event.min)
        self._int: type[np.signedinteger] = np.int32 if largest <= LARGEST_32 else np.int64
        self._functions, self._low, self._high = functions, state.min, state.max
        self._synapses = (
            _Synapses.dense(weight, self._int)
            if params.window is None
            else _Synapses.windows(Connections(params.window), weight, self._int)
        )
        self._recurrent = None if recurrent is None else _Synapses.dense(recurrent, self._int)
        distinct = inputs[:, :1] if inputs.strides[1] == 0 else inputs
        narrow = inputs.dtype in (np.bool_, np.uint8)
        # bytes as they are: numpy may not convert booleans to them without a copy
        kept = np.ascontiguousarray(distinct).view(np.uint8) if narrow else np.ascontiguousarray(distinct, np.int64)
        self._inputs: NDArray[np.integer] = np.broadcast_to(kept, inputs.shape)

    def add(self, start: Ints, step: int, fed_back: NDArray[np.uint8] | None) -> tuple[Ints, Ints]:
        """Add the events of a step: see `Accumulator`."""
        total = np.array(start, dtype=self._int, order="C")
        saturations = np.zeros(len(start), dtype=np.int64)
        if fed_back is not None and self._recurrent is not None:
            self._add(self._recurrent, fed_back, total, saturations)
        if step < self._inputs.shape[1]:
            self._add(self._synapses, self._inputs[:, step], total, saturations)
        return total.astype(np.int64, copy=False), saturations

    def _add(self, to: _Synapses, payloads: NDArray[np.integer], total: NDArray[np.integer], saturations: Ints) -> None:
        samples, inputs = payloads.shape
        stride = payloads.strides[0] // payloads.itemsize
        self._functions.call(
            f"add_events_{8 * total.itemsize}_{8 * payloads.itemsize}",
            *(to.begin, to.target, to.row, to.weights, to.weights.shape[1]),
            *(ctypes.c_void_p(payloads.ctypes.data), samples, stride, inputs),
            *(self._low, self._high, total.shape[1], total, saturations),
        )


def accumulator(params: EventParams, weight: Ints, inputs: NDArray[np.integer], recurrent: Ints | None) -> Accumulator:
    """Return the compiled accumulator, or without a compiler a `MatrixAccumulator`, for which see the parameters."""
    functions = library()
    if functions is None:
        return MatrixAccumulator(params, weight, inputs, recurrent)
    return CompiledAccumulator(functions, params, weight, inputs, recurrent)
