"""What an input of an image reaches: the geometry of convolutions on the event engine."""

import math
from dataclasses import dataclass

from tospike.hw.params.check import require, require_range


@dataclass(frozen=True, kw_only=True)
class EventWindow:
    """A window of weights that slides over an image of events.

    On the streams an image's values are addressed position by position, channels innermost:
    ``address = (y * width + x) * channels + channel``. Input (y, x) first falls into the pooled pixel
    ``(y // pool[0], x // pool[1])``, whose events are those of all its inputs; the window then slides over the pooled
    pixels.
    """

    shape: tuple[int, int, int]
    """(channels, height, width) that come in."""
    channels: int
    """Output channels."""
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Top, left, bottom, right, in pooled pixels."""
    pool: tuple[int, int] = (1, 1)
    """Inputs of a pooled pixel: sum pooling."""
    depthwise: bool = False
    """Output channels ``n * c`` to ``n * c + n - 1`` see input channel c only, n being ``fan_out``."""

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
            f"{self.channels} output channels of a depthwise window are no multiple of its {self.shape[0]} inputs",
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
        """Positions of the output."""
        return math.prod(self.size)

    @property
    def taps(self) -> int:
        """Pooled pixels under the window."""
        return math.prod(self.kernel)

    @property
    def inputs(self) -> int:
        """Addresses that come in."""
        return math.prod(self.shape)

    @property
    def neurons(self) -> int:
        """Neurons: one for each position and output channel."""
        return self.positions * self.channels

    @property
    def fan_out(self) -> int:
        """Neurons that an event reaches in a position under whose window it is."""
        return self.channels // self.shape[0] if self.depthwise else self.channels
