"""The layer descriptor as a hardware layout; `hw.systolic.layout` documents its fields and packs them."""

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.params import SystolicParams
from tospike.hw.systolic.layout import descriptor_bits


def descriptor_layout(params: SystolicParams) -> data.StructLayout:
    """Return the layout of a word of the memory ``layers``; ``low`` and ``high`` are signed."""
    return data.StructLayout(
        {
            name: signed(bits) if name in ("low", "high") else unsigned(bits)
            for name, bits in descriptor_bits(params).items()
        }
    )
