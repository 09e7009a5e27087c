"""The adders of an unrolled layer, as a graph: what to add, with which widths, in which pipeline stage.

Plain Python, no Amaranth: hardware is made of it, and area is counted on it. A node is an integer in a known range;
ranges come from interval arithmetic, so that widths are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tospike.hw.params import IntFormat
from tospike.hw.unrolled.digits import multiples
from tospike.hw.unrolled.sharing import Term, common_pairs


@dataclass(frozen=True, kw_only=True)
class Node:
    """A value of the graph; how it is made is told by its class."""

    low: int
    high: int
    registered: bool
    """Whether a register follows."""

    @property
    def format(self) -> IntFormat:
        """The narrowest format that holds it."""
        signed = self.low < 0
        bits = max(self.high.bit_length(), (-self.low - 1).bit_length() if signed else 0) + signed
        return IntFormat(bits=max(1, bits), signed=signed)

    @property
    def adder_bits(self) -> int:
        """Bits of its adder; 0 if it has none."""
        return 0


@dataclass(frozen=True, kw_only=True)
class Input(Node):
    """An input of the layer."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Constant(Node):
    """``low``, which is ``high``, too; it never needs a register."""


@dataclass(frozen=True, kw_only=True)
class Delayed(Node):
    """A node a cycle later."""

    source: int


@dataclass(frozen=True, kw_only=True)
class Sum(Node):
    """``base + other * 2**shift``, with one of them negated if ``subtract``."""

    base: int
    other: int
    shift: int
    subtract: str = ""
    """``base``, ``other`` or nothing: what is negated."""
    passed: int
    """Low bits of ``base`` that pass the adder by."""

    @property
    def adder_bits(self) -> int:
        """Bits of the result, but for those that pass by."""
        return max(0, self.format.bits - self.passed)


@dataclass(kw_only=True)
class Graph:
    """The nodes of a layer, each after those that it depends on."""

    nodes: list[Node] = field(default_factory=list)
    _numbers: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """Return the number of a node; equal nodes are the same."""
        if node not in self._numbers:
            self._numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return self._numbers[node]

    def later(self, number: int, *, registered: bool) -> int:
        """Return a node that is not used in this stage, for the next one."""
        node = self.nodes[number]
        if not registered or isinstance(node, Constant):
            return number
        return self.add(Delayed(low=node.low, high=node.high, registered=True, source=number))

    def sum(self, one: Term, two: Term, *, registered: bool) -> Term:
        """Return the sum of two terms: negative only if both are."""
        base, other = sorted((one, two))
        if base.shift == other.shift and base.negative and not other.negative:
            base, other = other, base
        shift = other.shift - base.shift
        a, b = self.nodes[base.node], self.nodes[other.node]
        b_low, b_high = b.low << shift, b.high << shift
        subtract = ""
        if base.negative == other.negative:
            low, high = a.low + b_low, a.high + b_high
        elif other.negative:
            subtract, low, high = "other", a.low - b_high, a.high - b_low
        else:
            subtract, low, high = "base", b_low - a.high, b_high - a.low
        passed = 0 if subtract == "base" else shift
        made = Sum(
            low=low,
            high=high,
            registered=registered,
            base=base.node,
            other=other.node,
            shift=shift,
            subtract=subtract,
            passed=passed,
        )
        return Term(shift=base.shift, node=self.add(made), negative=base.negative and other.negative)


def tree_depth(terms: int) -> int:
    """Return the adders between a term and the sum."""
    return (terms - 1).bit_length()


def count_terms(weights: Sequence[int], bias: int) -> int:
    """Return the terms of a sum: multiples of inputs, and a constant if there is a bias, or nothing else positive."""
    made = [multiple for weight in weights for multiple in multiples(weight)]
    return len(made) + (bias != 0 or all(multiple.negative for multiple in made))


def layer_graph(
    weights: Sequence[Sequence[int]],
    biases: Sequence[int],
    act: IntFormat,
    *,
    fraction_bits: int,
    terms: int,
    has_multiples: bool,
    adder_levels: int,
) -> tuple[Graph, list[Term]]:
    """Return the adders of a layer, and the sum of each neuron; no sum is negated, but it may be shifted.

    ::

        inputs -> odd multiples -> register -> adders -> register -> ... -> sums

    Parameters
    ----------
    weights, biases
        A row for each neuron; a bias has ``fraction_bits`` bits more than the weights.
    terms
        The terms that determine the depth; at least those of every sum.
    """
    graph = Graph()
    inputs = [
        graph.add(Input(low=act.min, high=act.max, registered=False, number=number))
        for number in range(len(weights[0]))
    ]
    depth = tree_depth(terms)
    sums: list[list[Term]] = []
    for row, bias in zip(weights, biases, strict=True):
        made = []
        for number, weight in zip(inputs, row, strict=True):
            for multiple in multiples(weight):
                source = _multiple(graph, number, multiple.odd) if has_multiples else Term(shift=0, node=number)
                negative = multiple.negative != source.negative
                made.append(Term(shift=multiple.shift + fraction_bits, node=source.node, negative=negative))
        if bias or all(term.negative for term in made):
            made.append(Term(shift=0, node=graph.add(Constant(low=bias, high=bias, registered=False))))
        sums.append(made)
    for level in range(depth):
        registered = (level + 1) % adder_levels == 0 or level == depth - 1
        # multiples and shifts make most pairs different, so only small weights are worth the search
        paired = [([], made) for made in sums] if has_multiples else common_pairs(sums)
        sums = [
            [graph.sum(*pair, registered=registered) for pair in pairs] + _level(graph, rest, registered=registered)
            for pairs, rest in paired
        ]
    return graph, [made[0] for made in sums]


def _multiple(graph: Graph, number: int, odd: int) -> Term:
    """Return ``odd`` times an input, registered."""
    if odd == 1:
        return Term(shift=0, node=graph.later(number, registered=True))
    subtracts = odd > 3 and odd & 2 != 0  # 2**n - 1; 3 is 2 + 1
    shift = odd.bit_length() - (not subtracts)
    value = graph.nodes[number]
    made = Sum(
        low=odd * value.low,
        high=odd * value.high,
        registered=True,
        base=number,
        other=number,
        shift=shift,
        subtract="base" if subtracts else "",
        passed=0 if subtracts else shift,
    )
    return Term(shift=0, node=graph.add(made))


def _level(graph: Graph, terms: list[Term], *, registered: bool) -> list[Term]:
    """Return the sums of pairs: neighbours by their shifts and widths, so that adders are narrow."""
    ordered = sorted(terms, key=lambda term: (term.shift, graph.nodes[term.node].format.bits, term))
    made = [graph.sum(one, two, registered=registered) for one, two in zip(ordered[::2], ordered[1::2], strict=False)]
    if len(ordered) % 2:
        last = ordered[-1]
        node = graph.later(last.node, registered=registered)
        made.append(Term(shift=last.shift, node=node, negative=last.negative))
    return made
