"""Handlers of ONNX operators that are folded into stages (arithmetic per channel, activations) or join branches."""

import math
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.order import same_order
from tospike.hw.params import require
from tospike.sim.network import Add


def arithmetic(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Add, Sub, Mul or Div with a constant per channel, or Add or Sub of two branches."""
    data = [index for index in range(2) if node.input[index] in context.tensors]
    if len(data) == 2:
        _branches(context, node, name)
        return
    require(len(data) == 1, f"{name} takes {' and '.join(node.input)}, which no supported node outputs")
    tensor = context.data(node, name, data[0])
    operand = context.values(node, 1 - data[0], name, tensor)
    factor, shift = np.ones(len(operand)), np.zeros(len(operand))
    if node.op_type == "Add":
        shift = operand
    elif node.op_type == "Mul":
        factor = operand
    elif node.op_type == "Sub":
        factor, shift = (factor, -operand) if data[0] == 0 else (-factor, operand)
    else:
        require(data[0] == 0 and bool((operand != 0).all()), f"{name} divides by data or by zero: export a Mul")
        factor = 1 / operand
    context.scale(node, tensor, factor, shift)


def _branches(context: ImportContext, node: onnx.NodeProto, name: str) -> None:
    require(node.op_type in ("Add", "Sub"), f"{name} multiplies or divides two branches: only Add and Sub join them")
    first, second = context.data(node, name, 0), context.data(node, name, 1)
    require(first.shape == second.shape, f"{name} adds samples of shapes {first.shape} and {second.shape}")
    weight = np.array([1.0, 1.0 if node.op_type == "Add" else -1.0])
    in_order = context.builder.in_order(first) and context.builder.in_order(second)
    shape = first.shape
    if not in_order:
        require(
            same_order(context.builder.order_of(first), context.builder.order_of(second)),
            f"{name} adds branches, one of which a Transpose has reordered: export the network with channels first",
        )
        shape = context.builder.image_shape(first)
    synapses = Add(shape=shape, weight=weight, bias=np.zeros(shape[0]))
    context.pass_on(node, first, context.builder.add(stage_name(node), synapses, first, second))


def batch_normalization(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import BatchNormalization as a factor and a shift per channel."""
    require(not options.get("training_mode", 0), f"{name} is in training mode: export the network for inference")
    tensor = context.data(node, name)
    vectors = [context.constant(node, index, name).value for index in range(1, 5)]
    good = all(vector.shape == tensor.shape[:1] for vector in vectors)
    require(good, f"{name} has statistics of other shapes than ({tensor.shape[0]},)")
    gamma, beta, mean, variance = (np.repeat(vector, math.prod(tensor.shape[1:])) for vector in vectors)
    require(bool((variance >= 0).all()), f"{name} has a negative variance: train or export it again")
    factor = gamma / np.sqrt(variance + options.get("epsilon", 1e-5))
    context.scale(node, tensor, factor, beta - factor * mean)


def relu(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Relu."""
    tensor = context.data(node, name)
    stage = context.builder.activate(stage_name(node), tensor, relu=True, maximum=None)
    context.pass_on(node, tensor, stage)


def clip(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Clip: a clipped ReLU, or an upper bound only; of a quantiser's integers, a narrower range."""
    tensor = context.data(node, name, takes_codes=True)
    low, high = (_bound(context, node, name, options, key, index) for index, key in enumerate(("min", "max"), 1))
    if tensor.is_code:
        bounds = [None if bound is None else int(bound) for bound in (low, high)]
        context.pass_on(node, tensor, context.builder.narrow(name, tensor, *bounds))
        return
    low = None if low is not None and low <= np.finfo(np.float32).min else low
    high = None if high is not None and high >= np.finfo(np.float32).max else high
    require(low in (0, None), f"{name} clips at {low} from below: only 0 is supported")
    require(high is None or high > 0, f"{name} clips at {high} from above: only positive bounds are supported")
    stage = context.builder.activate(stage_name(node), tensor, relu=low == 0, maximum=high)
    context.pass_on(node, tensor, stage)


def _bound(
    context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any], key: str, index: int
) -> float | None:
    """Return a bound of a Clip: an attribute before opset 11, else an input of any shape that holds one value."""
    if len(node.input) <= index or not node.input[index]:
        return None if options.get(key) is None else float(options[key])
    source = node.input[index]
    require(source in context.graph.constants, f"{name}: {source!r} depends on the input: a bound must be constant")
    value = context.graph.constants[source].value
    require(value.size == 1, f"{name}: {source!r} has shape {value.shape}, but a bound is one number")
    bound = float(value.reshape(-1)[0])
    require(not math.isnan(bound), f"{name}: {source!r} is NaN")
    return bound


def alias(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Identity, or Dropout, which does nothing at inference."""
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        mode = context.graph.constants.get(node.input[2])
        require(mode is not None and not mode.value.any(), f"{name} is in training mode: export it for inference")
    tensor = context.data(node, name, takes_codes=True)
    context.pass_on(node, tensor, tensor.stage)


def softmax(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Softmax or LogSoftmax of the logits: it keeps the largest value, so the logits become the output."""
    tensor = context.data(node, name)
    axis = options.get("axis", -1 if context.graph.opset >= 13 else 1)
    rank = len(tensor.shape) + 1
    # before opset 13, it covers its axis and all later ones
    over = (
        tensor.shape[axis % rank - 1 :]
        if context.graph.opset < 13
        else tensor.shape[axis % rank - 1 : axis % rank or None]
    )
    good = -rank <= axis < rank and axis % rank != 0 and math.prod(over) == math.prod(tensor.shape)
    require(good, f"{name} has axis {axis} of samples {tensor.shape}: only one over all classes is supported")
    require(
        node.output[0] == context.graph.output,
        f"{name} is not the last node: a softmax is only supported after the logits, where the largest one decides",
    )
    context.pass_on(node, tensor, tensor.stage)
