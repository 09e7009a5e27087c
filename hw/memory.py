"""On-chip memories with initial contents and an optional configuration write port."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.delay import delayed
from tospike.hw.layout import INDEX_BITS, REGION_BITS, MemoryShape
from tospike.hw.params import WORD_BITS, address_bits, banks, require

NO_COLLISIONS = {"no_rw_check": 1}
"""Attributes of a memory that is never read and written at the same address in the same cycle, or whose read data are
then unused. They save the logic that makes Yosys return the old word."""


BLOCK_DEPTH = 64
"""From this depth on, a memory with initial contents goes to block RAM. As a LUT ROM it would take more than a LUT per
16 words and bit: at 64 words 180 LUTs for the 36 bits of an ECP5 block RAM, or 80 for the 16 bits of an iCE40 UP5K one.
These devices have 400 and 176 LUTs per block RAM, but the LUTs also add two or more levels of logic to a path."""


class ConfigSignature(wiring.Signature):
    """Configuration writes, from the writer's side: one per cycle, always accepted.

    Members
    -------
    valid : Out(1)
        A write happens in this cycle.
    region : Out(6)
        Index of the memory within the accelerator.
    index : Out(24)
        Index of the 32-bit chunk: ``(word address << chunk_bits) | chunk``, see
        :class:`tospike.hw.layout.MemoryShape`.
    data : Out(32)
        The chunk.
    """

    def __init__(self):
        super().__init__(
            {"valid": Out(1), "region": Out(REGION_BITS), "index": Out(INDEX_BITS), "data": Out(WORD_BITS)}
        )


class ChunkSignature(wiring.Signature):
    """Configuration writes to one memory, from the writer's side: those of `ConfigSignature` in its region."""

    def __init__(self):
        super().__init__({"valid": Out(1), "index": Out(INDEX_BITS), "data": Out(WORD_BITS)})


class FilledMemory(Memory):
    """A memory with many initial words, which Amaranth gets no sooner than it must have them.

    Amaranth turns each bit of each word into objects of its own. A platform that overrides memories (``get_memory``,
    see `amaranth.lib.memory.Memory`) can take ``words`` instead.

    Attributes
    ----------
    words
        The first words of the memory; the others are zero.
    """

    def __init__(self, *, shape, depth, words: Sequence[int], attrs):
        super().__init__(shape=shape, depth=depth, init=[], attrs=attrs)
        self.words = words

    def elaborate(self, platform):
        if not hasattr(platform, "get_memory"):
            self.init = self.words
        return super().elaborate(platform)


def banked_latency(depth: int) -> int:
    """Return the read latency of `banked_memory`: block RAM, its output register, and a pipelined multiplexer."""
    return 2 + banks.bank_cycles(depth)


def banked_memory(m, shape, *, depth, address, latency=None, init=(), write=None, name):
    """Return the word read from a memory of any depth, in banks (`bank_depths`), for a short critical path.

    Latency `banked_latency`, one read per cycle.

    Parameters
    ----------
    latency
        A longer latency, where memories of several depths must agree.
    write
        (enable, address, word) of the write port; ``None`` for a ROM. Reading a word in the cycle that writes it gives
        an undefined value.
    """
    words = []
    depths = banks.bank_depths(depth)
    bank_bits = depths[0].bit_length() - 1
    for number, words_here in enumerate(depths):
        attributes = NO_COLLISIONS | ({"ram_style": "block"} if words_here >= BLOCK_DEPTH else {})
        first = number * depths[0]
        contents = init[first : first + words_here]
        memory = FilledMemory(shape=shape, depth=words_here, words=contents, attrs=attributes)
        m.submodules[f"{name}_{number}"] = memory
        read = memory.read_port()
        word = Signal(shape, name=f"{name}_word_{number}", reset_less=True)
        m.d.comb += [read.en.eq(1), read.addr.eq(address)]
        m.d.sync += word.eq(read.data)
        if write is not None:
            enable, write_address, value = write
            port = memory.write_port()
            selected = write_address[bank_bits:] == number
            m.d.comb += [port.en.eq(enable & selected), port.addr.eq(write_address), port.data.eq(value)]
        words.append(word)
    bank = delayed(m, address[bank_bits:], 2, name=f"{name}_bank")
    for stage in range(banks.bank_cycles(depth)):
        chosen = []
        for number in range(0, len(words), banks.FAN_IN):
            group = words[number : number + banks.FAN_IN]
            one = Signal(shape, name=f"{name}_chosen_{stage}_{number}", reset_less=True)
            m.d.sync += one.eq(Array(group)[bank[: address_bits(banks.FAN_IN)]] if len(group) > 1 else group[0])
            chosen.append(one)
        words, bank = chosen, delayed(m, bank[address_bits(banks.FAN_IN) :], 1, name=f"{name}_bank_{stage}")
    rest = 0 if latency is None else latency - banked_latency(depth)
    return delayed(m, words[0], rest, name=f"{name}_late", reset_less=True)


class LoadableMemory(wiring.Component):
    """A memory with one synchronous read port, initial contents, and a configuration write port.

    ``data`` follows ``address`` one cycle later and holds its value while ``enable`` is low; if ``banked``, it
    follows ``latency`` cycles later, by default `banked_latency`, without an enable. One read per cycle. Words beyond
    the initial contents are zero. Unless ``writable`` it is a ROM, and ``config`` is absent. Reading a word in the
    cycle that writes it gives an undefined value.

    A word may consist of ``parts``, given by their widths from bit 0 on, without an enable. Each part has a memory and
    an address register of its own, and follows a cycle after the part before.

    Raises
    ------
    InputError
        The contents are longer than the memory.
    """

    def __init__(
        self,
        shape: MemoryShape,
        *,
        init=(),
        writable: bool = False,
        banked: bool = False,
        latency: int | None = None,
        parts: Sequence[int] = (),
    ):
        require(
            len(init) <= shape.depth,
            f"the contents of memory {shape.name} are {len(init)} words, but it has {shape.depth}",
        )
        self._shape = shape
        self._init = list(init)
        self._writable = writable
        self._banked = banked
        self._latency = latency
        self._parts = parts
        members = {"address": In(address_bits(shape.depth)), "data": Out(shape.width)}
        if not banked and not parts:
            members["enable"] = In(1)
        if writable:
            members["config"] = In(ChunkSignature())
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        write = self._written(m) if self._writable else None
        if not self._parts:
            m.d.comb += self.data.eq(self._read(m, self.address, self._shape.width, self._init, write))
            return m
        low = 0
        for number, width in enumerate(self._parts):
            init = [word >> low & (1 << width) - 1 for word in self._init]
            here = None if write is None else (write[0], write[1], write[2][low : low + width])
            address = delayed(m, self.address, number, name=f"address_of_{number}")
            data = self._read(m, address, width, init, here, name=f"_part_{number}")
            m.d.comb += self.data[low : low + width].eq(data)
            low += width
        return m

    def _read(self, m, address, width, init, write, *, name=""):
        """Return the word read from a memory of ``width`` bits, whose names end with ``name``."""
        depth = self._shape.depth
        if self._banked:
            return banked_memory(
                m,
                unsigned(width),
                depth=depth,
                address=address,
                latency=self._latency,
                init=init,
                write=write,
                name=f"words{name}",
            )
        attributes = NO_COLLISIONS | ({"ram_style": "block"} if depth >= BLOCK_DEPTH else {})
        memory = FilledMemory(shape=unsigned(width), depth=depth, words=init, attrs=attributes)
        m.submodules[f"memory{name}"] = memory
        read = memory.read_port()
        m.d.comb += [read.addr.eq(address), read.en.eq(1 if self._parts else self.enable)]
        if write is not None:
            port = memory.write_port()
            enable, write_address, word = write
            m.d.comb += [port.en.eq(enable), port.addr.eq(write_address), port.data.eq(word)]
        return read.data

    def _written(self, m):
        """Return (enable, address, word) of the configuration write port."""
        shape = self._shape
        chunk = self.config.index[: shape.chunk_bits]
        lower = Signal(WORD_BITS * (shape.chunks - 1))  # the chunks of this word that were written before
        for number in range(shape.chunks - 1):
            with m.If(self.config.valid & (chunk == number)):
                m.d.sync += lower.word_select(number, WORD_BITS).eq(self.config.data)
        enable, address, word = Signal(), Signal.like(self.address), Signal(shape.width)
        # registered: the block RAMs lie far away
        m.d.sync += [
            address.eq(self.config.index[shape.chunk_bits :]),
            word.eq(Cat(lower, self.config.data)),
            enable.eq(self.config.valid & (chunk == shape.chunks - 1)),
        ]
        return enable, address, word


def loadable_memories(
    m: Module,
    shapes: Sequence[MemoryShape],
    contents: Mapping[str, Sequence[int]],
    *,
    config=None,
    first_region: int = 0,
    banked: Collection[str] = (),
    parts: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> dict[str, LoadableMemory]:
    """Add the memories of an engine as submodules of ``m`` and return them by name.

    Parameters
    ----------
    contents
        Initial words by name; zeros where there are none.
    config
        Writes to them, in regions ``first_region``, ``first_region + 1``, ...; ``None`` makes them ROMs.
    banked
        Names of the memories in banks.
    parts
        The widths of the parts of those whose words have parts, by name.
    """
    made = {}
    index, data = Signal(INDEX_BITS, name="config_index"), Signal(WORD_BITS, name="config_data")
    if config is not None:  # registered, and the region decoded: it comes from afar
        m.d.sync += [index.eq(config.index), data.eq(config.data)]
    for number, shape in enumerate(shapes):
        memory = LoadableMemory(
            shape,
            init=contents.get(shape.name, ()),
            writable=config is not None,
            banked=shape.name in banked,
            parts=parts.get(shape.name, ()),
        )
        m.submodules[shape.name] = made[shape.name] = memory
        if config is not None:
            m.d.sync += memory.config.valid.eq(config.valid & (config.region == first_region + number))
            m.d.comb += [memory.config.index.eq(index), memory.config.data.eq(data)]
    return made
