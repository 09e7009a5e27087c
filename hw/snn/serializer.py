"""Words of lanes to tokens."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.events import token_layout, token_stream
from tospike.hw.params import TokenFormat, TokenKind, address_bits, ceil_div


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

    One token per cycle; the next word is taken in the cycle in which the last token of the one before is chosen. A
    token is offered 3 cycles after its word is taken at the earliest: one to hold the word, one for the choice of the
    lowest lane (one-hot), one for the address. A word without values, tick and end costs a cycle.
    """

    def __init__(self, fmt: TokenFormat, *, lanes: int):
        self._format = fmt
        self._lanes = lanes
        super().__init__(
            {"i": In(stream.Signature(lane_word_layout(fmt, lanes))), "o": Out(token_stream(fmt))}
        )

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        values = self.i.payload.values.shape()

        held = Signal(lane_word_layout(self._format, lanes))
        pending = Signal(lanes)  # lanes of the held word that are still to be sent

        chosen = Signal(
            data.StructLayout(
                {
                    "kind": TokenKind,
                    "lane": lanes,  # one-hot
                    "word": held.word.shape(),
                    "values": values,
                }
            )
        )
        chosen_valid = Signal()
        advance_out = ~self.o.valid | self.o.ready
        advance = ~chosen_valid | advance_out

        lowest = Signal(lanes)
        m.d.comb += lowest.eq(Cat(pending[n] & ~pending[:n].any() for n in range(lanes)))
        any_lane = pending.any()
        marked = held.tick | held.end
        finished = Mux(any_lane, ~(pending & ~lowest).any() & ~marked, 1)
        m.d.comb += self.i.ready.eq(advance & finished)

        # choose
        with m.If(advance):
            m.d.sync += [
                chosen_valid.eq(any_lane | marked),
                chosen.kind.eq(
                    Mux(any_lane, TokenKind.VALUE, Mux(held.tick, TokenKind.TICK, TokenKind.END))
                ),
                chosen.lane.eq(lowest),
                chosen.word.eq(held.word),
                chosen.values.eq(held.values),
                pending.eq(pending & ~lowest),
            ]
            with m.If(finished):
                m.d.sync += [held.tick.eq(0), held.end.eq(0)]
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [
                held.eq(self.i.payload),
                pending.eq(Cat(self.i.payload.values[n] != 0 for n in range(lanes))),
            ]

        # encode
        token = Signal(token_layout(self._format))
        index = Signal(address_bits(lanes))
        for bit in range(len(index)):
            m.d.comb += index[bit].eq(Cat(chosen.lane[n] for n in range(lanes) if n >> bit & 1).any())
        is_power_of_two = lanes & (lanes - 1) == 0
        address = Cat(index[: lanes.bit_length() - 1], chosen.word) if is_power_of_two else chosen.word * lanes + index
        payload = Signal(self._format.payload.bits)  # one-hot selection
        for bit in range(len(payload)):
            m.d.comb += payload[bit].eq(Cat(chosen.values[n][bit] & chosen.lane[n] for n in range(lanes)).any())
        m.d.comb += [
            token.kind.eq(chosen.kind),
            token.address.eq(Mux(chosen.kind == TokenKind.VALUE, address, 0)),
            token.payload.eq(payload),
        ]
        with m.If(advance_out):
            m.d.sync += [self.o.valid.eq(chosen_valid), self.o.payload.eq(token)]
        return m
