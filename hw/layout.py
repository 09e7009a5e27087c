"""Shapes of memories, and packing of lanes into words. Plain Python, no Amaranth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tospike.hw.params import WORD_BITS, address_bits, ceil_div, require_range

REGION_BITS = 6
"""Bits of a configuration address that select the memory."""
INDEX_BITS = 24
"""Bits of a configuration address that select the chunk within the memory."""


@dataclass(frozen=True, kw_only=True)
class MemoryShape:
    """A memory of an engine with initial contents, which configuration may overwrite."""

    name: str
    width: int
    depth: int

    def __post_init__(self) -> None:
        require_range(f"width of memory {self.name}", self.width, 1, 1 << 14)
        require_range(f"depth of memory {self.name}", self.depth, 1, 1 << 26)

    @property
    def chunks(self) -> int:
        """32-bit configuration writes per word, least significant first; the last one stores the word."""
        return ceil_div(self.width, WORD_BITS)

    @property
    def chunk_bits(self) -> int:
        """Low bits of a configuration index that select the chunk; the word address is above them."""
        return 0 if self.chunks == 1 else address_bits(self.chunks)

    @property
    def last_index(self) -> int:
        """Configuration index of the last chunk of the last word."""
        return (self.depth - 1 << self.chunk_bits) + self.chunks - 1

    @property
    def bits(self) -> int:
        """Capacity in bits."""
        return self.width * self.depth


def pack_lanes(values: Sequence[int], lane_bits: int) -> int:
    """Pack values in two's complement into one memory word, lane 0 in the least significant bits."""
    mask = (1 << lane_bits) - 1
    return sum((int(value) & mask) << (lane * lane_bits) for lane, value in enumerate(values))


def config_writes(shape: MemoryShape, words: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Yield (index, data) of each configuration write that fills a memory with ``words`` from address 0 on."""
    for address, word in enumerate(words):
        for chunk in range(shape.chunks):
            yield (address << shape.chunk_bits) | chunk, (word >> (chunk * WORD_BITS)) & 0xFFFF_FFFF
