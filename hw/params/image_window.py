"""A window that slides over an image whose pixels arrive row by row: the line buffer of dataflow layers."""

import math
from dataclasses import dataclass

from tospike.hw.params.banks import BANK_WORDS, FAN_IN
from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import ceil_div

MAX_DEPTH = FAN_IN * BANK_WORDS
"""Words of a line buffer at most, so that every depth has the same read latency."""


@dataclass(frozen=True, kw_only=True)
class ImageWindow:
    """A window over an image that arrives position by position, channels innermost, ``lanes`` values per word.

    A ring of `ring` rows holds what windows need, and the rows that arrive meanwhile.
    """

    shape: tuple[int, int, int]
    """(channels, height, width) of the image."""
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    """(top, left)."""
    size: tuple[int, int]
    """(height, width) of the output; what a window covers below or to the right of the image is padding."""
    pad_value: int = 0
    """Value of the padding; for max pooling the smallest activation."""
    lanes: int
    """Values in a word of the line buffer: a divisor of the channels."""
    rows_at_once: int = 1
    """Kernel rows that are read side by side: 1, or all of them, from a memory for each row of the ring."""

    def __post_init__(self) -> None:
        for name, values in (
            ("an image's shape", self.shape),
            ("a kernel", self.kernel),
            ("a stride", self.stride),
            ("a result's size", self.size),
        ):
            for value in values:
                require_range(f"each number of {name}", value, 1, 1 << 12)
        require(
            all(0 <= pad < size for pad, size in zip(self.padding, self.kernel, strict=True)),
            f"padding {self.padding} must be less than the kernel {self.kernel}",
        )
        starts = [(n - 1) * step - pad for n, step, pad in zip(self.size, self.stride, self.padding, strict=True)]
        require(
            all(start < size for start, size in zip(starts, self.shape[1:], strict=True)),
            f"the last window of {self.size} begins beyond its image of {self.shape[1:]}",
        )
        require(
            self.shape[0] % self.lanes == 0,
            f"{self.shape[0]} channels must be a multiple of the {self.lanes} lanes of the line buffer",
        )
        require(
            self.rows_at_once in (1, self.kernel[0]),
            f"a window of {self.kernel} reads 1 or {self.kernel[0]} rows at once, not {self.rows_at_once}",
        )
        require(
            self.depth <= MAX_DEPTH,
            f"a line buffer of {self.depth} words is too deep: give more lanes, or read all rows at once",
        )

    @property
    def pixel_words(self) -> int:
        """Words of a pixel."""
        return self.shape[0] // self.lanes

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.shape[2] * self.pixel_words

    @property
    def ring(self) -> int:
        """Rows of the ring: those under a window, and those that the next row of windows needs, which may be all of
        them: those of the next image."""
        return self.kernel[0] + max(self.kernel[0], self.stride[0])

    @property
    def row_bits(self) -> int:
        """Address bits within a row."""
        return (self.row_words - 1).bit_length()

    @property
    def depth(self) -> int:
        """Words of each memory."""
        return self.row_words if self.rows_at_once > 1 else self.ring << self.row_bits

    @property
    def banks(self) -> int:
        """Memories of ``lanes`` values per word."""
        return self.ring if self.rows_at_once > 1 else 1

    @property
    def width(self) -> int:
        """Values that are read per cycle."""
        return self.lanes * self.rows_at_once

    @property
    def steps(self) -> int:
        """Kernel rows that are read one after another."""
        return ceil_div(self.kernel[0], self.rows_at_once)

    @property
    def taps(self) -> int:
        """Pixels under a window."""
        return math.prod(self.kernel)

    @property
    def inputs(self) -> int:
        """Values of the image."""
        return math.prod(self.shape)

    @property
    def values(self) -> int:
        """Values under a window."""
        return self.taps * self.shape[0]

    @property
    def positions(self) -> int:
        """Windows of an image."""
        return math.prod(self.size)

    @property
    def pads(self) -> bool:
        """Whether any window covers padding."""
        ends = [
            (n - 1) * step - pad + size
            for n, step, pad, size in zip(self.size, self.stride, self.padding, self.kernel, strict=True)
        ]
        return any(self.padding) or any(end > size for end, size in zip(ends, self.shape[1:], strict=True))

    def first_row(self, row: int) -> int:
        """Return the image's first row under windows of an output row; negative in the padding above."""
        return row * self.stride[0] - self.padding[0]

    def oldest_row(self, row: int) -> int:
        """Return the first row that windows of this output row and later ones read."""
        return max(self.first_row(row), 0)

    def last_row(self, row: int) -> int:
        """Return the last row of the image under windows of an output row."""
        return min(self.first_row(row) + self.kernel[0], self.shape[1]) - 1
