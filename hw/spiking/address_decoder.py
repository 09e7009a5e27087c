"""From the address of an event to the words that it reaches: the first step of a window."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import EventParams, TokenKind
from tospike.hw.spiking.layout import reach
from tospike.hw.tokens import token_stream


def place_layout(params):
    """Where an event's words are: ``rows`` x ``columns`` positions of the output, of which none may be, from state
    word ``word`` and weight ``row`` on."""
    high, wide = params.window.kernel
    return data.StructLayout(
        {
            "rows": range(high + 1),
            "columns": range(wide + 1),
            "word": range(params.words),
            "row": range(params.rows * params.event_words),
        }
    )


def placed_layout(params: EventParams) -> data.StructLayout:
    """Return a token whose address became a place."""
    return data.StructLayout({"kind": TokenKind, "payload": shape_of(params.payload), "place": place_layout(params)})


def reciprocal(divisor: int, values: int) -> tuple[int, int]:
    """Return (m, s) with ``x // divisor == x * m >> s`` for all x from 0 to ``values - 1``."""
    shift = (values - 1).bit_length() + (divisor - 1).bit_length()
    return -(-(1 << shift) // divisor), shift


class AddressDecoder(wiring.Component):
    """Divides an address into channel, column and row, and looks up what rows and columns reach.

    ::

        i -> | address / channels | -> | channel, position / width | -> | column      | -> | places of   | -> o
             |                    |    |                           |    | place of    |    | row and     |
             |      = position    |    |      = row                |    | row         |    | column      |

    Four registers, each taking a token when it is empty or passes its own on: latency 4, throughput 1. Divisions are
    by constants, so by multiplication; places come from a ROM for each axis, whatever stride, padding and pool.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {"i": In(token_stream(params.input)), "o": Out(stream.Signature(placed_layout(params))), "busy": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        params, window = self._params, self._params.window
        channels, height, width = window.shape
        kept = data.StructLayout({"kind": TokenKind, "payload": shape_of(params.payload)})
        tokens = [Signal(kept, name=f"token_{n}") for n in range(4)]
        full = [Signal(name=f"full_{n}") for n in range(4)]
        moves = [Signal(name=f"moves_{n}") for n in range(4)]  # into this register
        m.d.comb += [
            *(moves[n].eq(~full[n] | moves[n + 1]) for n in range(3)),
            moves[3].eq(~full[3] | self.o.ready),
            self.i.ready.eq(moves[0]),
            self.busy.eq(Cat(full).any()),
        ]
        arriving = Signal(kept)
        m.d.comb += [arriving.kind.eq(self.i.payload.kind), arriving.payload.eq(self.i.payload.payload)]
        for n, move in enumerate(moves):
            with m.If(move):
                m.d.sync += [
                    full[n].eq(full[n - 1] if n else self.i.valid),
                    tokens[n].eq(tokens[n - 1] if n else arriving),
                ]

        address = Signal(range(window.inputs))
        position, position_1 = (Signal(range(height * width), name=f"position_{n}") for n in range(2))
        row = Signal(range(height))
        column = Signal(range(width))
        channel, channel_1 = (Signal(range(channels), name=f"channel_{n}") for n in range(2))
        inside = Signal(
            data.StructLayout({"word": range(params.position_words), "row": range(channels * params.event_words)})
        )
        rows, columns = (self._table(m, name, axis) for axis, name in enumerate(("rows", "columns")))
        reached = Signal(rows.data.shape())  # by the row
        with m.If(moves[0]):
            m.d.sync += [
                address.eq(self.i.payload.address),
                position.eq(_quotient(self.i.payload.address, channels, window.inputs)),
            ]
        with m.If(moves[1]):
            m.d.sync += [
                channel.eq(address - position * channels),
                position_1.eq(position),
                row.eq(_quotient(position, width, height * width)),
            ]
        with m.If(moves[2]):
            m.d.sync += [column.eq(position_1 - row * width), channel_1.eq(channel)]
        m.d.comb += [rows.addr.eq(row), rows.en.eq(moves[2]), columns.addr.eq(column), columns.en.eq(moves[3])]
        with m.If(moves[3]):
            m.d.sync += [
                reached.eq(rows.data),
                inside.word.eq(self._first_word(channel_1)),
                inside.row.eq(channel_1 * params.event_words),
            ]
        place = self.o.payload.place
        m.d.comb += [
            self.o.valid.eq(full[3]),
            self.o.payload.kind.eq(tokens[3].kind),
            self.o.payload.payload.eq(tokens[3].payload),
            place.rows.eq(reached.count),
            place.columns.eq(columns.data.count),
            place.word.eq(reached.word + columns.data.word + inside.word),
            place.row.eq(reached.row + columns.data.row + inside.row),
        ]
        return m

    def _table(self, m, name, axis):
        """The read port of what each coordinate of an axis reaches."""
        entry = data.StructLayout(
            {
                "count": range(self._params.window.kernel[axis] + 1),
                "word": range(self._params.words),
                "row": range(self._params.rows * self._params.event_words),
            }
        )
        init = [dict(zip(("count", "word", "row"), part, strict=True)) for part in reach(self._params, axis)]
        m.submodules[name] = memory = Memory(shape=entry, depth=len(init), init=init)
        return memory.read_port()

    def _first_word(self, channel):
        """The first word of a position that an event of a channel reaches."""
        window, lanes = self._params.window, self._params.lanes
        if not window.depthwise:
            return C(0, 0)
        if window.fan_out >= lanes:
            return channel * (window.fan_out // lanes)
        return _quotient(channel, lanes // window.fan_out, window.shape[0])


def _quotient(value: Value, divisor: int, values: int) -> Value:
    """Return ``value // divisor`` for a ``value`` below ``values``."""
    factor, shift = reciprocal(divisor, values)
    return (value * factor)[shift:] if divisor & (divisor - 1) else value[divisor.bit_length() - 1 :]
