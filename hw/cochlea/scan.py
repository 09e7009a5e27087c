"""The end of a time bin: the sums of all channels, one after another, to tokens."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.cochlea.codes import CODERS
from tospike.hw.cochlea.log import Log
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import CochleaParams, Contents, TokenKind
from tospike.hw.tokens import link_stream


class BinScan(wiring.Component):
    """Send the tokens of a time bin.

    ::

        cycle  0         1        2     3, 4   5                     6
               sums   -> lane  -> Log .......  level -> code -> kept o
               kept   -------------------------------->  ^

    A channel per cycle, then for spikes and changes a TICK, and after the last bin an END. The first token is offered 6
    cycles after the first channel's sum is read, which is the cycle after ``begin``. A stalled output stalls all
    stages. ``done`` is high in the cycle in which the last token is taken; where none ends the bin, in the cycle in
    which it would be.

    Members
    -------
    begin : In(1)
        The bin has ended.
    is_empty : In(1)
        No sample has arrived in it: all sums count as 0.
    read, group : Out(1), Out
        Read the sums of a group.
    heard : In(ArrayLayout)
        These sums, a cycle later.
    in_first : Out(1)
        No bin of the sample has ended yet.
    done : Out(1)
    """

    def __init__(self, params: CochleaParams):
        self._params = params
        super().__init__(
            {
                "begin": In(1),
                "is_empty": In(1),
                "read": Out(1),
                "group": Out(range(params.groups)),
                "heard": In(data.ArrayLayout(shape_of(params.sum), params.multipliers)),
                "o": Out(link_stream(params.output)),
                "in_first": Out(1, init=1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        advance = Signal()
        m.d.comb += advance.eq(~self.o.valid | self.o.ready)
        place = self._places(m, advance)

        def stage(value, cycles: int, name: str):
            """Return ``value`` some stages later."""
            for number in range(cycles):
                register = Signal.like(value, name=f"{name}_{number + 1}")
                with m.If(advance):
                    m.d.sync += Value.cast(register).eq(Value.cast(value))
                value = register
            return value

        # cycle 0: read
        m.d.comb += [
            self.read.eq(place.active & (place.kind == TokenKind.VALUE) & advance),
            self.group.eq(place.group),
        ]
        # cycle 1: choose the lane
        chosen = stage(place, 1, "chosen")
        value = Signal(shape_of(params.sum))
        with m.If(advance):
            m.d.sync += value.eq(Mux(chosen.is_empty, 0, self.heard[chosen.lane]))
        # cycles 2 to 4
        m.submodules.log = log = Log(params)
        m.d.comb += [log.advance.eq(advance), log.value.eq(value)]
        # cycle 5: code
        leaving = stage(chosen, 4, "leaving")
        is_value = leaving.kind == TokenKind.VALUE
        kept = C(0, 0)
        if params.state_bits:
            m.submodules.kept = memory = Memory(
                shape=unsigned(params.state_bits), depth=params.channels, init=[], attrs=NO_COLLISIONS
            )
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [read.en.eq(advance), read.addr.eq(place.channel)]
            kept = Mux(leaving.is_first, 0, stage(read.data, 4, "kept"))
        sends, payload, keeps = CODERS[params.code](params, log.level, kept)
        if params.state_bits:
            m.d.comb += [
                write.en.eq(leaving.active & is_value & advance),
                write.addr.eq(leaving.channel),
                write.data.eq(keeps),
            ]
        # cycle 6: the token, or nothing
        occupied, closes = Signal(), Signal()
        with m.If(advance):
            m.d.sync += [
                *(occupied.eq(leaving.active), closes.eq(leaving.closes)),
                self.o.valid.eq(leaving.active & ~leaving.is_blank & (~is_value | sends)),
                self.o.payload.kind.eq(leaving.kind),
                self.o.payload.address.eq(Mux(is_value, leaving.address, 0)),
                self.o.payload.payload.eq(Mux(is_value, payload, 0)),
            ]
        m.d.comb += self.done.eq(occupied & closes & advance)
        return m

    def _places(self, m: Module, advance: Value):
        """Return the place of the scan: a channel, or what follows the last one."""
        params = self._params
        place = Signal(
            data.StructLayout(
                {
                    "active": 1,
                    "kind": TokenKind,
                    "is_blank": 1,  # nothing is sent here
                    "closes": 1,  # the last place of the bin
                    "is_first": 1,  # bin of the sample
                    "is_empty": 1,
                    "channel": range(params.channels),
                    "group": range(params.groups),
                    "lane": range(params.multipliers),
                    "address": range(params.output.addresses),
                }
            )
        )
        ticks = params.sends is Contents.TRAIN
        number = Signal(range(params.steps))
        is_last_bin = number == params.steps - 1
        is_last_lane = place.lane == params.multipliers - 1
        m.d.comb += self.in_first.eq(number == 0)
        with m.If(self.begin):
            m.d.sync += [
                *(place.active.eq(1), place.is_first.eq(number == 0), place.is_empty.eq(self.is_empty)),
            ]
        with m.Elif(place.active & advance), m.Switch(place.kind):
            with m.Case(TokenKind.VALUE):
                m.d.sync += [
                    *(place.channel.eq(place.channel + 1), place.address.eq(place.address + 1)),
                    place.lane.eq(Mux(is_last_lane, 0, place.lane + 1)),
                    place.group.eq(place.group + is_last_lane),
                ]
                with m.If(place.channel == params.channels - 1):
                    m.d.sync += [
                        *(place.channel.eq(0), place.lane.eq(0), place.group.eq(0)),
                        place.kind.eq(TokenKind.TICK if ticks else TokenKind.END),
                        place.is_blank.eq(~is_last_bin & (not ticks)),
                        place.closes.eq(~is_last_bin | (not ticks)),
                    ]
                    if ticks:
                        m.d.sync += place.address.eq(0)
            with m.Default():
                m.d.sync += [
                    *(place.active.eq(0), place.kind.eq(TokenKind.VALUE)),
                    *(place.is_blank.eq(0), place.closes.eq(0)),
                    number.eq(Mux(is_last_bin, 0, number + 1)),
                ]
                with m.If(is_last_bin):
                    m.d.sync += place.address.eq(0)
                with m.If((place.kind == TokenKind.TICK) & is_last_bin):
                    m.d.sync += [place.active.eq(1), place.kind.eq(TokenKind.END), place.closes.eq(1)]
                    m.d.sync += number.eq(number)
        return place
