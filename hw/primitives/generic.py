"""Behavioural primitives: operators and registers, for any target."""

from amaranth.hdl import *

from tospike.hw.delay import delayed


class Generic:
    """Logic for any target; see `tospike.hw.primitives.protocol.Primitives`."""

    def flip_flop(self, m: Module, d: Value, *, name: str) -> Value:
        """Return ``d`` a cycle later, from a register that synthesis may merge."""
        q = Signal.like(d, name=name, init=0)
        m.d.sync += q.eq(d)
        return q

    def multiplier(self, m: Module, a: Value, b: Value, *, registers: int, zero_gating: bool) -> Value:
        """Return ``a * b``: operand registers, ``*``, product registers."""
        held_a = Signal.like(a, name="a_held", reset_less=True)
        held_b = Signal.like(b, name="b_held", reset_less=True)
        product = delayed(m, held_a * held_b, registers, name="product", reset_less=True)
        if zero_gating:
            nonzero = a.any() & b.any()
            with m.If(nonzero):
                m.d.sync += [held_a.eq(a), held_b.eq(b)]
            product = Mux(delayed(m, nonzero, 1 + registers, name="nonzero"), product, 0)
        else:
            m.d.sync += [held_a.eq(a), held_b.eq(b)]
        return product

    def restartable_adder(
        self, m: Module, acc: Value, product: Value, *, carry: Value, first: Value, cycles: int, name: str
    ) -> Value:
        """Return the sum, from a multiplexer and an adder."""
        restart = delayed(m, first, cycles, name=name)
        return Mux(restart, 0, acc) + product + carry
