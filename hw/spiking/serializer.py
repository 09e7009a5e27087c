"""The serialiser: from words of lanes to tokens."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import TokenFormat, TokenKind, ceil_div
from tospike.hw.streams import Buffer
from tospike.hw.tokens import token_stream


def lane_word_layout(fmt: TokenFormat, lanes: int, *, ragged: bool = False) -> data.StructLayout:
    """Return the layout of an output word: the values of its lanes, and whether a TICK or an END follows them.

    ``word`` is its number, or, if words other than the last can have unused lanes (``ragged``), the address of its
    first lane.
    """
    return data.StructLayout(
        {
            "word": range(fmt.addresses if ragged else ceil_div(fmt.addresses, lanes)),
            "values": data.ArrayLayout(shape_of(fmt.payload), lanes),
            "tick": 1,
            "end": 1,
        }
    )


class Serializer(wiring.Component):
    """Send a VALUE for each non-zero lane, lowest lane first, then the TICK or END of the word.

    ::

        word -> [word of groups] -> [group of lanes] -> [token]

    Latency 3, throughput one token per cycle; a word without value, TICK or END takes a cycle, too.

    A find-first over all lanes would be the critical path of an engine. So the word is split into about as many groups
    as a group has lanes: one register holds the remaining groups, the next one the remaining lanes of a group. A group
    is passed on only if it holds a token.

    With ``complete``, a word sends all of its neurons, whatever their values, unless it carries an END.

    A `Buffer` cuts the path of the consumer's ``ready``, which would otherwise pass through all stages.
    """

    def __init__(self, fmt: TokenFormat, *, lanes: int, ragged: bool = False, complete: bool = False):
        self._format = fmt
        self._lanes = lanes
        self._ragged = ragged
        self._complete = complete
        self._layout = lane_word_layout(fmt, lanes, ragged=ragged)
        super().__init__({"i": In(stream.Signature(self._layout)), "o": Out(token_stream(fmt))})

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        size = 1 << (((lanes - 1).bit_length() + 1) // 2)  # lanes of a group: about the square root
        groups = ceil_div(lanes, size)
        values = data.ArrayLayout(shape_of(self._format.payload), size)

        # the word, with its remaining groups
        word = Signal(self._layout)
        occupied = Signal(lanes)  # lanes with a token
        some = Signal(groups)  # remaining groups
        word_full = Signal()
        incoming = Signal(lanes)
        m.d.comb += incoming.eq(Cat(self._is_sent(lane) for lane in range(lanes)))
        values_of = [Value.cast(word.values)[n * size * self._format.payload.bits :] for n in range(groups)]
        first_group = lowest(some)
        word_more = (some & ~first_group).any()

        # the group, with its remaining lanes
        group = Signal(
            data.StructLayout({"base": self.o.payload.address.shape(), "values": values, "tick": 1, "end": 1})
        )
        pending = Signal(size)
        group_full = Signal()
        group_more = Signal()  # the group has more than one token
        lane = lowest(pending)

        m.submodules.buffer = buffer = Buffer(self.o.payload.shape())
        connect(m, buffer.o, flipped(self.o))
        advance = buffer.i.ready
        group_done = ~group_full | (advance & ~group_more)
        word_done = ~word_full | (group_done & ~word_more)
        m.d.comb += self.i.ready.eq(word_done)

        with m.If(word_done):
            m.d.sync += [
                word_full.eq(self.i.valid),
                word.eq(self.i.payload),
                occupied.eq(incoming),
                some.eq(Cat(incoming[size * n : size * (n + 1)].any() for n in range(groups))),
            ]
        with m.Elif(group_done):
            m.d.sync += some.eq(some & ~first_group)

        chosen = Signal(size)
        mark = Signal(2)
        m.d.comb += [
            chosen.eq(select(first_group, [occupied[size * n : size * (n + 1)] for n in range(groups)], size)),
            mark.eq(Mux(word_full & ~word_more, Cat(word.tick, word.end), 0)),
        ]
        lanes_after = pending & ~lane
        with m.If(group_done):
            m.d.sync += [
                pending.eq(Mux(word_full, chosen, 0)),
                group.base.eq(word.word * (1 if self._ragged else lanes) + size * index(first_group)),
                group.values.eq(select(first_group, values_of, len(group.values.as_value()))),
                group.tick.eq(mark[0]),
                group.end.eq(mark[1]),
                group_full.eq(word_full & (chosen.any() | mark.any())),
                group_more.eq(are_many(Cat(chosen, mark.any()))),
            ]
        with m.Elif(advance):
            m.d.sync += [
                pending.eq(lanes_after),
                group_more.eq(are_many(Cat(lanes_after, group.tick | group.end))),
            ]

        is_value = pending.any()
        token = buffer.i.payload
        m.d.comb += [
            buffer.i.valid.eq(group_full),
            token.kind.eq(Mux(is_value, TokenKind.VALUE, Mux(group.tick, TokenKind.TICK, TokenKind.END))),
            token.address.eq(Mux(is_value, group.base + index(lane), 0)),
            token.payload.eq(select(lane, [group.values[n] for n in range(size)], self._format.payload.bits)),
        ]
        return m

    def _is_sent(self, lane: int) -> Value:
        """Return whether a lane of the incoming word becomes a token."""
        word = self.i.payload
        if not self._complete:
            return word.values[lane] != 0
        last = ceil_div(self._format.addresses, self._lanes) - 1
        exists = last * self._lanes + lane < self._format.addresses
        return ~word.end if exists else ~word.end & (word.word != last)


def lowest(bits: Value) -> Value:
    """Return the lowest 1 of ``bits``, one-hot."""
    return Cat(bits[n] & ~bits[:n].any() for n in range(len(bits)))


def are_many(bits: Value) -> Value:
    """Return whether two or more of ``bits`` are 1."""
    return (bits & ~lowest(bits)).any()


def index(one_hot: Value) -> Value:
    """Return the index of the bit of ``one_hot`` that is 1."""
    count = len(one_hot)
    return Cat(Cat(one_hot[n] for n in range(count) if n >> bit & 1).any() for bit in range((count - 1).bit_length()))


def select(one_hot: Value, choices: list, width: int) -> Value:
    """Return the choice whose bit in ``one_hot`` is 1, as ``width`` bits; 0 if none is."""
    bits = [Value.cast(choice) for choice in choices]
    return Cat(
        Cat(choice[bit] & chosen for choice, chosen in zip(bits, one_hot, strict=True) if bit < len(choice)).any()
        for bit in range(width)
    )
