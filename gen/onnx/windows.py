"""Read the geometry of ONNX convolutions and pools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tospike.hw.params import InputError, ceil_div, require
from tospike.sim.network import Shape, Window


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """A window over an image; a window over a signal has one row."""

    window: Window
    dilation: tuple[int, int]
    beyond: tuple[int, int]
    """Values at the bottom and right that the window's padding holds beyond the stated pads, for ceil_mode."""


def read_window(attributes: dict[str, Any], shape: Shape, kernel: tuple[int, ...], label: str) -> Geometry:
    """Return the window of a Conv or pool on a tensor (1, channels, ...) with a signal or an image.

    Its kernel includes the gaps of a dilation.

    Raises
    ------
    InputError
        It has other than one or two dimensions, or does not fit the image.
    """
    rank = len(kernel)
    require(len(shape) >= 3 and shape[0] == 1, f"{label} gets a tensor of shape {shape}, not (1, channels, ...)")
    require(
        rank in (1, 2) and len(shape) == rank + 2,
        f"{label} has a kernel of {rank} dimensions for a tensor of shape {shape}: 1 and 2 are supported",
    )
    sizes = shape[2:]
    dilations = [int(d) for d in attributes.get("dilations", [])] or [1] * rank
    stride = [int(s) for s in attributes.get("strides", [])] or [1] * rank
    require(
        len(dilations) == len(stride) == rank and min(*dilations, *stride, *kernel) >= 1,
        f"{label} has strides {stride}, dilations {dilations} for a kernel {kernel}",
    )
    reach = [(taps - 1) * step + 1 for taps, step in zip(kernel, dilations, strict=True)]
    before, after = _padding(attributes, sizes, reach, stride, label)
    beyond = [0] * rank
    if attributes.get("ceil_mode", 0):
        for axis in range(rank):
            size, step = sizes[axis] + before[axis] + after[axis] - reach[axis], stride[axis]
            count = ceil_div(max(size, 0), step) + 1
            if (count - 1) * step >= sizes[axis] + before[axis]:
                count -= 1  # a window must begin within the image or its first pads
            beyond[axis] = max(0, (count - 1) * step - size)
            after[axis] += beyond[axis]
    try:
        window = Window(kernel=_pair(reach, 1), stride=_pair(stride, 1), padding=(*_pair(before, 0), *_pair(after, 0)))
        window.positions(image_of_window(shape))
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    return Geometry(window=window, dilation=_pair(dilations, 1), beyond=_pair(beyond, 0))


def image_of_window(shape: Shape) -> tuple[int, int, int]:
    """Return (channels, height, width) of a tensor (1, channels, height, width) or (1, channels, length)."""
    return (shape[1], shape[2], shape[3]) if len(shape) == 4 else (shape[1], 1, shape[2])


def _pair(values: Sequence[int], missing: int) -> tuple[int, int]:
    return (values[0], values[1]) if len(values) == 2 else (missing, values[0])


def _padding(
    attributes: dict[str, Any], sizes: Shape, reach: Sequence[int], stride: Sequence[int], label: str
) -> tuple[list[int], list[int]]:
    """Return the pads before and after the image, along each axis."""
    auto = attributes.get("auto_pad", b"NOTSET").decode() or "NOTSET"
    rank = len(reach)
    if auto == "VALID":
        return [0] * rank, [0] * rank
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max((ceil_div(size, step) - 1) * step + taps - size, 0)
            for size, step, taps in zip(sizes, stride, reach, strict=True)
        ]
        less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    require(auto == "NOTSET", f"{label} has auto_pad {auto}: give its pads")
    pads = [int(p) for p in attributes.get("pads", [])] or [0] * (2 * rank)
    require(
        len(pads) == 2 * rank and min(pads) >= 0,
        f"{label} has pads {pads}: {2 * rank} that are not negative are needed",
    )
    return pads[:rank], pads[rank:]
