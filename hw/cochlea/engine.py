"""The cochlea: sound to spikes, or to the levels of its frequency bands."""

from amaranth.hdl import *
from amaranth.lib.wiring import connect, flipped

from tospike.hw.cochlea.filters import FilterBank
from tospike.hw.cochlea.layout import counter_names
from tospike.hw.cochlea.scan import BinScan
from tospike.hw.counting import count_up
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.params import CochleaParams, TokenKind

DRAIN = 4
"""Cycles from taking an END until the sums may be read: sections of the last sample are still in the pipeline."""


class Cochlea(Engine[CochleaParams]):
    """Filter sound, and send what each channel hears at the end of each time bin.

    ::

        i -> VALUE -> FilterBank: sections -> rectify -> sums
                                                          |
             END ---> BinScan:  code <- logarithm <-------+
                         |
                         v
                         o

    A sample of sound is taken every ``sections * max(2 groups, 7) + 1`` cycles (`tospike.hw.cochlea.layout`). An END
    ends the time bin; the first channel's token is offered 11 cycles after it is taken, when the last outputs have been
    added to the sums and the scan has found it, and each other one a cycle after its predecessor. The next sample is
    taken when all of them have left: a bin takes some ``channels`` cycles more than its samples. ``ready`` is a
    register's.

    `tospike.sim.cochlea` has the golden model and the timing model.
    """

    def __init__(self, params: CochleaParams):
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        m.submodules.filters = filters = FilterBank(params)
        m.submodules.scan = scan = BinScan(params)
        connect(m, flipped(self.o), scan.o)
        fresh, opens = Signal(init=1), Signal(init=1)  # no sample has arrived; in this bin
        scanning, is_empty = Signal(), Signal()
        is_value = self.i.payload.kind == TokenKind.VALUE
        taken = self.i.valid & self.i.ready
        m.d.comb += [
            self.i.ready.eq(~filters.busy & ~scanning),
            filters.start.eq(taken & is_value),
            filters.sound.eq(self.i.payload.payload),
            *(filters.fresh.eq(fresh), filters.opens.eq(opens)),
            *(filters.read.eq(scan.read), filters.group.eq(scan.group), scan.heard.eq(filters.heard)),
            scan.begin.eq(delayed(m, taken & ~is_value, DRAIN, name="ended")),
            scan.is_empty.eq(is_empty),
            self.busy.eq(filters.busy | scanning | ~opens | ~scan.in_first),
        ]
        with m.If(taken & is_value):
            m.d.sync += [fresh.eq(0), opens.eq(0)]
        with m.If(taken & ~is_value):
            m.d.sync += [scanning.eq(1), is_empty.eq(opens), opens.eq(1)]
        with m.If(scan.done):
            m.d.sync += scanning.eq(0)
            with m.If(scan.in_first):  # again: the sample has ended
                m.d.sync += fresh.eq(1)
        departs = self.o.valid & self.o.ready
        if params.is_counted:
            kind = self.o.payload.kind
            events = {
                "values": departs & (kind == TokenKind.VALUE),
                "ticks": departs & (kind == TokenKind.TICK),
                "samples": departs & (kind == TokenKind.END),
                "heard": taken & is_value,
            }
            count_up(m, self.counters, self.clear, events)
        return m
