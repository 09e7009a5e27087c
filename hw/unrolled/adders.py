"""The adders of a layer as hardware."""

from collections.abc import Callable, Mapping, Sequence

from amaranth.hdl import *

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.unrolled.sums import Constant, Delayed, Graph, Input, Node, Sum


def build(m: Module, graph: Graph, inputs: Sequence[Value], *, name: str) -> list[Value]:
    """Return the value of each node, given those of the inputs."""
    values: list[Value] = []
    for number, node in enumerate(graph.nodes):
        value = _MAKE[type(node)](node, values, inputs)
        if node.registered:
            register = Signal(shape_of(node.format), name=f"{name}_{number}", reset_less=True)
            m.d.sync += register.eq(value)
            value = register
        values.append(value)
    return values


def _input(node: Input, values: Sequence[Value], inputs: Sequence[Value]) -> Value:
    return inputs[node.number]


def _constant(node: Constant, values: Sequence[Value], inputs: Sequence[Value]) -> Value:
    return C(node.low, shape_of(node.format))


def _delayed(node: Delayed, values: Sequence[Value], inputs: Sequence[Value]) -> Value:
    return values[node.source]


def _sum(node: Sum, values: Sequence[Value], inputs: Sequence[Value]) -> Value:
    base, other, fmt = values[node.base], values[node.other], node.format
    if node.subtract == "base":
        return _fitted((other << node.shift) - base, fmt)
    # the low bits of the base pass by
    longer = extended(base, max(len(base), node.passed + 1))
    high = longer[node.passed :]
    high = high.as_signed() if base.shape().signed else high
    total = high - other if node.subtract else high + other
    return _fitted(Cat(longer[: node.passed], extended(total, max(len(total), fmt.bits))), fmt)


def _fitted(value, fmt) -> Value:
    """Return the bits of a value that is in the range of ``fmt``."""
    bits = extended(value, max(len(value), fmt.bits))[: fmt.bits]
    return bits.as_signed() if fmt.signed else bits


_MAKE: Mapping[type[Node], Callable[..., Value]] = {
    Input: _input,
    Constant: _constant,
    Delayed: _delayed,
    Sum: _sum,
}
