"""Predict the cells of memories on an FPGA, by Yosys's mapping rules, and list the memories of a systolic engine."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tospike.gen.area.costs import AREA_COSTS
from tospike.hw.params import Dataflow, SystolicParams, ceil_div
from tospike.hw.params.banks import bank_depths
from tospike.hw.params.devices import Family
from tospike.hw.systolic import layout

BLOCK_DEPTH = 64
"""Memories with initial contents are block RAM from this depth on: `tospike.hw.memory.BLOCK_DEPTH`."""
QUEUE_DEPTH = 16
"""Depth of the queue after the post-processor."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A memory of an engine."""

    width: int
    depth: int
    copies: int = 1
    """How many of them there are."""
    lanes: int = 1
    """Parts of a word that are written separately."""
    is_initialized: bool = False
    is_rom: bool = False


@dataclass(frozen=True, kw_only=True)
class MemoryCells:
    """Cells that implement memories."""

    bram: int = 0
    lutram: int = 0
    """16 words of 4 bits each."""
    ff: int = 0
    """Bits in flip-flops."""
    rom: int = 0
    """16 words of 1 bit each, as logic."""

    def __add__(self, other: "MemoryCells") -> "MemoryCells":
        return MemoryCells(
            bram=self.bram + other.bram,
            lutram=self.lutram + other.lutram,
            ff=self.ff + other.ff,
            rom=self.rom + other.rom,
        )

    def __mul__(self, copies: int) -> "MemoryCells":
        return MemoryCells(
            bram=copies * self.bram, lutram=copies * self.lutram, ff=copies * self.ff, rom=copies * self.rom
        )


def memory_cells(params: SystolicParams, family: Family) -> MemoryCells:
    """Return the cells of all memories of an engine."""
    return sum((cells_of(memory, family) for memory in _memories(params)), MemoryCells())


def block_rams(width: int, depth: int, family: Family) -> int:
    """Return the fewest block RAMs that hold ``depth`` words of ``width`` bits."""
    return min(ceil_div(width, bits) * ceil_div(depth, words) for bits, words in family.block_shapes)


def least_blocks(bits: int, family: Family) -> int:
    """Return the block RAMs without which so many bits cannot be stored, whatever the memories."""
    return ceil_div(bits, max(width * words for width, words in family.block_shapes))


def _memories(params: SystolicParams) -> Iterator[Memory]:
    array = params.array
    for shape in layout.memories(params):
        banked = shape.name == "weights" and params.bank_cycles
        for depth, copies in Counter(bank_depths(shape.depth) if banked else [shape.depth]).items():
            yield Memory(width=shape.width, depth=depth, copies=copies, is_initialized=True, is_rom=not params.writable)
    yield Memory(width=array.rows * array.act.bits, depth=2 * layout.buffer_depth(params), lanes=array.rows)
    yield Memory(width=array.acc_bits + 4, depth=QUEUE_DEPTH)
    if params.weight_stream is not None:
        yield Memory(width=params.weight_width, depth=params.weight_queue)
    yield Memory(width=array.acc_bits, depth=2 * layout.result_depth(params), copies=array.cols)
    if array.dataflow is Dataflow.WS:
        yield Memory(width=array.acc_bits, depth=max(layer.rows for layer in params.layers), copies=array.cols)
    if layout.needs_reorder(params):
        yield Memory(width=array.acc_bits, depth=params.output.addresses)


def cells_of(memory: Memory, family: Family) -> MemoryCells:
    """Return the cells of a memory, of all its copies."""
    return _cells_of_one(memory, family) * memory.copies


def _cells_of_one(memory: Memory, family: Family) -> MemoryCells:
    if memory.is_initialized and memory.is_rom and memory.depth < BLOCK_DEPTH:
        return MemoryCells(rom=memory.width * ceil_div(memory.depth, 16))
    if memory.depth == 1:
        return MemoryCells(ff=memory.width)
    lane = memory.width // memory.lanes
    width = memory.width
    if memory.lanes > 1:
        width = memory.lanes * ceil_div(lane, family.lane_bits) * family.lane_bits
    blocks = block_rams(width, memory.depth, family)
    costs = AREA_COSTS[family.name]
    small = memory.lanes * ceil_div(lane, 4) * ceil_div(memory.depth, 16)
    bits = memory.width * memory.depth
    cost = 4 * small if costs.lutram_places else bits
    if (memory.is_initialized and memory.depth >= BLOCK_DEPTH) or cost >= costs.block_ram * blocks:
        return MemoryCells(bram=blocks)
    return MemoryCells(lutram=small) if costs.lutram_places else MemoryCells(ff=bits)
