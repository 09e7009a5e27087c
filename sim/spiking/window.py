"""Which inputs of an image reach which neurons of an event engine: the geometry of convolution, in full.

The neuron of channel o at output (i, j) adds ``weight[o, c, ky, kx] * payload`` for each input (c, y, x) with
``ky = y // pool - i * stride + padding`` within the kernel, and kx likewise (cross-correlation, as ONNX defines it).
"""

from functools import cached_property

import numpy as np

from tospike.hw.params import EventWindow
from tospike.sim.arithmetic import Ints


class Connections:
    """All connections of a window.

    A *row* holds the weights of one tap and one input channel, ``(ky * kernel width + kx) * channels + c``; one more
    row stands for no connection. In a depthwise window, a row has the weights of its channel's ``fan_out`` outputs.
    """

    def __init__(self, window: EventWindow):
        self.window = window
        (rows_in, rows_out, taps_y), (columns_in, columns_out, taps_x) = (self._axis(axis) for axis in (0, 1))
        y, x, c = (part.ravel() for part in np.indices((len(rows_in), len(columns_in), window.shape[0])))
        address = (rows_in[y] * window.shape[2] + columns_in[x]) * window.shape[0] + c
        order = np.argsort(address, kind="stable")  # so that addresses ascend for each position, too
        self._address = address[order]
        self._position = (rows_out[y] * window.size[1] + columns_out[x])[order]
        self._row = ((taps_y[y] * window.kernel[1] + taps_x[x]) * window.shape[0] + c)[order]

    def _axis(self, axis: int) -> tuple[Ints, Ints, Ints]:
        """Return the coordinates (in, out, tap) of all connections along an axis."""
        window = self.window
        inside, out = np.indices((window.shape[1 + axis], window.size[axis]))
        tap = inside // window.pool[axis] - out * window.stride[axis] + window.padding[axis]
        connected = (tap >= 0) & (tap < window.kernel[axis])
        return inside[connected], out[connected], tap[connected]

    @property
    def by_address(self) -> tuple[Ints, Ints, Ints]:
        """The (K,) addresses, positions and rows of weights of all connections, by ascending address."""
        return self._address, self._position, self._row

    def rows_of(self, weight: Ints) -> Ints:
        """Return the (rows, fan_out) rows of (channels, input channels or 1, kernel height, kernel width) ``weight``,
        the last of them zeros."""
        groups = self.window.shape[0] if self.window.depthwise else 1
        split = weight.reshape(groups, self.window.fan_out, -1, self.window.taps)
        rows = split.transpose(3, 0, 2, 1).reshape(-1, self.window.fan_out)
        return np.vstack([rows, np.zeros_like(rows[:1])])

    @cached_property
    def reached(self) -> Ints:
        """(inputs,) number of positions that an event of each address reaches."""
        return np.bincount(self._address, minlength=self.window.inputs)

    @property
    def _nowhere(self) -> int:
        return self.window.taps * self.window.shape[0]

    def field(self, neurons: Ints) -> tuple[Ints, Ints, Ints]:
        """Return the receptive fields of K neurons: (K, M) addresses in ascending order, (K, M) rows of weights for
        them, and the (K,) weight in these rows."""
        window = self.window
        position, channel = neurons // window.channels, neurons % window.channels
        addresses, rows = (table[position] for table in self._fields)
        if window.depthwise:
            rows = np.where(addresses % window.shape[0] == channel[:, None] // window.fan_out, rows, self._nowhere)
            channel = channel % window.fan_out
        return addresses, rows, channel

    @cached_property
    def _fields(self) -> tuple[Ints, Ints]:
        """(positions, most inputs) addresses and rows of weights of each position."""
        order = np.argsort(self._position, kind="stable")
        position, count = self._position[order], self.window.positions
        return (
            _table(position, self._address[order], count, fill=0),
            _table(position, self._row[order], count, fill=self._nowhere),
        )


def _table(key: Ints, values: Ints, keys: int, *, fill: int) -> Ints:
    """Group values by their keys, which ascend; return (keys, most values of one key), padded with ``fill``."""
    counts = np.bincount(key, minlength=keys)
    starts = np.cumsum(counts) - counts
    table = np.full((keys, max(1, int(counts.max()))), fill, dtype=np.int64)
    table[key, np.arange(len(key)) - starts[key]] = values
    return table


def chain_order(shape: tuple[int, int, int]) -> Ints:
    """Return (values,): for each address, the flat index of its value in an image (channels, height, width).

    ``x[..., chain_order(shape)]`` puts samples in the order of event engines; `network_order` reverses that.
    """
    channels, height, width = shape
    return np.arange(channels * height * width).reshape(channels, -1).T.ravel()


def network_order(shape: tuple[int, int, int]) -> Ints:
    """Return (values,): for each flat index in an image (channels, height, width), the address of its value."""
    channels, height, width = shape
    return np.arange(channels * height * width).reshape(-1, channels).T.ravel()
