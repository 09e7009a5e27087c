"""The demo as lines of text, for a terminal."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.compare.demo.record import DesignDemo, Layer
from tospike.compare.report.figures.recording import picture_of
from tospike.gen.data.data_set import DataSet

Values = NDArray[Any]
SHADES = " ░▒▓█"
LEVELS = "▁▂▃▄▅▆▇█"
ROWS = 16
"""Rows of a raster, at most: several neurons share one."""
COLUMNS = 64
"""Columns of a raster, at most: several steps share one."""
LARGEST_PICTURE = 32
"""Height and width of a picture in characters, at most."""


def picture_lines(data: DataSet, sample: int) -> Iterator[str]:
    """Yield the lines of the input: an image, or a raster of its channels."""
    x = np.asarray(data.x[sample], dtype=np.float64)
    image = picture_of(data, sample)
    if data.has_steps:
        yield from _cells(np.abs(x).T)
    elif image is not None:
        grey = image.mean(axis=2) if image.ndim == 3 else image
        yield from _cells(grey, rows=LARGEST_PICTURE, columns=LARGEST_PICTURE, wide=2)
    else:
        yield from _cells(np.abs(x)[None])


def layer_lines(layer: Layer) -> Iterator[str]:
    """Yield the lines of what a layer sends: neurons downwards and steps to the right, or activations in a row."""
    if layer.has_steps:
        wide = max(1, min(4, COLUMNS // len(layer.values)))
        yield from _cells(np.abs(layer.values).T, wide=wide)
    else:
        yield from _wrapped(layer.values[0])


def membrane_lines(design: DesignDemo) -> Iterator[tuple[int, str]]:
    """Yield the number of each output, and its membrane over the steps as a row of bars."""
    assert design.membranes is not None
    wide = max(1, min(4, COLUMNS // len(design.membranes)))
    yield from enumerate(_bars(_pooled(design.membranes, COLUMNS, np.mean).T, wide=wide))


def _cells(values: Values, *, rows: int = ROWS, columns: int = COLUMNS, wide: int = 1) -> Iterator[str]:
    """Yield (rows, columns) values of 0 or more as shades; a cell of several shows the largest."""
    shown = _pooled(_pooled(values, rows, np.max).T, columns, np.max).T
    most = shown.max() or 1
    for row in shown:
        shade = np.ceil(row / most * (len(SHADES) - 1)).astype(int)
        yield "".join(SHADES[each] * wide for each in shade)


def _bars(values: Values, *, wide: int = 1) -> Iterator[str]:
    """Yield rows of bars, from the lowest value of all to the highest."""
    low, high = float(values.min()), float(values.max())
    for row in values:
        level = np.rint((row - low) / ((high - low) or 1) * (len(LEVELS) - 1)).astype(int)
        yield "".join(LEVELS[each] * wide for each in level)


def _wrapped(values: Values) -> Iterator[str]:
    """Yield a vector in as many lines as it takes, at most as many as a raster has rows; bars if some are negative."""
    per_row = min(COLUMNS, len(values))
    if values.min() < 0 and len(values) <= COLUMNS:
        yield from _bars(values[None])
        return
    values = np.abs(values)
    shown = _pooled(values[:, None].astype(float), per_row * ROWS, np.max)[:, 0]
    padded = np.zeros(-(-len(shown) // per_row) * per_row)
    padded[: len(shown)] = shown
    yield from _cells(padded.reshape(-1, per_row), columns=per_row)


def _pooled(values: Values, most: int, how: Callable[..., Any]) -> Values:
    """Return at most ``most`` rows: each of the result is the maximum, or mean, of neighbours."""
    if len(values) <= most:
        return values
    parts = np.array_split(values, most)
    return np.stack([how(part, axis=0) for part in parts])
