"""What the events of a step add to the neurons of an event engine: sums where order does not matter, else one by one.

A drive has ``at(step)``: (N, neurons) sums of payload * weight, and of its magnitude; and ``terms(step, rows,
columns)``: for K pairs of a sample and a neuron, (K, M) products in the order in which the engine adds them.
"""

import numpy as np
from numpy.typing import NDArray

from tospike.sim.arithmetic import Ints, exact_matmul
from tospike.sim.window import Connections

PRODUCTS = 1 << 20
"""Products of events and weights that are made at a time: bounds memory."""


class DenseDrive:
    """Events of all inputs reach all neurons; all steps are one matrix product."""

    def __init__(self, weight: Ints, inputs: NDArray[np.integer]):
        """``weight`` is (neurons, inputs), ``inputs`` (N, T, inputs); one multiplied once if all steps are the same
        array (stride 0)."""
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
        """See above."""
        return self._sums[:, step], self._magnitudes[:, step]

    def terms(self, step: int, rows: Ints, columns: Ints) -> Ints:
        """See above."""
        return self._weight[columns] * self._inputs[rows, step].astype(np.int64)


class WindowDrive:
    """Events reach the neurons of the positions under whose windows they are: their products are scattered."""

    def __init__(self, connections: Connections, weight: Ints, inputs: NDArray[np.integer]):
        """``weight`` is (channels, input channels or 1 if depthwise, kernel height, kernel width), ``inputs``
        (N, T, inputs)."""
        self._connections = connections
        self._inputs = inputs
        window = connections.window
        # a row of weights for each tap and input channel, and one of zeros for connections that are not
        groups = window.shape[0] if window.depthwise else 1
        split = weight.astype(np.int64).reshape(groups, window.fan_out, -1, window.taps)
        rows = split.transpose(3, 0, 2, 1).reshape(-1, window.fan_out)
        self._rows = np.vstack([rows, np.zeros_like(rows[:1])])

    def at(self, step: int) -> tuple[Ints, Ints]:
        """See above."""
        window, events = self._connections.window, self._inputs[:, step]
        size = len(events) * window.neurons
        sums, magnitudes = np.zeros(size), np.zeros(size)
        samples, addresses = np.nonzero(events)
        each = self._connections.neurons.shape[1] * window.fan_out
        share = max(1, PRODUCTS // each)
        for first in range(0, len(samples), share):
            sample, address = samples[first : first + share], addresses[first : first + share]
            neurons = self._connections.neurons[address] + window.neurons * sample[:, None]
            targets = (neurons[:, :, None] + np.arange(window.fan_out)).ravel()
            payloads = events[sample, address].astype(np.int64)
            products = (self._rows[self._connections.rows[address]] * payloads[:, None, None]).ravel()
            # float64 sums of such integers are exact
            sums += np.bincount(targets, products, minlength=size)
            magnitudes += np.bincount(targets, np.abs(products), minlength=size)
        shape = (len(events), window.neurons)
        return sums.astype(np.int64).reshape(shape), magnitudes.astype(np.int64).reshape(shape)

    def terms(self, step: int, rows: Ints, columns: Ints) -> Ints:
        """See above."""
        addresses, weight_rows, lanes = self._connections.field(columns)
        return self._rows[weight_rows, lanes[:, None]] * self._inputs[rows[:, None], step, addresses].astype(np.int64)
