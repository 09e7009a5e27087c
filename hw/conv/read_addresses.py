"""The address generator for reading activations."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.conv.axis import STEP_KINDS
from tospike.hw.conv.descriptor import descriptor_layout
from tospike.hw.conv.layout import address_width
from tospike.hw.conv.sequencer import ENDS
from tospike.hw.params import ConvParams


class ReadAddressGenerator(wiring.Component):
    """Generate the read address of bank 0 incrementally: an addition per step, no multiplication.

    Latency 2, one address per cycle::

        step, ends, kinds --> | select the increment | --> address + increment --> address
                              0                      1                         2

    Addresses of taps beyond the edges are meaningless, and may wrap.

    Members
    -------
    start : In(1)
        Begin a layer, at least two cycles before its first ``step``.
    step, ends : In
        A step, and the loops that end with it.
    x_kind, y_kind : In
        How the next tap of each axis differs, see :class:`tospike.hw.conv.axis.TapAxis`.
    address : Out
        The address of the previous cycle's step.
    """

    def __init__(self, params: ConvParams):
        self._params = params
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "step": In(1),
                "ends": In(ENDS),
                "x_kind": In(range(len(STEP_KINDS))),
                "y_kind": In(range(len(STEP_KINDS))),
                "address": Out(address_width(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer, ends = self.layer, self.ends
        increment = Signal.like(self.address)
        stepping = Signal()
        m.d.sync += stepping.eq(self.step)
        with m.If(ends["pass"]):
            m.d.sync += increment.eq(layer.step_pass)
        with m.Elif(ends.band):
            m.d.sync += increment.eq(layer.step_band)
        with m.Elif(ends.tile):
            m.d.sync += increment.eq(layer.step_tile)
        with m.Elif(ends.row):
            m.d.sync += increment.eq(Array([layer.step_y0, layer.step_y1, layer.step_y2])[self.y_kind])
        with m.Elif(ends.tap):
            m.d.sync += increment.eq(Array([layer.step_x0, layer.step_x1, layer.step_x2])[self.x_kind])
        with m.Else():
            m.d.sync += increment.eq(layer.step_channel)
        with m.If(self.start):
            m.d.sync += self.address.eq(layer.origin)
        with m.Elif(stepping):
            m.d.sync += self.address.eq(self.address + increment)
        return m
