"""Counters inside one another."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopNest(wiring.Component):
    """A nest of loops, the innermost first: one turn of the innermost for each ``step``.

    Parameters
    ----------
    bits
        Width of each loop's count.

    Members
    -------
    last_... : In
        For each loop its number of turns minus one; constant from ``start`` on.
    start : In(1)
        The first turn is next.
    step : In(1)
        A turn is done.
    ends : Out(len(bits))
        Which loops end with this turn, each with all inside it. From registers, one gate deep for each loop.
    lasts : Out(len(bits))
        Which loops are in their last turn, whatever those inside them do. From registers.
    """

    def __init__(self, bits: list[int]):
        self._bits = bits
        super().__init__(
            {
                **{f"last_{level}": In(width) for level, width in enumerate(bits)},
                "start": In(1),
                "step": In(1),
                "ends": Out(len(bits)),
                "lasts": Out(len(bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        inner = Const(1, 1)
        for level, width in enumerate(self._bits):
            limit = getattr(self, f"last_{level}")
            left = Signal(width, name=f"left_{level}")
            last = Signal(name=f"is_last_{level}")
            none = Signal(name=f"is_single_{level}")
            m.d.sync += none.eq(limit == 0)
            with m.If(self.start):
                m.d.sync += [left.eq(limit), last.eq(limit == 0)]
            with m.Elif(self.step & inner):
                m.d.sync += [left.eq(Mux(last, limit, left - 1)), last.eq(Mux(last, none, left == 1))]
            ends = Signal(name=f"ends_{level}")
            m.d.comb += [ends.eq(inner & last), self.ends[level].eq(ends), self.lasts[level].eq(last)]
            inner = ends
        return m
