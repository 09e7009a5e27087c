"""The layer descriptor as a hardware layout; `hw.conv.layout` documents its fields and packs them."""

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.conv.layout import descriptor_shapes
from tospike.hw.params import ConvParams


def descriptor_layout(params: ConvParams) -> data.StructLayout:
    """Return the layout of a word of the memory ``layers``."""
    return data.StructLayout(
        {name: Shape(bits, is_signed) for name, (bits, is_signed) in descriptor_shapes(params).items()}
    )


def fields_of(params: ConvParams, prefix: str) -> dict[str, Shape]:
    """Return the fields whose names begin with ``prefix``, by their names without it."""
    return {
        name.removeprefix(prefix): Shape(bits, is_signed)
        for name, (bits, is_signed) in descriptor_shapes(params).items()
        if name.startswith(prefix)
    }
