"""The address decoder of convolutions: from an event's address to the words that it reaches."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import EventParams, TokenKind
from tospike.hw.spiking.layout import axis_projection
from tospike.hw.tokens import token_stream


def place_layout(params):
    """Return the layout of the words that an event reaches: ``rows`` x ``columns`` output positions (possibly none),
    from state word ``word`` and weight word ``row`` on."""
    high, wide = params.window.kernel
    return data.StructLayout(
        {
            "rows": range(high + 1),
            "columns": range(wide + 1),
            "word": range(params.words),
            "row": range(params.rows * params.event_words),
        }
    )


def decoded_layout(params: EventParams) -> data.StructLayout:
    """Return the layout of a token whose address has been decoded to a place."""
    return data.StructLayout({"kind": TokenKind, "payload": shape_of(params.payload), "place": place_layout(params)})


def reciprocal(divisor: int, values: int) -> tuple[int, int]:
    """Return (m, s) with ``x // divisor == x * m >> s`` for all x from 0 to ``values - 1``."""
    shift = (values - 1).bit_length() + (divisor - 1).bit_length()
    return -(-(1 << shift) // divisor), shift


class AddressDecoder(wiring.Component):
    """Split an address into channel, column and row, and look up the output positions that they reach.

    ::

        i -> | address / channels | -> | channel, position / width | -> | column,     | -> | look up | -> sum -> o
             |     = position     |    |           = row           |    | look up row |    | column  |

    Latency 4, throughput 1: four pipeline stages, each of which takes a token when it is empty or passes its own on.
    Divisions by constants are multiplications; places come from a ROM per axis, for any stride, padding and pool.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {"i": In(token_stream(params.input)), "o": Out(stream.Signature(decoded_layout(params))), "busy": Out(1)}
        )

    def elaborate(self, platform):
        m = Module()
        params, window = self._params, self._params.window
        channels, height, width = window.shape
        content = data.StructLayout({"kind": TokenKind, "payload": shape_of(params.payload)})
        tokens = [Signal(content, name=f"token_{n}") for n in range(4)]
        full = [Signal(name=f"full_{n}") for n in range(4)]
        moves = [Signal(name=f"moves_{n}") for n in range(4)]  # a token may enter this stage
        m.d.comb += [
            *(moves[n].eq(~full[n] | moves[n + 1]) for n in range(3)),
            moves[3].eq(~full[3] | self.o.ready),
            self.i.ready.eq(moves[0]),
            self.busy.eq(Cat(full).any()),
        ]
        arriving = Signal(content)
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
        reached = Signal(rows.data.shape())  # what the row reaches
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
        """Return the read port of a ROM of what each coordinate of an axis reaches."""
        entry = data.StructLayout(
            {
                "count": range(self._params.window.kernel[axis] + 1),
                "word": range(self._params.words),
                "row": range(self._params.rows * self._params.event_words),
            }
        )
        init = [dict(zip(("count", "word", "row"), part, strict=True)) for part in axis_projection(self._params, axis)]
        m.submodules[name] = memory = Memory(shape=entry, depth=len(init), init=init)
        return memory.read_port()

    def _first_word(self, channel):
        """Return the first word of a position that an event of ``channel`` reaches."""
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
