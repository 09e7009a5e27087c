"""A picture of data: event frames and a raster of a recording, a raster of spikes, an image or a signal."""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tospike.compare.report.figures.drawing import COLOUR, new_figure, style_axes
from tospike.gen.data.data_set import DataSet
from tospike.gen.data.recordings.binning import Recordings
from tospike.gen.files.output import write_bytes
from tospike.hw.params import require

SUFFIXES = (".png", ".svg", ".pdf")
FRAMES, POINTS, RATES = 4, 20_000, 200
"""Event frames; the most points of a raster; bins of the event rate."""


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix.

    Raises
    ------
    InputError
        It has another suffix, or cannot be written.
    """
    check_suffix(path)
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:].lower(), dpi=150)
    write_bytes(path, content.getvalue())


def check_suffix(path: Path) -> None:
    """Refuse a path that does not say which format is wanted."""
    require(path.suffix.lower() in SUFFIXES, f"{path} ends in none of {', '.join(SUFFIXES)}: give one of them")


def draw_events(events: Recordings, number: int, title: str) -> Figure:
    """Draw recording ``number``: event frames of equal duration, a raster of the addresses, the rate over time.

    Raises
    ------
    InputError
        There is no such recording, or nothing is left of it.
    """
    require(0 <= number < len(events), f"there is no recording {number}: give 0 to {len(events) - 1}")
    found = events.take(events.recording == number)
    require(len(found.t_us) >= 1, f"recording {number} has no events")
    time = (found.t_us - events.starts[number]) / 1e6
    sensor = found.sensor
    is_image = sensor.height > 1
    figure = new_figure(10, 7 if is_image else 5)
    figure.suptitle(title, color=COLOUR["ink"])
    grid = figure.add_gridspec(3 if is_image else 2, FRAMES, height_ratios=(2, 2, 1) if is_image else (3, 1))
    last = float(time[-1])
    if is_image:
        frame = np.minimum((time * FRAMES / max(last, 1e-9)).astype(np.int64), FRAMES - 1)
        for index in range(FRAMES):
            axes = figure.add_subplot(grid[0, index])
            axes.imshow(_frame(found.take(frame == index)), interpolation="nearest")
            axes.set_title(f"{last * index / FRAMES:.3g} to {last * (index + 1) / FRAMES:.3g} s", fontsize=9)
            axes.set_xticks([])
            axes.set_yticks([])
    raster = figure.add_subplot(grid[-2, :])
    style_axes(raster, grid="y")
    some = slice(None, None, -(-len(time) // POINTS))
    address = (found.y.astype(np.int64) * sensor.width + found.x)[some]
    for polarity, colour in ((0, COLOUR["ann"]), (1, COLOUR["snn"])):
        chosen = found.p[some] == polarity
        raster.scatter(time[some][chosen], address[chosen], s=1, color=colour, linewidths=0, rasterized=True)
    raster.set_ylabel("pixel, row by row" if is_image else "channel")
    rate = figure.add_subplot(grid[-1, :], sharex=raster)
    style_axes(rate, grid="y")
    counts, edges = np.histogram(time, RATES, (0, max(last, 1e-6)))
    rate.stairs(counts / np.diff(edges), edges, color=COLOUR["ink"])
    rate.set_ylabel("events/s")
    rate.set_xlabel("s")
    return figure


def _frame(events: Recordings) -> NDArray[np.float64]:
    """Return (height, width, 3) colours: brighter pixels are orange, darker ones blue, both at once grey."""
    sensor = events.sensor
    image = np.ones((sensor.height, sensor.width, 3))
    for polarity, colour in ((0, COLOUR["ann"]), (1, COLOUR["snn"])):
        chosen = events.p == polarity
        tint = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
        seen = np.zeros((sensor.height, sensor.width), dtype=bool)
        seen[events.y[chosen], events.x[chosen]] = True
        image[seen] *= tint
    return image


def draw_sample(data: DataSet, number: int, title: str) -> Figure:
    """Draw test sample ``number``: a raster if it has steps, an image if it has that shape, else a curve.

    Raises
    ------
    InputError
        There is no such sample.
    """
    require(0 <= number < len(data.x), f"there is no sample {number}: give 0 to {len(data.x) - 1}")
    sample = np.asarray(data.x[number], dtype=np.float64)
    figure = new_figure(8, 5)
    axes = figure.add_subplot()
    axes.set_title(title, color=COLOUR["ink"])
    if data.has_steps:
        axes.imshow(sample.T, aspect="auto", origin="lower", interpolation="nearest", cmap="Greys")
        axes.set_xlabel("step")
        axes.set_ylabel("channel")
    elif (image := picture_of(data, number)) is not None:
        axes.imshow(image, cmap="Greys", interpolation="nearest")
        axes.set_axis_off()
    else:
        style_axes(axes, grid="y")
        axes.plot(sample, color=COLOUR["ink"], linewidth=0.8)
        axes.set_xlabel("value")
    return figure


def picture_of(data: DataSet, number: int) -> NDArray[np.float64] | None:
    """Return test sample ``number`` as (height, width) or (height, width, 3) values from 0 to 1; ``None``: its shape is
    not that of a picture."""
    shape = () if data.has_steps else _image_shape(data)
    return _image(np.asarray(data.x[number], dtype=np.float64), shape) if shape else None


def _image_shape(data: DataSet) -> tuple[int, ...]:
    shape = tuple(size for size in data.shape if size != 1)
    if len(shape) == 3 and 3 not in (shape[0], shape[-1]):
        return ()
    side = round(data.inputs**0.5)
    is_square = not shape and data.sample_rate is None and side * side == data.inputs
    return shape if len(shape) in (2, 3) else (side, side) if is_square else ()


def _image(sample: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return (height, width) or (height, width, 3) values from 0 to 1."""
    image = sample.reshape(shape)
    image = np.moveaxis(image, 0, -1) if image.ndim == 3 and shape[0] == 3 else image
    low, high = image.min(), image.max()
    return (image - low) / (high - low or 1)
