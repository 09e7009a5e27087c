"""The geometry of convolutions on the event engine."""

import math
from dataclasses import dataclass

from tospike.hw.params.check import require, require_range


@dataclass(frozen=True, kw_only=True)
class EventWindow:
    """A convolution window that slides over an image of events, optionally after sum pooling.

    Event streams address an image position by position, channels innermost:
    ``address = (y * width + x) * channels + channel``. An event at (y, x) belongs to the pooled pixel
    ``(y // pool[0], x // pool[1])``, and the window slides over the pooled pixels.
    """

    shape: tuple[int, int, int]
    """(channels, height, width) of the input."""
    channels: int
    """Output channels."""
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Top, left, bottom, right, in pooled pixels."""
    pool: tuple[int, int] = (1, 1)
    """(height, width) of a pooled pixel: sum pooling."""
    depthwise: bool = False
    """Output channels ``n * c`` to ``n * c + n - 1`` see only input channel c, with n = ``fan_out``."""

    def __post_init__(self) -> None:
        sizes = (*self.shape, self.channels, *self.kernel, *self.stride, *self.pool)
        require(
            all(isinstance(size, int) and size >= 1 for size in sizes) and min(self.padding) >= 0,
            f"shape, channels, kernel, stride and pool of a window must be positive, not {sizes}, and its padding "
            f"{self.padding} not negative",
        )
        pools = all(size % pool == 0 for size, pool in zip(self.shape[1:], self.pool, strict=True))
        require(pools, f"a pool of {self.pool} does not divide an image of {self.shape[1:]}")
        require(
            min(self.size) >= 1,
            f"a window of {self.kernel} is larger than its image of {self.pooled} with padding {self.padding}",
        )
        require(
            not self.depthwise or self.channels % self.shape[0] == 0,
            f"{self.channels} output channels of a depthwise window are no multiple of its {self.shape[0]} input "
            "channels",
        )
        require_range("inputs", self.inputs, 1, 1 << 16)
        require_range("neurons", self.neurons, 1, 1 << 16)

    @property
    def pooled(self) -> tuple[int, int]:
        """(height, width) in pooled pixels."""
        return self.shape[1] // self.pool[0], self.shape[2] // self.pool[1]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the output."""
        top, left, bottom, right = self.padding
        high, wide = self.pooled[0] + top + bottom - self.kernel[0], self.pooled[1] + left + right - self.kernel[1]
        return high // self.stride[0] + 1, wide // self.stride[1] + 1

    @property
    def positions(self) -> int:
        """Output positions."""
        return math.prod(self.size)

    @property
    def taps(self) -> int:
        """Pooled pixels covered by the window."""
        return math.prod(self.kernel)

    @property
    def inputs(self) -> int:
        """Input addresses."""
        return math.prod(self.shape)

    @property
    def neurons(self) -> int:
        """Neurons: one for each output position and channel."""
        return self.positions * self.channels

    @property
    def fan_out(self) -> int:
        """Neurons that an event reaches at an output position whose window covers it."""
        return self.channels // self.shape[0] if self.depthwise else self.channels
