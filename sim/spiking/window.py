"""Which inputs of an image reach which neurons of an event engine: the geometry of convolution, written out.

Neuron ``n`` of channel o at output (i, j) gets ``weight[o, c, ky, kx] * payload`` of the inputs (c, y, x) with
``ky = y // pool - i * stride + padding`` within the kernel, and kx likewise (cross-correlation, as ONNX defines it).
"""

from functools import cached_property

import numpy as np

from tospike.hw.params import EventWindow
from tospike.sim.arithmetic import Ints


class Connections:
    """All connections of a window.

    A *row* of weights is that of a tap and an input channel, ``(ky * kernel width + kx) * channels + c``; the row
    after the last stands for no connection. For a depthwise window the weights of a row are those of the ``fan_out``
    outputs of its channel.
    """

    def __init__(self, window: EventWindow):
        self.window = window
        (rows_in, rows_out, taps_y), (columns_in, columns_out, taps_x) = (self._axis(axis) for axis in (0, 1))
        y, x, c = (part.ravel() for part in np.indices((len(rows_in), len(columns_in), window.shape[0])))
        address = (rows_in[y] * window.shape[2] + columns_in[x]) * window.shape[0] + c
        order = np.argsort(address, kind="stable")  # so that they ascend for each position, too
        self._address = address[order]
        self._position = (rows_out[y] * window.size[1] + columns_out[x])[order]
        self._row = ((taps_y[y] * window.kernel[1] + taps_x[x]) * window.shape[0] + c)[order]

    def _axis(self, axis: int) -> tuple[Ints, Ints, Ints]:
        """Coordinates (in, out, tap) of all connections along an axis."""
        window = self.window
        inside, out = np.indices((window.shape[1 + axis], window.size[axis]))
        tap = inside // window.pool[axis] - out * window.stride[axis] + window.padding[axis]
        connected = (tap >= 0) & (tap < window.kernel[axis])
        return inside[connected], out[connected], tap[connected]

    @cached_property
    def reached(self) -> Ints:
        """(inputs,) positions that an event of each address reaches."""
        return np.bincount(self._address, minlength=self.window.inputs)

    @property
    def _nowhere(self) -> int:
        return self.window.taps * self.window.shape[0]

    def field(self, neurons: Ints) -> tuple[Ints, Ints, Ints]:
        """What some neurons see: (K, M) addresses in ascending order, (K, M) their rows of weights, (K,) which weight
        of these rows."""
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
    """Return the values by their keys (in ascending order): (keys, most values of one key)."""
    counts = np.bincount(key, minlength=keys)
    starts = np.cumsum(counts) - counts
    table = np.full((keys, max(1, int(counts.max()))), fill, dtype=np.int64)
    table[key, np.arange(len(key)) - starts[key]] = values
    return table


def chain_order(shape: tuple[int, int, int]) -> Ints:
    """Return (values,): which value of an image (channels, height, width), flat, is sent by each address.

    ``x[..., chain_order(shape)]`` are samples as event engines take them; `network_order` turns them back.
    """
    channels, height, width = shape
    return np.arange(channels * height * width).reshape(channels, -1).T.ravel()


def network_order(shape: tuple[int, int, int]) -> Ints:
    """Return (values,): the address of each value of an image, flat."""
    channels, height, width = shape
    return np.arange(channels * height * width).reshape(-1, channels).T.ravel()
