"""Words of lanes to tokens."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.events import token_stream
from tospike.hw.params import TokenFormat, TokenKind, ceil_div


def lane_word_layout(fmt: TokenFormat, lanes: int) -> data.StructLayout:
    """A word on its way out: the values of its lanes, and whether a TICK or an END follows them."""
    return data.StructLayout(
        {
            "word": range(ceil_div(fmt.addresses, lanes)),
            "values": data.ArrayLayout(shape_of(fmt.payload), lanes),
            "tick": 1,
            "end": 1,
        }
    )


class Serializer(wiring.Component):
    """Sends a VALUE for each lane that is not zero, lowest lane first, then the TICK or END that the word carries.

    ::

        word -> [word of groups] -> [group of lanes] -> [token]

    A find-first over all lanes would be the slowest path of an engine. So the word is cut into groups, about as many as
    a group has lanes; one register holds the groups that are left, the next the lanes of one group that are left.
    Every group that is passed on has a token in it, hence one token leaves per cycle. A token is offered 3 cycles
    after its word is taken at the earliest. A word that holds no value, tick or end costs a cycle.

    There is room for one token more than the one that is offered, so that no path leads from the consumer's ``ready``
    to anything but the registers of the offered token and that flag.
    """

    def __init__(self, fmt: TokenFormat, *, lanes: int):
        self._format = fmt
        self._lanes = lanes
        super().__init__({"i": In(stream.Signature(lane_word_layout(fmt, lanes))), "o": Out(token_stream(fmt))})

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        size = 1 << (((lanes - 1).bit_length() + 1) // 2)  # lanes of a group: about the square root
        groups = ceil_div(lanes, size)
        values = data.ArrayLayout(shape_of(self._format.payload), size)

        # the word: groups that are left
        word = Signal(lane_word_layout(self._format, lanes))
        left = Signal(lanes)
        group_of = [left[size * n : size * (n + 1)] for n in range(groups)]
        values_of = [Value.cast(word.values)[n * size * self._format.payload.bits :] for n in range(groups)]
        some = Cat(group.any() for group in group_of)
        first_group = _lowest(some)
        word_rest = some & ~first_group
        word_full = Signal()

        # the group: lanes that are left
        group = Signal(
            data.StructLayout({"base": self.o.payload.address.shape(), "values": values, "tick": 1, "end": 1})
        )
        pending = Signal(size)
        marked = group.tick | group.end
        group_full = pending.any() | marked
        lane = _lowest(pending)

        skid = Signal(self.o.payload.shape())  # a token that came when the one before was refused
        skid_full = Signal()
        advance = ~skid_full
        group_done = ~group_full | (advance & Mux(pending.any(), ~(pending & ~lane).any() & ~marked, 1))
        word_done = ~word_full | (group_done & ~word_rest.any())
        m.d.comb += self.i.ready.eq(word_done)

        with m.If(word_done):
            m.d.sync += [
                word_full.eq(self.i.valid),
                word.eq(self.i.payload),
                left.eq(Cat(self.i.payload.values[n] != 0 for n in range(lanes))),
            ]
        with m.Elif(group_done):
            for n in range(groups):
                with m.If(first_group[n]):
                    m.d.sync += group_of[n].eq(0)

        with m.If(group_done):
            m.d.sync += [
                pending.eq(Mux(word_full, _select(first_group, group_of, size), 0)),
                group.base.eq(word.word * lanes + size * _index(first_group)),
                group.values.eq(_select(first_group, values_of, len(group.values.as_value()))),
                group.tick.eq(word_full & word.tick & ~word_rest.any()),
                group.end.eq(word_full & word.end & ~word_rest.any()),
            ]
        with m.Elif(advance):
            m.d.sync += pending.eq(pending & ~lane)

        is_value = pending.any()
        token = Signal.like(self.o.payload)
        m.d.comb += [
            token.kind.eq(Mux(is_value, TokenKind.VALUE, Mux(group.tick, TokenKind.TICK, TokenKind.END))),
            token.address.eq(Mux(is_value, group.base + _index(lane), 0)),
            token.payload.eq(_select(lane, [group.values[n] for n in range(size)], self._format.payload.bits)),
        ]
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                self.o.valid.eq(skid_full | group_full),
                self.o.payload.eq(Mux(skid_full, skid, token)),
                skid_full.eq(0),
            ]
        with m.Elif(advance):
            m.d.sync += skid_full.eq(group_full)
        with m.If(advance):
            m.d.sync += skid.eq(token)
        return m


def _lowest(bits: Value) -> Value:
    """The lowest 1 of ``bits``, one-hot."""
    return Cat(bits[n] & ~bits[:n].any() for n in range(len(bits)))


def _index(one_hot: Value) -> Value:
    """Which bit of ``one_hot`` is 1."""
    count = len(one_hot)
    return Cat(Cat(one_hot[n] for n in range(count) if n >> bit & 1).any() for bit in range((count - 1).bit_length()))


def _select(one_hot: Value, choices: list, width: int) -> Value:
    """The choice whose bit in ``one_hot`` is 1, as ``width`` bits; 0 if none is."""
    bits = [Value.cast(choice) for choice in choices]
    return Cat(
        Cat(choice[bit] & chosen for choice, chosen in zip(bits, one_hot, strict=True) if bit < len(choice)).any()
        for bit in range(width)
    )
