"""A processing element for two columns, whose products come from one multiplier."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann import ecp5
from tospike.hw.ann.mac import flag_for_bits, flags
from tospike.hw.ann.packing import PackedMultiplier, pair_layout
from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, Technology


class OutputStationaryPair(wiring.Component):
    """Two :class:`tospike.hw.ann.pe.OutputStationaryElement` beside each other, at the same step in the same cycle.

    Members are those of one, with two weights, two sums, and ``done`` for each bit of each.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        act, pair = shape_of(params.act), pair_layout(params)
        super().__init__(
            {
                "act_i": In(act),
                "first_i": In(1),
                "emit_i": In(1),
                "pair_i": In(pair),
                "act_o": Out(act),
                "first_o": Out(1),
                "emit_o": Out(1),
                "pair_o": Out(pair),
                "acc": Out(data.ArrayLayout(shape_of(params.acc), 2)),
                "done": Out(data.ArrayLayout(params.acc_bits, 2)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params = self._params
        act = Signal.like(self.act_i, reset_less=True)
        pair = Signal.like(self.pair_i, reset_less=True)
        m.d.sync += [act.eq(self.act_i), pair.eq(self.pair_i)]
        m.d.comb += [
            self.act_o.eq(act),
            self.pair_o.eq(pair),
            self.first_o.eq(flags(m, params, self.first_i, 1, name="pass_first")),
            self.emit_o.eq(flags(m, params, self.emit_i, 1, name="pass_emit")),
        ]
        m.submodules.multiplier = multiplier = PackedMultiplier(params)
        m.d.comb += [multiplier.act.eq(self.act_i), multiplier.pair.eq(self.pair_i)]
        for column, (product, carry) in enumerate([(multiplier.low, C(0, 1)), (multiplier.above, multiplier.carry)]):
            acc = Signal(shape_of(params.acc), name=f"acc_{column}", reset_less=True)
            m.d.sync += acc.eq(self._sum(m, acc, product, carry, column))
            done = flag_for_bits(m, params, self.emit_o, params.mac_latency - 1, name=f"done_{column}")
            m.d.comb += [self.acc[column].eq(acc), self.done[column].eq(done)]
        return m

    def _sum(self, m, acc, product, carry, column) -> Value:
        """The product, with its carry, and what ``acc`` holds unless a sum begins."""
        params = self._params
        if params.technology is Technology.ECP5:
            restart = flag_for_bits(m, params, self.first_o, params.product_registers, name=f"first_{column}")
            return ecp5.restartable_adder(m, restart, acc, product, carry=carry)
        restart = delayed(m, self.first_o, params.product_registers, name=f"first_{column}")
        return Mux(restart, 0, acc) + product + carry
