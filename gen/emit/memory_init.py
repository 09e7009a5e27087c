"""What the memories of a design hold."""

from tospike.gen.place.placer import MemoryInit
from tospike.gen.place.placers import PLACERS
from tospike.hw.host.layout import engine_layout
from tospike.hw.layout import MemoryShape
from tospike.sim.design import Design


def pack(design: Design) -> list[MemoryInit]:
    """Return what the memories of each engine hold."""
    return [PLACERS[type(params)].pack(params, design, index) for index, params in enumerate(design.params.engines)]


def shapes(design: Design) -> list[tuple[MemoryShape, ...]]:
    """Return the memories of each engine."""
    return [engine_layout(params).memories(params) for params in design.params.engines]
