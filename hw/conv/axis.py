"""Which rows (or columns) of an image the taps of a tile meet."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import address_bits

TURNS = ("step", "phase", "turn")
"""What the next tap changes: only the remainder by the stride; it returns to 0, and the banks turn; they turn round."""


class TapAxis(wiring.Component):
    """One axis of the walk of a tile's taps over an image. With stride s and R positions in a tile, tap k of the tile
    at position p0 (a multiple of R) meets

    ::

        (p0 + i) * s + k - padding = (p0 + i + offset) * s + phase         i = 0 .. R - 1

    in bank (i + turn) mod R, turn = offset mod R. Position i is inside the image if ``first <= i <= last``, with
    ``last`` one less if ``phase`` is greater than ``phase_full``.

    Parameters
    ----------
    fields
        Shape of each field of the descriptor that belongs to the axis; see ``hw.conv.layout``.
    tile
        The greatest R.

    Members
    -------
    field_... : In
        The fields; constant from ``start`` on.
    start, next_tap, first_tap, next_tile, first_tile : In(1)
        At most one of them: begin a layer; the tap after this; the first tap of this tile; of the next tile; of the
        first tile.
    kind : Out(2)
        What ``next_tap`` would change: an index into `TURNS`.
    turn : Out
        Of the tap.
    inside : Out(tile)
        Which positions are inside the image.
    """

    def __init__(self, fields: dict, *, tile: int):
        self._fields = fields
        self._tile = tile
        super().__init__(
            {
                **{f"field_{name}": In(shape) for name, shape in fields.items()},
                "start": In(1),
                "next_tap": In(1),
                "first_tap": In(1),
                "next_tile": In(1),
                "first_tile": In(1),
                "kind": Out(2),
                "turn": Out(address_bits(tile)),
                "inside": Out(tile),
            }
        )

    def elaborate(self, platform):
        m = Module()
        phase = Signal.like(self.field_phase_last)
        place = signed(max(len(self.field_first), len(self.field_last), len(self.field_turn_last)) + 2)
        first, last, tile_first, tile_last = (
            Signal(place, name=name) for name in ("first", "last", "tile_first", "tile_last")
        )
        phase_ends, turn_ends = phase == self.field_phase_last, self.turn == self.field_turn_last
        m.d.comb += self.kind.eq(Mux(phase_ends, Mux(turn_ends, 2, 1), 0))
        least = Signal(place)
        m.d.comb += least.eq(last - (phase > self.field_phase_full))
        for position in range(self._tile):
            m.d.comb += self.inside[position].eq((first <= position) & (least >= position))

        rewind = [phase.eq(self.field_phase), self.turn.eq(self.field_turn)]
        with m.If(self.start | self.first_tile):
            m.d.sync += [*rewind, first.eq(self.field_first), last.eq(self.field_last)]
            m.d.sync += [tile_first.eq(self.field_first), tile_last.eq(self.field_last)]
        with m.Elif(self.next_tile):
            next_first, next_last = (value - self.field_turn_last - 1 for value in (tile_first, tile_last))
            m.d.sync += [*rewind, first.eq(next_first), last.eq(next_last)]
            m.d.sync += [tile_first.eq(next_first), tile_last.eq(next_last)]
        with m.Elif(self.first_tap):
            m.d.sync += [*rewind, first.eq(tile_first), last.eq(tile_last)]
        with m.Elif(self.next_tap):
            m.d.sync += phase.eq(Mux(phase_ends, 0, phase + 1))
            with m.If(phase_ends):
                m.d.sync += self.turn.eq(Mux(turn_ends, 0, self.turn + 1))
                m.d.sync += [first.eq(first - 1), last.eq(last - 1)]
        return m
