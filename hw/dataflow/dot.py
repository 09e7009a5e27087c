"""The dot product of a word of inputs and a word of weights."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.dataflow.layout import FAN_IN, PRODUCT_LATENCY
from tospike.hw.multiply import Multiplier
from tospike.hw.params import IntFormat, PrimitiveSet


class LutMultiplier(wiring.Component):
    """``a * b`` of signed ``b``, without a DSP block; latency `PRODUCT_LATENCY`, throughput 1.

    ::

        a, b -> register -> a * low half of b, a * high half of b -> register -> sum -> register

    Synthesis would map ``*`` to a DSP block, so the products are written as sums of shifted operands.
    """

    def __init__(self, a, b):
        a, b = Shape.cast(a), Shape.cast(b)
        super().__init__({"a": In(a), "b": In(b), "product": Out(signed(a.width + b.width))})

    def elaborate(self, platform):
        m = Module()
        a, b = Signal.like(self.a, reset_less=True), Signal.like(self.b, reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b)]
        half = len(b) // 2
        shape = signed(len(a) + len(b) - half + 1)
        low, high = Signal(shape, reset_less=True), Signal(shape, reset_less=True)
        m.d.sync += [low.eq(self._sum(a, b[:half])), high.eq(self._sum(a, b[half:].as_signed()))]
        m.d.sync += self.product.eq(low + (high << half))
        return m

    def _sum(self, a, b):
        """Return ``a * b`` as the sum of ``a`` for each bit of ``b``, the highest negative if it is the sign."""
        terms = [Mux(bit, a, 0) << place for place, bit in enumerate(b)]
        signed_ = b.shape().signed
        total = -terms.pop() if signed_ else C(0, 1)
        for term in terms:
            total = total + term
        return total


class TableProduct(wiring.Component):
    """``a * b`` of few bits: each bit of the product is a table of the operands. Latency 1, throughput 1.

    For bits that stand for +1 and -1, it is an XNOR.
    """

    def __init__(self, a, b):
        a, b = Shape.cast(a), Shape.cast(b)
        super().__init__({"a": In(a), "b": In(b), "product": Out(signed(a.width + b.width))})

    def elaborate(self, platform):
        m = Module()
        product = Signal.like(self.product, reset_less=True)
        operands = Cat(self.a, self.b)
        for bit in range(len(product)):
            table = sum((self._product(number) >> bit & 1) << number for number in range(1 << len(operands)))
            m.d.sync += product[bit].eq(C(table, 1 << len(operands)).bit_select(operands, 1))
        m.d.comb += self.product.eq(product)
        return m

    def _product(self, number: int) -> int:
        """Return the product of the operands that are the bits of a number."""
        values = []
        for operand in (self.a, self.b):
            width = len(operand)
            value, number = number & (1 << width) - 1, number >> width
            values.append(value - (1 << width) if operand.shape().signed and value >> width - 1 else value)
        return values[0] * values[1]


class DotProduct(wiring.Component):
    """``sum(a[n] * b[n])`` of the lanes, `layout.product_latency` and `layout.tree_latency` cycles later; throughput 1.

    The first ``dsps`` multipliers are DSP blocks, the others are made of LUTs; with ``tables``, all are tables.
    """

    def __init__(
        self, act: IntFormat, weight: IntFormat, *, lanes: int, dsps: int, tables: bool, primitives: PrimitiveSet
    ):
        self._act, self._weight = shape_of(act), shape_of(weight)
        self._lanes = lanes
        self._dsps = dsps
        self._tables = tables
        self._primitives = primitives
        bits = act.bits + weight.bits + (lanes - 1).bit_length()
        super().__init__(
            {
                "a": In(data.ArrayLayout(self._act, lanes)),
                "b": In(data.ArrayLayout(self._weight, lanes)),
                "total": Out(signed(bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        terms = []
        for lane in range(self._lanes):
            if self._tables:
                product = TableProduct(self._act, self._weight)
            elif lane < self._dsps:
                product = Multiplier(
                    self._act, self._weight, registers=PRODUCT_LATENCY - 1, primitives=self._primitives
                )
            else:
                product = LutMultiplier(self._act, self._weight)
            m.submodules[f"product_{lane}"] = product
            m.d.comb += [product.a.eq(self.a[lane]), product.b.eq(self.b[lane])]
            terms.append(product.product)
        level = 0
        while len(terms) > 1:
            sums = [sum(terms[first : first + FAN_IN]) for first in range(0, len(terms), FAN_IN)]
            terms = [
                Signal(signed(len(total)), name=f"sum_{level}_{n}", reset_less=True) for n, total in enumerate(sums)
            ]
            m.d.sync += [term.eq(total) for term, total in zip(terms, sums, strict=True)]
            level += 1
        m.d.comb += self.total.eq(terms[0])
        return m
