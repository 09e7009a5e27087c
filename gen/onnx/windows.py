"""Read the geometry of ONNX convolutions and pools."""

from typing import Any

from tospike.hw.params import InputError, ceil_div, require
from tospike.sim.network import Shape, Window


def read_window(attributes: dict[str, Any], shape: Shape, kernel: tuple[int, ...], label: str) -> Window:
    """Return the window of a Conv, MaxPool or AveragePool on a sample of ``shape``.

    Raises
    ------
    InputError
        It is not two-dimensional, has a dilation, or does not fit the image.
    """
    require(len(shape) == 3, f"{label} gets samples of shape {shape}, not (channels, height, width)")
    require(len(kernel) == 2, f"{label} has a kernel of {len(kernel)} dimensions: only 2 are supported")
    dilations = attributes.get("dilations", [1, 1])
    require(set(dilations) == {1}, f"{label} has dilations {dilations}: only 1 is supported")
    stride = tuple(int(s) for s in attributes.get("strides", [1, 1]))
    padding = _padding(attributes, shape, kernel, stride, label)
    if attributes.get("ceil_mode", 0):
        sizes = [shape[1 + i] + padding[i] + padding[2 + i] - kernel[i] for i in range(2)]
        require(
            all(size % step == 0 for size, step in zip(sizes, stride, strict=True)),
            f"{label} has ceil_mode and windows that extend beyond the edge: pad the image instead",
        )
    try:
        window = Window(kernel=(kernel[0], kernel[1]), stride=(stride[0], stride[1]), padding=padding)
        window.positions(shape)
    except InputError as error:
        raise InputError(f"{label}: {error}") from None
    return window


def _padding(
    attributes: dict[str, Any], shape: Shape, kernel: tuple[int, ...], stride: tuple[int, ...], label: str
) -> tuple[int, int, int, int]:
    """Return (top, left, bottom, right)."""
    auto = attributes.get("auto_pad", b"NOTSET").decode()
    if auto == "VALID":
        return 0, 0, 0, 0
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max((ceil_div(size, step) - 1) * step + taps - size, 0)
            for size, step, taps in zip(shape[1:], stride, kernel, strict=True)
        ]
        less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
        before, after = (less, more) if auto == "SAME_UPPER" else (more, less)
        return before[0], before[1], after[0], after[1]
    require(auto == "NOTSET", f"{label} has auto_pad {auto}: give its pads")
    pads = [int(p) for p in attributes.get("pads", [0, 0, 0, 0])]
    require(len(pads) == 4, f"{label} has pads {pads}: 4 are needed for images")
    return pads[0], pads[1], pads[2], pads[3]
