"""Nested loop counters."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class LoopNest(wiring.Component):
    """A loop nest, innermost loop first: each ``step`` is one iteration of the innermost loop.

    Parameters
    ----------
    bits
        Width of each loop's counter.

    Members
    -------
    last_... : In
        Each loop's number of iterations minus one; constant from ``start`` on.
    start : In(1)
        The next iteration is the first.
    step : In(1)
        An iteration is done.
    ends : Out(len(bits))
        Which loops end with this iteration, together with all inner loops. From registers, one gate per loop.
    lasts : Out(len(bits))
        Which loops are in their last iteration, whatever their inner loops do. From registers.
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
            remaining = Signal(width, name=f"remaining_{level}")
            last = Signal(name=f"is_last_{level}")
            none = Signal(name=f"is_single_{level}")
            m.d.sync += none.eq(limit == 0)
            with m.If(self.start):
                m.d.sync += [remaining.eq(limit), last.eq(limit == 0)]
            with m.Elif(self.step & inner):
                m.d.sync += [remaining.eq(Mux(last, limit, remaining - 1)), last.eq(Mux(last, none, remaining == 1))]
            ends = Signal(name=f"ends_{level}")
            m.d.comb += [ends.eq(inner & last), self.ends[level].eq(ends), self.lasts[level].eq(last)]
            inner = ends
        return m
