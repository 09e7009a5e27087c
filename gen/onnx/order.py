"""Orders of values, where ``None`` is the identity, and the one-tap convolutions that put images in order."""

import math
from dataclasses import dataclass

import numpy as np

from tospike.sim.network import Array, Conv2d, QuantGrid, Window

Image = tuple[int, int, int]


def arranged(order: Array) -> Array | None:
    """Return the order, or ``None`` if it is the identity."""
    return None if np.array_equal(order, np.arange(len(order))) else order


def inverse(order: Array) -> Array:
    """Return the inverse of an order of all values."""
    undone = np.empty_like(order)
    undone[order] = np.arange(len(order))
    return undone


def is_permutation(order: Array, size: int) -> bool:
    """Return whether an order holds each of ``size`` values once."""
    return len(order) == size and bool((np.bincount(order[order >= 0], minlength=size) == 1).all())


def same_order(one: Array | None, other: Array | None) -> bool:
    """Return whether two orders are the same."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """An image whose channels are channels of another one, each moved, with zeros around it, and with a stride.

    Value (c, y, x) is value (channels[c], y * stride + offset[c]) of the source, likewise in x; 0 if that is outside,
    or if channels[c] is -1.
    """

    source: Image
    target: Image
    channels: Array
    """(target channels,)."""
    offsets: Array
    """(target channels, 2): vertical and horizontal."""
    stride: tuple[int, int]

    @property
    def pads(self) -> tuple[int, int, int, int] | None:
        """Top, left, bottom, right, if that is all that happens to the channels; else ``None``."""
        top, left = (int(-offset) for offset in self.offsets[0])
        even = bool((self.offsets == self.offsets[0]).all()) and self.stride == (1, 1)
        pads = top, left, self.target[1] - self.source[1] - top, self.target[2] - self.source[2] - left
        return pads if even and min(pads) >= 0 else None

    def convolution(self) -> Conv2d | None:
        """Return the convolution that gives the target, with one weight of 1 for each channel; ``None`` if there is
        none."""
        least = np.minimum(self.offsets.min(axis=0), 0)
        taps = self.offsets - least
        kernel, padding = [], [int(-least[0]), int(-least[1])]
        for axis in (0, 1):
            step = self.stride[axis]
            reach = (self.target[1 + axis] - 1) * step
            need = int(taps[:, axis].max()) + 1
            room = self.source[1 + axis] + padding[axis] - reach
            kernel.append(max(need, min(room, need + step)) if room - need >= step else need)
            padding.append(max(0, reach + kernel[axis] - self.source[1 + axis] - padding[axis]))
        is_depthwise = np.array_equal(self.channels, np.arange(self.source[0]))
        weight = np.zeros((len(self.channels), 1 if is_depthwise else self.source[0], *kernel))
        rows = np.flatnonzero(self.channels >= 0)
        weight[rows, 0 if is_depthwise else self.channels[rows], taps[rows, 0], taps[rows, 1]] = 1.0
        window = Window(kernel=(kernel[0], kernel[1]), stride=self.stride, padding=(*padding[:2], *padding[2:]))  # type: ignore[arg-type]
        if window.positions(self.source) != self.target[1:]:
            return None
        return Conv2d(
            shape=self.source,
            weight=weight,
            bias=np.zeros(len(weight)),
            stride=self.stride,
            padding=window.padding,
            groups=self.source[0] if is_depthwise else 1,
            grid=QuantGrid(scale=np.ones(len(weight)), qmin=-1, qmax=1),
        )


def placement(order: Array, source: Image, target: Image) -> Placement | None:
    """Return how an image, given as an index into a ``source`` image for each value (-1: zero), comes from it; ``None``
    if it is not a `Placement`."""
    places = order.reshape(target)
    channels = places.max(axis=(1, 2)) // (source[1] * source[2])
    channels = np.where(places.max(axis=(1, 2)) < 0, -1, channels)
    used = np.flatnonzero(channels >= 0)
    if not len(used):
        return None
    starts = np.zeros((len(channels), 2), dtype=np.int64)
    steps: list[set[int]] = [set(), set()]
    within = places[used] - (channels[used] * source[1] * source[2])[:, None, None]
    for at, image in zip(used, within, strict=True):
        there = np.argwhere(places[at] >= 0)
        rows, columns = np.divmod(image[places[at] >= 0], source[2])
        for axis, coordinate in enumerate((rows, columns)):
            first, last = int(np.argmin(there[:, axis])), int(np.argmax(there[:, axis]))
            span = int(there[last, axis] - there[first, axis])
            step = (int(coordinate[last]) - int(coordinate[first])) // span if span else 0
            steps[axis] |= {step} if span else set()
            starts[at, axis] = int(coordinate[first]) - (step or 1) * int(there[first, axis])
    if any(len(found) > 1 or min(found, default=1) < 1 for found in steps):
        return None
    stride = min(steps[0], default=1), min(steps[1], default=1)
    starts[channels < 0] = starts[used[0]]
    made = Placement(source=source, target=target, channels=channels, offsets=starts, stride=stride)
    return made if np.array_equal(_places(made), places) else None


def repetition(order: Array, source: Image, target: Image) -> Conv2d | None:
    """Return the convolution that repeats each channel of a ``source`` of one position at all of a ``target``'s, if
    that is what the order does: a window of ones that always covers the one value."""
    count, height, width = target
    if source != (count, 1, 1) or not np.array_equal(order, np.repeat(np.arange(count), height * width)):
        return None
    return Conv2d(
        shape=source,
        weight=np.ones((count, 1, height, width)),
        bias=np.zeros(count),
        padding=(height - 1, width - 1, height - 1, width - 1),
        groups=count,
        grid=QuantGrid(scale=np.ones(count), qmin=-1, qmax=1),
    )


def _places(of: Placement) -> Array:
    """Return the index in the source of each value of the target."""
    rows = np.arange(of.target[1]) * of.stride[0] + of.offsets[:, :1]
    columns = np.arange(of.target[2]) * of.stride[1] + of.offsets[:, 1:]
    inside = ((rows >= 0) & (rows < of.source[1]))[:, :, None] & ((columns >= 0) & (columns < of.source[2]))[:, None, :]
    inside &= (of.channels >= 0)[:, None, None]
    index = (of.channels[:, None] * of.source[1] + rows)[:, :, None] * of.source[2] + columns[:, None, :]
    return np.where(inside, index, -1)


def image_of(shape: tuple[int, ...]) -> Image:
    """Return (channels, height, width) of a tensor (1, channels, ...) as convolutions take it: one row if it is a
    signal, one position if it is a vector or of any other shape."""
    if len(shape) == 4 and shape[0] == 1:
        return shape[1], shape[2], shape[3]
    if len(shape) == 3 and shape[0] == 1:
        return shape[1], 1, shape[2]
    return math.prod(shape), 1, 1
