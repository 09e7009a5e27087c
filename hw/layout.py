"""What memories look like from outside: shapes, packing of lanes into words. Plain Python, no Amaranth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tospike.hw.params import WORD_BITS, address_bits, ceil_div, require_range

REGION_BITS = 6
"""Of a configuration address: which memory."""
INDEX_BITS = 24
"""Of a configuration address: which chunk of the memory."""


@dataclass(frozen=True, kw_only=True)
class MemoryShape:
    """One memory of an engine that an image fills, and that configuration may write."""

    name: str
    width: int
    depth: int

    def __post_init__(self) -> None:
        require_range(f"width of memory {self.name}", self.width, 1, 1 << 14)
        require_range(f"depth of memory {self.name}", self.depth, 1, 1 << 22)

    @property
    def chunks(self) -> int:
        """Configuration writes of 32 bits per word, least significant first; the last one stores the word."""
        return ceil_div(self.width, WORD_BITS)

    @property
    def chunk_bits(self) -> int:
        """Low bits of a configuration index that count chunks; the word's address is above them."""
        return 0 if self.chunks == 1 else address_bits(self.chunks)

    @property
    def bits(self) -> int:
        """Capacity."""
        return self.width * self.depth


def pack_lanes(values: Sequence[int], lane_bits: int) -> int:
    """Return one memory word; lane 0 is in the least significant bits, values in two's complement."""
    mask = (1 << lane_bits) - 1
    return sum((int(value) & mask) << (lane * lane_bits) for lane, value in enumerate(values))


def config_writes(shape: MemoryShape, words: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Return (index, data) of each configuration write that fills a memory with ``words`` from address 0."""
    for address, word in enumerate(words):
        for chunk in range(shape.chunks):
            yield (address << shape.chunk_bits) | chunk, (word >> (chunk * WORD_BITS)) & 0xFFFF_FFFF
