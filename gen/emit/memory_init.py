"""The memory contents of a design."""

from tospike.gen.place.placer import MemoryInit
from tospike.gen.place.placers import PLACERS
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.sim.design import Design


def pack(design: Design) -> list[MemoryInit]:
    """Return the memory contents of each engine."""
    return [PLACERS[type(params)].pack(params, design, index) for index, params in enumerate(design.params.engines)]


def shapes(design: Design) -> list[tuple[MemoryShape, ...]]:
    """Return the shapes of each engine's memories."""
    return [engine_layout(params).memories(params) for params in design.params.engines]
