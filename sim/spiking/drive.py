"""The products of payloads and weights that the events of a step add to neurons: their sums, or one by one.

A drive has two methods. ``at(step)`` returns the (N, neurons) sums of payload * weight, and of its magnitude.
``terms(step, rows, columns)`` returns, for K pairs of a sample and a neuron, the (K, M) products in the order in which
the engine adds them.
"""

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.network.layers import weighted_sums
from tospike.sim.network.synapses import Conv2d
from tospike.sim.spiking.window import Connections

BATCH = 64
"""Samples convolved at a time: their im2col patches should fit the cache."""


class DenseDrive:
    """Every event reaches every neuron; all steps are one matrix product."""

    def __init__(self, weight: Ints, inputs: NDArray[np.integer]):
        """Multiply (neurons, inputs) ``weight`` by (N, T, inputs) ``inputs``, once if steps share memory (stride 0)."""
        self._weight = weight
        self._inputs = inputs
        samples, steps, count = inputs.shape
        distinct = inputs[:, :1] if inputs.strides[1] == 0 else inputs
        flat = np.ascontiguousarray(distinct).reshape(-1, count)
        shape = (samples, distinct.shape[1], len(weight))
        self._sums, self._magnitudes = (
            np.broadcast_to(exact_matmul(x, w.T).reshape(shape), (samples, steps, len(weight)))
            for x, w in ((flat, weight), (np.abs(flat), np.abs(weight)))
        )

    def at(self, step: int) -> tuple[Ints, Ints]:
        """Return the sums of a step."""
        return self._sums[:, step], self._magnitudes[:, step]

    def terms(self, step: int, rows: Ints, columns: Ints) -> Ints:
        """Return the products of a step, one by one."""
        return self._weight[columns] * self._inputs[rows, step].astype(np.int64)


class WindowDrive:
    """An event reaches the neurons whose windows cover it: the sums are those of a convolution."""

    def __init__(self, connections: Connections, weight: Ints, inputs: NDArray[np.integer]):
        """``weight`` is (channels, input channels or 1 if depthwise, kernel height, kernel width), ``inputs``
        (N, T, inputs)."""
        self._connections = connections
        self._inputs = inputs
        window = connections.window
        self._sums, self._magnitudes = (
            Conv2d(
                shape=(window.shape[0], *window.pooled),
                weight=values,
                bias=np.zeros(window.channels, dtype=np.int64),
                stride=window.stride,
                padding=window.padding,
                groups=window.shape[0] if window.depthwise else 1,
            )
            for values in (weight.astype(np.int64), np.abs(weight.astype(np.int64)))
        )
        self._rows = connections.rows_of(weight.astype(np.int64))

    def at(self, step: int) -> tuple[Ints, Ints]:
        """Return the sums of a step."""
        events = self._inputs[:, step]
        parts = [self._convolve(events[start : start + BATCH]) for start in range(0, len(events), BATCH)]
        sums, magnitudes = zip(*parts, strict=True)
        return np.concatenate(sums), np.concatenate(magnitudes)

    def _convolve(self, events: NDArray[np.integer]) -> tuple[Ints, Ints]:
        window = self._connections.window
        channels, (height, width), pool = window.shape[0], window.pooled, window.pool
        # channels are innermost in addresses, outermost in images
        pixels = (
            events.astype(np.int64).reshape(-1, height, pool[0], width, pool[1], channels).transpose(0, 5, 1, 3, 2, 4)
        )
        shape = (len(events), window.neurons)
        sums, magnitudes = (
            weighted_sums(synapses, values.sum(axis=(4, 5)).reshape(len(events), -1)).reshape(shape)
            for synapses, values in ((self._sums, pixels), (self._magnitudes, np.abs(pixels)))
        )
        return sums, magnitudes

    def terms(self, step: int, rows: Ints, columns: Ints) -> Ints:
        """Return the products of a step, one by one."""
        addresses, weight_rows, lanes = self._connections.field(columns)
        return self._rows[weight_rows, lanes[:, None]] * self._inputs[rows[:, None], step, addresses].astype(np.int64)
