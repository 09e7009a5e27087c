"""Elementwise operators between two layers become one function of one variable, which a table computes.

A sigmoid, but also what exporters make of SiLU (``x * Sigmoid(x)``), GELU, hard swish or Mish: operators that depend on
one tensor only, value by value, and on constants of one value. Each such group of nodes is replaced by a node
``Function`` with its `Pointwise` program. Chains of bounds and slopes alone are left as they are: they need no table.
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.answers import FIRST
from tospike.gen.onnx.graph import MICROSOFT, STANDARD, Graph, attributes

DOMAIN = "tospike"
"""Domain of the node that takes the place of a group."""
LAYERS = frozenset(
    {"Conv", "Gemm", "MatMul", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"}
    | {"Quant", "IntQuant", "BipolarQuant", "QLinearConv", "QLinearMatMul", "QGemm", "QLinearAveragePool"}
    | {"QLinearGlobalAveragePool", "ConvTranspose", "LSTM", "GRU"}
)
"""What is computed before the last of these is hardware; what comes after is the file's answer."""

Options = dict[str, Any]


def _elu(x: str, alpha: float, gamma: float = 1.0, scale: float = 1.0) -> str:
    return f"{x} 0 max {x} 0 min {scale!r} / exp 1 - {alpha!r} * + {gamma!r} *"


def _gelu(x: str, options: Options) -> str:
    if options.get("approximate", b"none") == b"tanh":
        return f"{x} 0.5 * {x} {x} {x} * {x} * 0.044715 * + {math.sqrt(2 / math.pi)!r} * tanh 1 + *"
    return f"{x} 0.5 * {x} {math.sqrt(0.5)!r} * erf 1 + *"


CURVES: dict[str, Callable[[str, Options], str]] = {
    "Sigmoid": lambda x, _: f"{x} sigmoid",
    "Tanh": lambda x, _: f"{x} tanh",
    "Exp": lambda x, _: f"{x} exp",
    "Erf": lambda x, _: f"{x} erf",
    "Softplus": lambda x, _: f"{x} softplus",
    "Softsign": lambda x, _: f"{x} {x} abs 1 + /",
    "Elu": lambda x, options: _elu(x, float(options.get("alpha", 1.0))),
    "Celu": lambda x, options: _elu(x, alpha := float(options.get("alpha", 1.0)), scale=alpha),
    "Selu": lambda x, options: _elu(
        x, float(options.get("alpha", 1.67326319)), float(options.get("gamma", 1.05070102))
    ),
    "HardSwish": lambda x, _: f"{x} {x} 6 / 0.5 + 0 max 1 min *",
    "Swish": lambda x, options: f"{x} {x} {float(options.get('alpha', 1.0))!r} * sigmoid *",
    "Mish": lambda x, _: f"{x} {x} softplus tanh *",
    "Gelu": _gelu,
    "FastGelu": lambda x, _: _gelu(x, {"approximate": b"tanh"}),
    "QuickGelu": lambda x, options: f"{x} {x} {float(options.get('alpha', 1.702))!r} * sigmoid *",
}
"""Operators that need a table."""
LINES: dict[str, Callable[[str, Options], str]] = {
    "Relu": lambda x, _: f"{x} 0 max",
    "Neg": lambda x, _: f"{x} neg",
    "Abs": lambda x, _: f"{x} abs",
    "Identity": lambda x, _: x,
    "LeakyRelu": lambda x, options: f"{x} 0 max {x} 0 min {float(options.get('alpha', 0.01))!r} * +",
    "HardSigmoid": lambda x, options: (
        f"{x} {float(options.get('alpha', 0.2))!r} * {float(options.get('beta', 0.5))!r} + 0 max 1 min"
    ),
}
"""Operators that may come before and after them."""
JOINS = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Max": "max", "Min": "min"}
"""The same, of two operands: constants of one value, or both of the group."""
MOST_WORDS = 400
"""Longest program."""


def with_functions(graph: Graph) -> Graph:
    """Replace the groups of nodes of a graph by functions, and return it."""
    _fold_constants(graph)
    _expand_quantized(graph)
    hidden = _before_layers(graph)
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for name in node.input:
            readers.setdefault(name, []).append(index)
    done: set[int] = set()
    made: dict[int, onnx.NodeProto] = {}
    for index, node in enumerate(graph.nodes):
        data = {name for name in node.input if name and name not in graph.constants}
        if index in done or len(data) != 1 or _program(graph, node, dict.fromkeys(data, "x")) is None:
            continue
        (base,) = data
        group = _group(graph, index, base, readers)
        curves = [i for i in group if _has_curve(group[i]) and _leaves(graph, i, group, readers)]
        curves = [i for i in curves if hidden[i] or graph.nodes[i].op_type in CURVES.keys() - set(FIRST)]
        cone = _cone(graph, curves, group)
        if any(_leaves(graph, i, cone, readers) for i in cone - set(curves)):
            continue  # something takes a value inside: perhaps the group begins there
        done |= cone
        made |= {last: _function(graph.nodes[last], base, group[last]) for last in curves}
    kept = [made.get(i, node) for i, node in enumerate(graph.nodes) if i in made or i not in done]
    graph.nodes = kept
    graph.uses = Counter(
        [name for node in kept if node.op_type != "Shape" for name in node.input] + list(graph.outputs)
    )
    return graph


def _fold_constants(graph: Graph) -> None:
    """Compute the constants that nodes make: those of one value are operands of groups."""
    kept = []
    for node in graph.nodes:
        if node.domain in STANDARD and node.op_type in ("Constant", "Cast", "Identity") and graph.is_constant(node):
            graph.fold(node)
        else:
            kept.append(node)
    graph.nodes = kept


def _expand_quantized(graph: Graph) -> None:
    """Replace the QLinearSigmoid of a hidden layer by a Sigmoid of real values between two quantisers."""
    nodes = []
    for node, hidden in zip(graph.nodes, _before_layers(graph), strict=True):
        if not hidden or (node.domain, node.op_type) != (MICROSOFT, "QLinearSigmoid"):
            nodes.append(node)
            continue
        name, (output,) = node.name or node.output[0], node.output
        real, curve = f"{output}_real", f"{output}_curve"
        nodes += [
            onnx.helper.make_node("DequantizeLinear", node.input[:3], [real], name=name),
            onnx.helper.make_node("Sigmoid", [real], [curve], name=name),
            onnx.helper.make_node("QuantizeLinear", [curve, *node.input[3:5]], [output], name=name),
        ]
    graph.nodes = nodes


def _before_layers(graph: Graph) -> list[bool]:
    """Return for each node whether some layer depends on it."""
    taken: set[str] = set()
    found = []
    for node in reversed(graph.nodes):
        found.append(bool(taken & set(node.output)))
        if found[-1] or node.op_type in LAYERS:
            taken |= set(node.input)
    return found[::-1]


def _group(graph: Graph, first: int, base: str, readers: Mapping[str, Sequence[int]]) -> dict[int, str]:
    """Return the nodes from ``first`` on that are functions of tensor ``base`` alone, with their programs."""
    programs, group = {base: "x"}, {}
    waiting = [index for index in readers[base] if index >= first]  # a heap: operands come before their readers
    while waiting:
        index = heapq.heappop(waiting)
        node = graph.nodes[index]
        program = None if index in group else _program(graph, node, programs)
        if program is not None and len(program.split()) <= MOST_WORDS:
            programs[node.output[0]] = group[index] = program
            for reader in readers.get(node.output[0], ()):
                heapq.heappush(waiting, reader)
    return group


def _program(graph: Graph, node: onnx.NodeProto, programs: dict[str, str]) -> str | None:
    """Return the program of a node's result, if all its inputs have one or are constants of one value."""
    known = node.domain in STANDARD or (node.domain == MICROSOFT and node.op_type.endswith("Gelu"))
    if not known or len(node.output) != 1:
        return None
    options = attributes(node)
    operands = [programs.get(name) or _number(graph, name) for name in node.input]
    if not any(name in programs for name in node.input):
        return None
    match node.op_type, operands:
        case kind, [str(x)] if write := CURVES.get(kind) or LINES.get(kind):
            return write(x, options)
        case join, [str(a), str(b)] if join in JOINS:
            return f"{a} {b} {JOINS[join]}"
        case "Clip", [str(x), *bounds]:
            given = [*bounds, None, None][:2]
            low, high = (options.get(key, bound) for key, bound in zip(("min", "max"), given, strict=True))
            missing = any(name and bound is None for name, bound in zip(node.input[1:], bounds, strict=True))
            bounded = x + (f" {low} max" if low is not None else "") + (f" {high} min" if high is not None else "")
            return None if missing else bounded
        case "PRelu", [str(x), str(slope)]:
            return f"{x} 0 max {x} 0 min {slope} * +"
        case "Pow", [str(x), "2.0"]:
            return f"{x} {x} *"
        case "Pow", [str(x), "3.0"]:
            return f"{x} {x} * {x} *"
    return None


def _number(graph: Graph, name: str) -> str | None:
    """Return a constant of one value, if this is one."""
    constant = graph.constants.get(name)
    if (
        constant is None
        or constant.value.size != 1
        or constant.value.ndim > 1
        or constant.value.dtype.kind not in "fiu"
    ):
        return None
    value = float(constant.value.reshape(-1)[0])
    return repr(value) if np.isfinite(value) else None


def _leaves(graph: Graph, index: int, group: Collection[int], readers: dict[str, list[int]]) -> bool:
    """Return whether something outside of a group takes the result of a node."""
    output = graph.nodes[index].output[0]
    return output in graph.outputs or any(reader not in group for reader in readers.get(output, []))


def _cone(graph: Graph, last: list[int], group: Collection[int]) -> set[int]:
    """Return the nodes of a group that those in ``last`` depend on, themselves included."""
    taken = {graph.nodes[index].output[0] for index in last}
    cone = set()
    for index in sorted(group, reverse=True):
        if graph.nodes[index].output[0] in taken:
            cone.add(index)
            taken |= set(graph.nodes[index].input)
    return cone


def _has_curve(program: str) -> bool:
    """Return whether a program needs a table: it has a curve, or a product or quotient of two functions of x."""
    words = program.split()
    if {"sigmoid", "tanh", "exp", "erf", "softplus"} & set(words):
        return True
    depends: list[bool] = []
    for word in words:
        if word in JOINS.values():
            pair = depends.pop(), depends.pop()
            if word in "*/" and all(pair):
                return True
            depends.append(any(pair))
        elif word not in ("abs", "neg"):
            depends.append(word == "x")
    return False


def _function(last: onnx.NodeProto, base: str, program: str) -> onnx.NodeProto:
    name = last.name or last.output[0]
    return onnx.helper.make_node("Function", [base], list(last.output), name=name, domain=DOMAIN, program=program)
