"""A processing element for two columns that share a multiplier."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.packing import PackedMultiplier, pair_layout
from tospike.hw.params import ArrayParams
from tospike.hw.primitives import CELLS
from tospike.hw.primitives.flags import flag_for_bits, flags


class OutputStationaryPair(wiring.Component):
    """Two neighbouring :class:`tospike.hw.array.pe.OutputStationaryElement` in lockstep.

    Its members are those of one element, with two weights, two sums, and ``done`` for each bit of each sum.
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
        params, cells = self._params, CELLS[self._params.primitives]
        act = Signal.like(self.act_i, reset_less=True)
        pair = Signal.like(self.pair_i, reset_less=True)
        m.d.sync += [act.eq(self.act_i), pair.eq(self.pair_i)]
        m.d.comb += [
            self.act_o.eq(act),
            self.pair_o.eq(pair),
            self.first_o.eq(flags(m, cells, self.first_i, 1, name="pass_first")),
            self.emit_o.eq(flags(m, cells, self.emit_i, 1, name="pass_emit")),
        ]
        m.submodules.multiplier = multiplier = PackedMultiplier(params)
        m.d.comb += [multiplier.act.eq(self.act_i), multiplier.pair.eq(self.pair_i)]
        for column, (product, carry) in enumerate([(multiplier.low, C(0, 1)), (multiplier.above, multiplier.carry)]):
            acc = Signal(shape_of(params.acc), name=f"acc_{column}", reset_less=True)
            restart = {"first": self.first_o, "cycles": params.product_registers, "name": f"first_{column}"}
            m.d.sync += acc.eq(cells.restartable_adder(m, acc, product, carry=carry, **restart))
            early = params.mac_latency - 1
            done = flag_for_bits(m, cells, self.emit_o, early, width=params.acc_bits, name=f"done_{column}")
            m.d.comb += [self.acc[column].eq(acc), self.done[column].eq(done)]
        return m
