"""Kernel taps along one axis of an image: banks, and padding at the edges."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import address_bits

STEP_KINDS = ("phase", "bank", "block")
"""How the next tap differs: in the phase (the remainder modulo the stride) alone; the phase wraps, so that the banks
rotate by one; the rotation wraps, too, so that the next block of words begins."""


class TapAxis(wiring.Component):
    """The position of a kernel tap along one axis of an image, for all positions of a tile; one tap per cycle.

    With stride s and R positions in a tile, tap k of the tile at output position p0 (a multiple of R) reads the input
    positions

    ::

        (p0 + i) * s + k - padding = (p0 + i + offset) * s + phase         i = 0 .. R - 1

    from bank (i + rotation) mod R, rotation = offset mod R. Position i is inside the image if ``first <= i <= last``,
    with ``last`` one less if ``phase`` is greater than ``phase_full``.

    Parameters
    ----------
    fields
        Shape of each descriptor field of the axis; see ``hw.conv.layout``.
    tile
        The largest R.

    Members
    -------
    field_... : In
        The fields; constant from ``start`` on.
    start, next_tap, first_tap, next_tile, first_tile : In(1)
        At most one of them: begin a layer; go to the next tap; to the first tap of this tile; of the next tile; of the
        first tile.
    kind : Out(2)
        How the next tap differs: an index into `STEP_KINDS`.
    rotation : Out
        Bank rotation of the tap.
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
                "rotation": Out(address_bits(tile)),
                "inside": Out(tile),
            }
        )

    def elaborate(self, platform):
        m = Module()
        phase = Signal.like(self.field_phase_last)
        place = signed(max(len(self.field_first), len(self.field_last), len(self.field_rotation_last)) + 2)
        first, last, tile_first, tile_last = (
            Signal(place, name=name) for name in ("first", "last", "tile_first", "tile_last")
        )
        phase_ends, rotation_ends = phase == self.field_phase_last, self.rotation == self.field_rotation_last
        m.d.comb += self.kind.eq(Mux(phase_ends, Mux(rotation_ends, 2, 1), 0))
        least = Signal(place)
        m.d.comb += least.eq(last - (phase > self.field_phase_full))
        for position in range(self._tile):
            m.d.comb += self.inside[position].eq((first <= position) & (least >= position))

        rewind = [phase.eq(self.field_phase), self.rotation.eq(self.field_rotation)]
        with m.If(self.start | self.first_tile):
            m.d.sync += [*rewind, first.eq(self.field_first), last.eq(self.field_last)]
            m.d.sync += [tile_first.eq(self.field_first), tile_last.eq(self.field_last)]
        with m.Elif(self.next_tile):
            next_first, next_last = (value - self.field_rotation_last - 1 for value in (tile_first, tile_last))
            m.d.sync += [*rewind, first.eq(next_first), last.eq(next_last)]
            m.d.sync += [tile_first.eq(next_first), tile_last.eq(next_last)]
        with m.Elif(self.first_tap):
            m.d.sync += [*rewind, first.eq(tile_first), last.eq(tile_last)]
        with m.Elif(self.next_tap):
            m.d.sync += phase.eq(Mux(phase_ends, 0, phase + 1))
            with m.If(phase_ends):
                m.d.sync += self.rotation.eq(Mux(rotation_ends, 0, self.rotation + 1))
                m.d.sync += [first.eq(first - 1), last.eq(last - 1)]
        return m
