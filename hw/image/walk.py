"""The address that goes with each step."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.image.axis import TURNS
from tospike.hw.image.descriptor import descriptor_layout
from tospike.hw.image.layout import address_width
from tospike.hw.image.sequencer import ENDS
from tospike.hw.params import ImageParams


class AddressWalk(wiring.Component):
    """Adds up the way of bank 0 over an image: an addition per step, no multiplication.

    ::

        step, ends, kinds --> | which difference, from where | --> address = base + difference --> address
                              0                              1                                     2

    Each loop remembers where it began (``base``): the next row of taps is counted from the beginning of this row,
    the next tile from that of this tile, and so on. Addresses of taps beyond the edges have no meaning, and may wrap.

    Members
    -------
    start : In(1)
        Begin a layer, two cycles or more before its first ``step``.
    step, ends : In
        A step, and what ends with it.
    x_kind, y_kind : In
        What the next tap of each axis changes, see :class:`tospike.hw.image.axis.TapAxis`.
    address : Out
        Of the step of a cycle ago.
    """

    def __init__(self, params: ImageParams):
        self._params = params
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "step": In(1),
                "ends": In(ENDS),
                "x_kind": In(range(len(TURNS))),
                "y_kind": In(range(len(TURNS))),
                "address": Out(address_width(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer, ends = self.layer, self.ends
        loops = [Signal.like(self.address, name=name) for name in ("row", "tile", "band", "turn")]  # where each began
        difference = Signal.like(self.address)
        level = Signal(range(len(loops) + 1))  # 0: go on from here; else from loops[level - 1]
        steps_x = Array([layer.step_x, layer.step_x_phase, layer.step_x_turn])
        steps_y = Array([layer.step_y, layer.step_y_phase, layer.step_y_turn])
        stepping = Signal()
        m.d.sync += stepping.eq(self.step)
        with m.If(ends["pass"]):
            m.d.sync += [difference.eq(layer.step_pass), level.eq(4)]
        with m.Elif(ends.band):
            m.d.sync += [difference.eq(layer.band), level.eq(3)]
        with m.Elif(ends.tile):
            m.d.sync += [difference.eq(layer.block), level.eq(2)]
        with m.Elif(ends.row):
            m.d.sync += [difference.eq(steps_y[self.y_kind]), level.eq(1)]
        with m.Elif(ends.tap):
            m.d.sync += [difference.eq(steps_x[self.x_kind]), level.eq(0)]
        with m.Else():
            m.d.sync += [difference.eq(layer.step_channel), level.eq(0)]

        following = Signal.like(self.address)
        m.d.comb += following.eq(Array([self.address, *loops])[level] + difference)
        with m.If(self.start):
            m.d.sync += [register.eq(layer.origin) for register in (self.address, *loops)]
        with m.Elif(stepping):
            m.d.sync += self.address.eq(following)
            for number, loop in enumerate(loops, start=1):
                with m.If(level >= number):
                    m.d.sync += loop.eq(following)
        return m
