"""Processing elements: one multiplier each, every operand and product registered."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.ann.delay import delayed
from tospike.hw.arithmetic import shape_of
from tospike.hw.params import ArrayParams


class OutputStationaryElement(wiring.Component):
    """Accumulates ``act * weight``; operands and flags move on to the right and down.

    ``first`` comes with the first operands of an accumulation, ``emit`` with the last. An operand pair at the inputs
    in cycle t is in ``acc`` in cycle t + 2 + ``product_registers``; ``done`` is high in that cycle if ``emit`` came
    with it. Idle steps carry ``act`` = 0. Data registers have no reset: flags tell which data count.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        act, weight = shape_of(params.act), shape_of(params.weight)
        super().__init__(
            {
                "act_i": In(act),
                "first_i": In(1),
                "emit_i": In(1),
                "weight_i": In(weight),
                "act_o": Out(act),
                "first_o": Out(1),
                "emit_o": Out(1),
                "weight_o": Out(weight),
                "acc": Out(shape_of(params.acc)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        stages = self._params.product_registers
        act = Signal.like(self.act_i, reset_less=True)
        weight = Signal.like(self.weight_i, reset_less=True)
        first = Signal()
        emit = Signal()
        m.d.sync += [act.eq(self.act_i), weight.eq(self.weight_i), first.eq(self.first_i), emit.eq(self.emit_i)]
        m.d.comb += [self.act_o.eq(act), self.weight_o.eq(weight), self.first_o.eq(first), self.emit_o.eq(emit)]

        product = delayed(m, act * weight, stages, name="product", reset_less=True)
        restart = delayed(m, first, stages, name="restart")
        acc = Signal.like(self.acc, reset_less=True)
        m.d.sync += acc.eq(Mux(restart, 0, acc) + product)
        m.d.comb += [self.acc.eq(acc), self.done.eq(delayed(m, emit, stages + 1, name="done"))]
        return m


class WeightStationaryElement(wiring.Component):
    """Adds ``act * weight`` to the partial sum from above; the weight waits in a shadow register until it is used.

    While ``load`` is high the shadow register takes ``weight_i``, which is the shadow register of the element above.
    ``swap`` comes with the first operand that meets the new weight. An operand at the input in cycle t is in
    ``psum_o`` in cycle t + 2 + ``product_registers``.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        act, weight, acc = shape_of(params.act), shape_of(params.weight), shape_of(params.acc)
        super().__init__(
            {
                "act_i": In(act),
                "swap_i": In(1),
                "load_i": In(1),
                "weight_i": In(weight),
                "psum_i": In(acc),
                "act_o": Out(act),
                "swap_o": Out(1),
                "load_o": Out(1),
                "weight_o": Out(weight),
                "psum_o": Out(acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        act = Signal.like(self.act_i, reset_less=True)
        shadow = Signal.like(self.weight_i, reset_less=True)
        weight = Signal.like(self.weight_i, reset_less=True)
        swap = Signal()
        load = Signal()
        m.d.sync += [act.eq(self.act_i), swap.eq(self.swap_i), load.eq(self.load_i)]
        m.d.comb += [self.act_o.eq(act), self.swap_o.eq(swap), self.load_o.eq(load), self.weight_o.eq(shadow)]
        with m.If(self.load_i):
            m.d.sync += shadow.eq(self.weight_i)
        with m.If(self.swap_i):
            m.d.sync += weight.eq(shadow)

        product = delayed(m, act * weight, self._params.product_registers, name="product", reset_less=True)
        psum = Signal.like(self.psum_o, reset_less=True)
        m.d.sync += psum.eq(self.psum_i + product)
        m.d.comb += self.psum_o.eq(psum)
        return m
