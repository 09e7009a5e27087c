"""Processing elements: a multiply-accumulator, and the registers that forward operands and flags."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.mac import MultiplyAccumulate, MultiplyAdd
from tospike.hw.params import ArrayParams
from tospike.hw.primitives import CELLS
from tospike.hw.primitives.flags import flag_for_bits, flags


class OutputStationaryElement(wiring.Component):
    """Accumulate ``act * weight``; forward activations and flags to the right, weights downwards, with latency 1.

    ``first`` comes with the first operands of an accumulation, ``emit`` with the last. Operands at the inputs in cycle
    t are included in ``acc`` in cycle t + ``params.mac_latency``; ``done``, replicated for each bit of ``acc``, is high
    in that cycle if ``emit`` came with them. Idle steps carry ``act`` = 0. Data registers have no reset: flags mark
    valid data.

    The multiplier has operand registers besides those that forward the operands: in a DSP block they are free,
    elsewhere synthesis merges the two.
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
                "done": Out(params.acc_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        params, cells = self._params, CELLS[self._params.primitives]
        act = Signal.like(self.act_i, reset_less=True)
        weight = Signal.like(self.weight_i, reset_less=True)
        m.d.sync += [act.eq(self.act_i), weight.eq(self.weight_i)]
        m.d.comb += [
            self.act_o.eq(act),
            self.weight_o.eq(weight),
            self.first_o.eq(flags(m, cells, self.first_i, 1, name="pass_first")),
            self.emit_o.eq(flags(m, cells, self.emit_i, 1, name="pass_emit")),
            self.done.eq(
                flag_for_bits(m, cells, self.emit_o, params.mac_latency - 1, width=params.acc_bits, name="done")
            ),
        ]
        m.submodules.mac = mac = MultiplyAccumulate(params)
        m.d.comb += [
            mac.act.eq(self.act_i),
            mac.weight.eq(self.weight_i),
            mac.first.eq(self.first_o),
            self.acc.eq(mac.acc),
        ]
        return m


class WeightStationaryElement(wiring.Component):
    """Add ``act * weight`` to the partial sum from above; the next weight waits in a shadow register.

    While ``load`` is high, the shadow register takes ``weight_i``, the shadow register of the element above. ``swap``
    comes with the first operand that uses the new weight. An operand at the input in cycle t is included in ``psum_o``
    in cycle t + ``params.mac_latency``. Throughput 1.
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
        params, cells = self._params, CELLS[self._params.primitives]
        act = Signal.like(self.act_i, reset_less=True)
        shadow = Signal.like(self.weight_i, reset_less=True)
        weight = Signal.like(self.weight_i, reset_less=True)
        m.d.sync += act.eq(self.act_i)
        with m.If(self.load_i):
            m.d.sync += shadow.eq(self.weight_i)
        with m.If(self.swap_i):
            m.d.sync += weight.eq(shadow)
        m.d.comb += [
            self.act_o.eq(act),
            self.weight_o.eq(shadow),
            self.swap_o.eq(flags(m, cells, self.swap_i, 1, name="pass_swap")),
            self.load_o.eq(flags(m, cells, self.load_i, 1, name="pass_load")),
        ]
        # the weight changes together with the operand in `act`, so both registers precede the multiplier's own
        m.submodules.mac = mac = MultiplyAdd(params)
        m.d.comb += [
            mac.act.eq(act),
            mac.weight.eq(weight),
            mac.addend.eq(self.psum_i),
            self.psum_o.eq(mac.total),
        ]
        return m
