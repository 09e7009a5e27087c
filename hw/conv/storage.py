"""Where the activation memory holds images. Plain Python, no Amaranth.

The memory has a bank for each row of the array. With s the stride and (Ry, Rx) the tile of the layers that read an
image, its value (c, y, x) lies in

::

    bank    = ((y / sy) mod Ry) * Rx + (x / sx) mod Rx
    address = base + ((((y / sy) / Ry * Bx + (x / sx) / Rx) * sy + y mod sy) * sx + x mod sx) * channels + c
    Bx      = ceil(ceil(width / sx) / Rx)                                            (all divisions floor)

The positions of a tile, shifted by whatever tap of the kernel, have one remainder by s, and their quotients are
consecutive: they lie in different banks, and each bank is read once in every step.
"""

from dataclasses import dataclass
from functools import lru_cache

from tospike.hw.params import ConvParams, ceil_div, require


@dataclass(frozen=True, kw_only=True)
class Storage:
    """How an image lies in the banks."""

    shape: tuple[int, int, int]
    stride: tuple[int, int]
    tile: tuple[int, int]
    base: int = 0

    @property
    def blocks(self) -> tuple[int, int]:
        """(down, across): a block has a ``stride`` of positions from each bank."""
        down, across = (ceil_div(self.shape[1 + axis], self.stride[axis]) for axis in (0, 1))
        return ceil_div(down, self.tile[0]), ceil_div(across, self.tile[1])

    @property
    def block(self) -> int:
        """Words of a block."""
        return self.shape[0] * self.stride[0] * self.stride[1]

    @property
    def words(self) -> int:
        """Words of the image, in each bank."""
        return self.blocks[0] * self.blocks[1] * self.block

    def place(self, channel: int, y: int, x: int) -> tuple[int, int]:
        """(bank, address) of a value."""
        (sy, sx), (ry, rx) = self.stride, self.tile
        block = (y // sy) // ry * self.blocks[1] + (x // sx) // rx
        within = ((y % sy) * sx + x % sx) * self.shape[0] + channel
        return (y // sy) % ry * rx + (x // sx) % rx, self.base + block * self.block + within


@lru_cache(maxsize=256)
def storages(params: ConvParams) -> tuple[Storage, ...]:
    """Of the frame, and of what each layer but the last gives: element 1 + i belongs to layer i.

    Images that are needed at the same time lie beside each other, others may share words: the largest first, each
    at the lowest address that is free while it lives.
    """
    last = len(params.layers) - 1
    placed: dict[int, Storage] = {}
    lives = {image: set(range(image, max(params.readers(image)) + 1)) for image in range(-1, last)}
    if params.loads_early:
        lives[-1].add(last)
    free = {image: _storage(params, image, 0) for image in range(-1, last)}
    for image in sorted(free, key=lambda image: (-free[image].words, image)):
        taken = sorted(
            (other.base, other.base + other.words) for number, other in placed.items() if lives[number] & lives[image]
        )
        base = 0
        for low, high in taken:
            if base + free[image].words <= low:
                break
            base = max(base, high)
        placed[image] = _storage(params, image, base)
    return tuple(placed[image] for image in range(-1, last))


def _storage(params: ConvParams, image: int, base: int) -> Storage:
    reader = params.layers[params.readers(image)[0]]
    return Storage(shape=reader.shape, stride=reader.stride, tile=reader.tile, base=base)


BANK_WORDS = 8192
"""The most words that a bank gives in the cycles of :class:`tospike.hw.conv.reader.TileReader`."""


def bank_depth(params: ConvParams) -> int:
    """Return the words of each bank.

    Raises
    ------
    InputError
        More than `BANK_WORDS`.
    """
    depth = max(storage.base + storage.words for storage in storages(params))
    require(
        depth <= BANK_WORDS,
        f"the images of this network need {depth} words in each of the {params.array.rows} banks, which have "
        f"{BANK_WORDS} at most: give more rows",
    )
    return depth
