"""On-chip memories that an image fills at start-up and that configuration may write."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.layout import MemoryShape
from tospike.hw.params import WORD_BITS, address_bits, require

REGION_BITS = 6
INDEX_BITS = 24


NO_COLLISIONS = {"no_rw_check": 1}
"""Attributes of a memory whose user never wants what it reads while it writes the same word: saves the logic with
which Yosys would give it the word as it was before."""


BLOCK_DEPTH = 64
"""From this depth on a memory with an image goes to block RAM. As a ROM of LUTs it takes more than a LUT per 16 words
and bit: at 64 words 180 LUTs for what one block RAM of an ECP5 holds in 36 bits, and 80 for one of an iCE40 UP5K in 16.
The devices have 400 and 176 LUTs per block RAM, but those LUTs are also two levels and more of logic in a path."""


class ConfigSignature(wiring.Signature):
    """Configuration writes, from the side of the writer: one per cycle, never refused.

    Members
    -------
    valid : Out(1)
        A write takes place in this cycle.
    region : Out(6)
        Which memory of the accelerator.
    index : Out(24)
        Which 32-bit chunk: ``(word address << chunk_bits) | chunk``, see :class:`tospike.hw.layout.MemoryShape`.
    data : Out(32)
        The chunk.
    """

    def __init__(self):
        super().__init__(
            {"valid": Out(1), "region": Out(REGION_BITS), "index": Out(INDEX_BITS), "data": Out(WORD_BITS)}
        )


class ImageMemory(wiring.Component):
    """A memory with one synchronous read port, an initial image, and a configuration write port.

    ``data`` follows ``address`` one cycle later and holds its value while ``enable`` is low. Words beyond the image
    are zero. Without ``region`` it is a ROM: ``config`` is absent. What a word reads as in the cycle that writes it is
    not defined.

    Raises
    ------
    InputError
        If the image is longer than the memory.
    """

    def __init__(self, shape: MemoryShape, *, init=(), region: int | None = None):
        require(
            len(init) <= shape.depth,
            f"the image of memory {shape.name} has {len(init)} words, more than its {shape.depth}",
        )
        self._shape = shape
        self._init = list(init)
        self._region = region
        members = {"address": In(address_bits(shape.depth)), "enable": In(1), "data": Out(shape.width)}
        if region is not None:
            members["config"] = In(ConfigSignature())
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        shape = self._shape
        attributes = NO_COLLISIONS | ({"ram_style": "block"} if shape.depth >= BLOCK_DEPTH else {})
        m.submodules.memory = memory = Memory(
            shape=unsigned(shape.width), depth=shape.depth, init=self._init, attrs=attributes
        )
        read = memory.read_port()
        m.d.comb += [read.addr.eq(self.address), read.en.eq(self.enable), self.data.eq(read.data)]
        if self._region is not None:
            write = memory.write_port()
            chunk = self.config.index[: shape.chunk_bits]
            selected = self.config.valid & (self.config.region == self._region)
            lower = Signal(WORD_BITS * (shape.chunks - 1))  # the chunks of this word that came before
            for number in range(shape.chunks - 1):
                with m.If(selected & (chunk == number)):
                    m.d.sync += lower.word_select(number, WORD_BITS).eq(self.config.data)
            # a register of its own: the way to the block RAMs is long
            m.d.sync += [
                write.addr.eq(self.config.index[shape.chunk_bits :]),
                write.data.eq(Cat(lower, self.config.data)),
                write.en.eq(selected & (chunk == shape.chunks - 1)),
            ]
        return m
