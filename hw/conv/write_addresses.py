"""The address generator for writing images."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.conv.descriptor import fields_of
from tospike.hw.conv.layout import address_width
from tospike.hw.delay import delayed
from tospike.hw.params import ConvParams, address_bits

PLACE_ENDS = data.StructLayout({"channel": 1, "row": 1, "tile": 1, "band": 1, "pass": 1})
"""Boundaries that end with a value: channels of a position, row of positions in a tile, tile, row of tiles, pass."""


class WriteAddressGenerator(wiring.Component):
    """Generate bank and address of values that arrive pass by pass, tile by tile, row by row, position by position,
    channel by channel, in the layout of :mod:`tospike.hw.params.conv_storage`. Latency `LATENCY`, one value per cycle.

    ::

        step, ends --> channel + (position of row) + (position of column) --> bank, address

    Members
    -------
    field_... : In
        Fields ``to_...`` of the descriptor, constant from ``start`` on.
    start : In(1)
        The next value is the first.
    step : In(1)
        A value arrives; ``ends`` are its boundaries.
    bank, address : Out
        The value's place, ``LATENCY`` cycles later.
    """

    LATENCY = 2

    def __init__(self, params: ConvParams):
        self._params = params
        self._fields = fields_of(params, "to_")
        super().__init__(
            {
                **{f"field_{name}": In(shape) for name, shape in self._fields.items()},
                "start": In(1),
                "step": In(1),
                "ends": In(PLACE_ENDS),
                "bank": Out(address_bits(params.array.rows)),
                "address": Out(address_width(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        ends = self.ends
        field = {name: getattr(self, f"field_{name}") for name in self._fields}
        place = data.StructLayout(
            {
                "address": address_width(self._params),
                "lane": address_bits(self._params.array.rows),
                "phase": max(len(field["x_phase_last"]), len(field["y_phase_last"])),
            }
        )
        # the position of this value; x of the tile's left edge, y of its top edge
        x, left, y, top = (Signal(place, name=name) for name in ("x", "left", "y", "top"))
        channel, first_channel = Signal.like(self.address), Signal.like(self.address)
        right = self._following(m, x, {n[2:]: f for n, f in field.items() if n[0] == "x"} | {"lane": 1}, "x")
        below = self._following(m, y, {n[2:]: f for n, f in field.items() if n[0] == "y"}, "y")

        with m.If(self.start):
            m.d.sync += [channel.eq(field["base"]), first_channel.eq(field["base"])]
            m.d.sync += [Value.cast(position).eq(0) for position in (x, left, y, top)]
        with m.Elif(self.step):
            m.d.sync += channel.eq(Mux(ends.channel, first_channel, channel + 1))
            with m.If(ends.channel):
                m.d.sync += x.eq(right)
            with m.If(ends.row):
                m.d.sync += [x.eq(left), y.eq(below)]
            with m.If(ends.tile):
                m.d.sync += [x.eq(right), left.eq(right), y.eq(top)]
            with m.If(ends.band):
                m.d.sync += [Value.cast(x).eq(0), Value.cast(left).eq(0), y.eq(below), top.eq(below)]
            with m.If(ends["pass"]):
                m.d.sync += [Value.cast(y).eq(0), Value.cast(top).eq(0)]
                m.d.sync += [channel.eq(channel + 1), first_channel.eq(channel + 1)]

        across, down = Signal.like(self.address), Signal.like(self.address)
        lane = Signal.like(self.bank)
        m.d.sync += [
            across.eq(channel + x.address),
            down.eq(y.address),
            self.address.eq(across + down),
            lane.eq(x.lane + y.lane),
        ]
        m.d.comb += self.bank.eq(delayed(m, lane, 1, name="lane"))
        return m

    def _following(self, m, position, field, name):
        """Return the next position along an axis."""
        following = Signal.like(position, name=f"{name}_following")
        phase_ends, lane_ends = position.phase == field["phase_last"], position.lane == field["lane_last"]
        increment = Mux(phase_ends, Mux(lane_ends, field["lane_step"], field["phase_step"]), field["step"])
        m.d.comb += [
            following.address.eq(position.address + increment),
            following.phase.eq(Mux(phase_ends, 0, position.phase + 1)),
            following.lane.eq(Mux(phase_ends, Mux(lane_ends, 0, position.lane + field["lane"]), position.lane)),
        ]
        return following
