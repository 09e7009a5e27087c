"""The descriptor of a layer as the hardware sees it; `hw.ann.layout` tells what the fields mean and packs them."""

from amaranth.hdl import *
from amaranth.lib import data

from tospike.hw.ann.layout import descriptor_bits
from tospike.hw.params import SystolicParams


def descriptor_layout(params: SystolicParams) -> data.StructLayout:
    """Return the fields of a word of the memory ``layers``; ``low`` and ``high`` are signed."""
    return data.StructLayout(
        {
            name: signed(bits) if name in ("low", "high") else unsigned(bits)
            for name, bits in descriptor_bits(params).items()
        }
    )
