"""The layout of images in the banked activation memory. Plain Python, no Amaranth.

The memory has a bank for each row of the array. With s the stride and (Ry, Rx) the tile of the layers that read an
image, its value (c, y, x) is stored in

::

    bank    = ((y / sy) mod Ry) * Rx + (x / sx) mod Rx
    address = base + ((((y / sy) / Ry * Bx + (x / sx) / Rx) * sy + y mod sy) * sx + x mod sx) * channels + c
    Bx      = ceil(ceil(width / sx) / Rx)                                            (all divisions floor)

The positions of a tile, shifted by any tap of the kernel, have the same remainder modulo s, and consecutive quotients:
they lie in different banks, and a step reads each bank once, without conflicts.
"""

from dataclasses import dataclass
from functools import lru_cache

from tospike.hw.params.engines.conv import ConvParams
from tospike.hw.params.numbers import ceil_div


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The layout of an image in the banks."""

    shape: tuple[int, int, int]
    stride: tuple[int, int]
    tile: tuple[int, int]
    base: int = 0

    @property
    def blocks(self) -> tuple[int, int]:
        """(down, across): a block holds ``stride`` positions of each bank."""
        down, across = (ceil_div(self.shape[1 + axis], self.stride[axis]) for axis in (0, 1))
        return ceil_div(down, self.tile[0]), ceil_div(across, self.tile[1])

    @property
    def block(self) -> int:
        """Words of a block in each bank."""
        return self.shape[0] * self.stride[0] * self.stride[1]

    @property
    def words(self) -> int:
        """Words of the image in each bank."""
        return self.blocks[0] * self.blocks[1] * self.block

    def place(self, channel: int, y: int, x: int) -> tuple[int, int]:
        """Return (bank, address) of a value."""
        (sy, sx), (ry, rx) = self.stride, self.tile
        block = (y // sy) // ry * self.blocks[1] + (x // sx) // rx
        within = ((y % sy) * sx + x % sx) * self.shape[0] + channel
        return (y // sy) % ry * rx + (x // sx) % rx, self.base + block * self.block + within


@lru_cache(maxsize=256)
def storages(params: ConvParams) -> tuple[Storage, ...]:
    """Return the storage of the frame and of each hidden layer's output: element 1 + i belongs to layer i.

    Static allocation by lifetime: images that are live at the same time do not overlap. The largest is placed first,
    each at the lowest address that is free during its lifetime.
    """
    last = len(params.layers) - 1
    placed: dict[int, Storage] = {}
    live = {image: set(range(image, max(params.readers(image)) + 1)) for image in range(-1, last)}
    if params.loads_early:
        live[-1].add(last)
    unplaced = {image: _storage(params, image, 0) for image in range(-1, last)}
    for image in sorted(unplaced, key=lambda image: (-unplaced[image].words, image)):
        taken = sorted(
            (other.base, other.base + other.words) for number, other in placed.items() if live[number] & live[image]
        )
        base = 0
        for low, high in taken:
            if base + unplaced[image].words <= low:
                break
            base = max(base, high)
        placed[image] = _storage(params, image, base)
    return tuple(placed[image] for image in range(-1, last))


def _storage(params: ConvParams, image: int, base: int) -> Storage:
    reader = params.layers[params.readers(image)[0]]
    return Storage(shape=reader.shape, stride=reader.stride, tile=reader.tile, base=base)


def bank_depth(params: ConvParams) -> int:
    """Return the depth of the banks."""
    return max(storage.base + storage.words for storage in storages(params))
