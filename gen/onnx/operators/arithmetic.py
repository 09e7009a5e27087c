"""Handlers of ONNX operators that are folded into stages (arithmetic per channel) or join branches."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.order import same_order
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.hw.params import InputError, require
from tospike.sim.network import Add, Array


def arithmetic(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Add, Sub, Mul or Div with a constant, or Add or Sub of two branches."""
    data = [index for index in range(2) if node.input[index] not in context.graph.constants]
    if len(data) == 2:
        require(
            node.op_type in ("Add", "Sub"), f"{name} multiplies or divides two branches: only Add and Sub join them"
        )
        sign = 1.0 if node.op_type == "Add" else -1.0
        first, second = context.data(node, name, 0), context.data(node, name, 1)
        context.pass_on(node, _joined(context, node, name, first, second, sign))
        return
    tensor = context.data(node, name, data[0], takes_scaling=True)
    _old_broadcast(context, node, options, 1 - data[0], tensor)
    tensor, operand = context.values(node, 1 - data[0], name, tensor)
    factor, shift = np.ones(len(operand)), np.zeros(len(operand))
    match node.op_type:
        case "Add":
            shift = operand
        case "Mul":
            factor = operand
        case "Sub":
            factor, shift = (factor, -operand) if data[0] == 0 else (-factor, operand)
        case "Div":
            require(data[0] == 0 and bool((operand != 0).all()), f"{name} divides by data or by zero: export a Mul")
            factor = 1 / operand
        case other:
            raise InputError(f"{name}: there is no arithmetic {other}")
    context.pass_on(node, context.builder.scaled(stage_name(node), tensor, factor, shift))


def sum_(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Sum of branches."""
    total = context.data(node, name, 0)
    for index in range(1, len(node.input)):
        total = _joined(context, node, name, total, context.data(node, name, index), 1.0)
    context.pass_on(node, total)


def negate(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Neg."""
    tensor = context.data(node, name, takes_scaling=True)
    made = context.builder.scaled(stage_name(node), tensor, np.full(tensor.size, -1.0), np.zeros(tensor.size))
    context.pass_on(node, made)


def _old_broadcast(
    context: ImportContext, node: onnx.NodeProto, options: dict[str, Any], index: int, tensor: Tensor
) -> None:
    """Give a constant the shape in which it broadcasts, where operators before opset 7 state an axis for it."""
    if "axis" not in options or not options.get("broadcast", 0):
        return
    constant = context.graph.constants[node.input[index]]
    missing = len(tensor.shape) - int(options["axis"]) - constant.value.ndim
    if missing > 0:
        reshaped = constant.value.reshape(*constant.value.shape, *[1] * missing)
        context.graph.constants[node.input[index]] = type(constant)(value=reshaped)


def _joined(
    context: ImportContext, node: onnx.NodeProto, name: str, first: Tensor, second: Tensor, sign: float
) -> Tensor:
    """Return the sum or difference of two branches."""
    builder = context.builder
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        raise InputError(f"{name} adds tensors of shapes {first.shape} and {second.shape}") from None
    first, second = (context.broadcast(tensor, shape, name) for tensor in (first, second))
    in_order = builder.in_order(first) and builder.in_order(second)
    images = builder.image_at(first.stage), builder.image_at(second.stage)
    alike = builder.is_whole(first) and builder.is_whole(second) and images[0] == images[1]
    if not in_order and not (alike and same_order(builder.order_of(first), builder.order_of(second))):
        first, second = (builder.ordered(stage_name(node), tensor) for tensor in (first, second))
        images = builder.image_at(first.stage), builder.image_at(second.stage)
    image = images[0] if images[0] == images[1] else (first.size, 1, 1)
    order = builder.order_of(first)
    synapses = Add(shape=image, weight=np.array([1.0, sign]), bias=np.zeros(image[0]))
    made = builder.stage_tensor(builder.add(stage_name(node), synapses, first, second), shape)
    return made if order is None else made.moved(order.reshape(shape), outputs=made.size)


def batch_normalization(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import BatchNormalization as a factor and a shift per channel."""
    require(not options.get("training_mode", 0), f"{name} is in training mode: export the network for inference")
    tensor = context.data(node, name, takes_scaling=True)
    vectors = [context.constant(node, index, name).value for index in range(1, 5)]
    require(len(tensor.shape) >= 2, f"{name} gets a tensor of shape {tensor.shape}, not (1, channels, ...)")
    channels = tensor.shape[1]
    context.require_batch(name, kept=tensor.shape[0] == 1)
    require(
        all(vector.shape == (channels,) for vector in vectors),
        f"{name} has statistics of other shapes than ({channels},)",
    )
    gamma, beta, mean, variance = vectors
    require(bool((variance >= 0).all()), f"{name} has a negative variance: train or export it again")
    factor = gamma / np.sqrt(variance + options.get("epsilon", 1e-5))
    each: list[Array] = [
        np.broadcast_to(vector.reshape(-1, *[1] * (len(tensor.shape) - 2)), tensor.shape).reshape(-1)
        for vector in (factor, beta - factor * mean)
    ]
    require(math.prod(tensor.shape) == len(each[0]), f"{name} has other channels")
    context.pass_on(node, context.builder.scaled(stage_name(node), tensor, *each))


def alias(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Identity, Cast of a float type or of an input of integers to a float type, or Dropout, which does nothing
    at inference."""
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        mode = context.graph.constants.get(node.input[2])
        require(mode is not None and not mode.value.any(), f"{name} is in training mode: export it for inference")
    if node.op_type == "Cast":
        kind = onnx.helper.tensor_dtype_to_np_dtype(int(options["to"]))
        require(
            kind in (np.float32, np.float64, np.float16),
            f"{name} casts to {kind}: only floating point is supported between layers",
        )
    tensor = context.data(node, name, takes_codes=True, takes_scaling=True)
    if node.op_type == "Cast" and tensor.is_code:
        is_input = tensor.stage == INPUT and context.builder.grid is None
        plain = replace(tensor, is_code=False)
        tensor = plain if is_input else context.builder.dequantized(stage_name(node), tensor, 1.0, 0.0)
    context.pass_on(node, tensor)
