"""The order in which a bridge reads its words and sends its tokens."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import Contents, TokenKind
from tospike.hw.params.engines.bridge import BridgeParams


def place_layout(params: BridgeParams) -> data.StructLayout:
    """Return the layout of a place in the scans: a word, or the TICK or END after words."""
    return data.StructLayout(
        {
            "kind": TokenKind,
            "address": range(params.inputs),  # as it is sent
            "word": range(params.inputs),  # as it is stored
            "step": range(params.steps),
            "is_last": 1,  # the last scan
        }
    )


class Scan(wiring.Component):
    """Walk through the words ``scans`` times, with a TICK after each, then through the other steps, and to the END.

    ::

        frame   word 0  word 1 ...  END
        spikes  word 0  word 1 ...  TICK  word 0  word 1 ...  TICK  TICK ...  END

    A place per cycle. If the bridge clears its words, a quiet scan of them follows the reset.

    Members
    -------
    begin : In(1)
        Start at the first word.
    advance : In(1)
        Go to the next place.
    active, quiet : Out(1)
        ``place`` is to be read; in the scan after reset.
    place : Out(place_layout(params))
    """

    def __init__(self, params: BridgeParams):
        self._params = params
        super().__init__(
            {
                "begin": In(1),
                "advance": In(1),
                "active": Out(1, init=params.clears),
                "quiet": Out(1, init=params.clears),
                "place": Out(place_layout(params), init={"is_last": params.scans == 1}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, place = self._params, self.place
        ends_step = TokenKind.END if params.sends is not Contents.TRAIN else TokenKind.TICK
        with m.If(self.begin):
            m.d.sync += self.active.eq(1)
        with m.If(self.active & self.advance), m.Switch(place.kind):
            with m.Case(TokenKind.VALUE):
                self._next_word(m)
                with m.If(place.address == params.inputs - 1):
                    m.d.sync += [place.address.eq(0), place.word.eq(0), place.kind.eq(ends_step)]
                    with m.If(self.quiet):
                        m.d.sync += [place.kind.eq(TokenKind.VALUE), self.quiet.eq(0), self.active.eq(0)]
            with m.Case(TokenKind.TICK):
                step = Signal.like(place.step)
                m.d.comb += step.eq(Mux(place.step == params.steps - 1, 0, place.step + 1))
                m.d.sync += [place.step.eq(step), place.is_last.eq(step == params.scans - 1)]
                with m.If(place.step == params.steps - 1):
                    m.d.sync += place.kind.eq(TokenKind.END)
                with m.Elif(place.step < params.scans - 1):
                    m.d.sync += place.kind.eq(TokenKind.VALUE)
            with m.Default():
                m.d.sync += [place.kind.eq(TokenKind.VALUE), self.active.eq(0)]
        return m

    def _next_word(self, m: Module) -> None:
        """Advance to the next address, and to the word that is sent with it."""
        params, place = self._params, self.place
        m.d.sync += place.address.eq(place.address + 1)
        rows, columns = params.transpose or (1, params.inputs)
        if rows == 1 or columns == 1:
            m.d.sync += place.word.eq(place.word + 1)
            return
        row = Signal(range(rows))
        is_last_row = row == rows - 1
        m.d.sync += [
            row.eq(Mux(is_last_row, 0, row + 1)),
            place.word.eq(Mux(is_last_row, place.word - (rows - 1) * columns + 1, place.word + columns)),
        ]
