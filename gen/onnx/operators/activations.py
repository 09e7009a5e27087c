"""Handlers of ONNX operators that are activations: bounds, and slopes that two bounded halves make up."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.tensor import INPUT, Tensor
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, Conv2d, Dense, Pointwise, QuantGrid
from tospike.sim.network.pointwise import WIDE

LARGEST = float(np.finfo(np.float32).max)


def relu(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Relu."""
    context.pass_on(node, context.builder.activate(stage_name(node), context.data(node, name), 0.0, None))


def clip(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Clip; of a quantiser's integers, a narrower range."""
    tensor = context.data(node, name, takes_codes=True)
    low, high = (_bound(context, node, name, options, key, index) for index, key in enumerate(("min", "max"), 1))
    if tensor.is_code:
        bounds = [None if bound is None else int(bound) for bound in (low, high)]
        context.pass_on(node, context.builder.narrow(name, tensor, *bounds))
        return
    _bounded(context, node, tensor, low, high)


def extreme(context: ImportContext, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Import Max or Min of data and constants of one value: a bound."""
    data = [index for index, source in enumerate(node.input) if source not in context.graph.constants]
    require(len(data) == 1, f"{name} compares {len(data)} branches, which no hardware does: one and constants work")
    tensor = context.data(node, name, data[0])
    values = []
    for index in range(len(node.input)):
        if index not in data:
            tensor, each = context.values(node, index, name, tensor)
            require(bool((each == each[0]).all()), f"{name} has a bound for each value: only one for all is supported")
            values.append(float(each[0]))
    match node.op_type:
        case "Max":
            _bounded(context, node, tensor, max(values, default=None), None)
        case "Min":
            _bounded(context, node, tensor, None, min(values, default=None))
        case other:
            raise InputError(f"{name}: there is no bound {other}")


def function(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import a function of one variable, which a table computes: see `tospike.gen.onnx.functions`."""
    program = Pointwise(program=options["program"].decode())
    values = program(WIDE)
    require(bool(np.isfinite(values[np.abs(WIDE) <= 1]).all()), f"{name} has no finite value for some inputs up to 1")
    context.pass_on(node, context.builder.function(stage_name(node), context.data(node, name), program))


def hard_sigmoid(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import HardSigmoid: a line between 0 and 1."""
    tensor = context.data(node, name, takes_scaling=True)
    slope, middle = (np.full(tensor.size, options.get(key, value)) for key, value in (("alpha", 0.2), ("beta", 0.5)))
    scaled = context.builder.scaled(stage_name(node), tensor, slope, middle)
    _bounded(context, node, scaled, 0.0, 1.0)


def slopes(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import LeakyRelu, PRelu or Abs: positive and negative values, each with a ReLU, and their weighted sum."""
    tensor = context.data(node, name)
    match node.op_type:
        case "LeakyRelu":
            slope = np.full(tensor.size, float(options.get("alpha", 0.01)))
        case "Abs":
            slope = np.full(tensor.size, -1.0)
        case "PRelu":
            size = tensor.size
            tensor, slope = context.values(node, 1, name, tensor)
            require(tensor.size == size, f"{name} has slopes of another shape than its data, {tensor.shape}")
        case other:
            raise InputError(f"{name}: there is no activation {other}")
    builder = context.builder
    if not builder.is_whole(tensor):
        tensor = builder.ordered(stage_name(node), tensor)
    order = builder.order_of(tensor)
    by_stage = slope if order is None else slope[np.argsort(order)]
    image = builder.image_at(tensor.stage)
    each = by_stage.reshape(image[0], -1)
    require(bool((each == each[:, :1]).all()), f"{name} has a slope for each value: one for each channel is supported")
    halves = _halves(context, node, tensor, each[:, 0])
    count = image[0]
    weight = np.concatenate([np.eye(count), np.diag(-np.sign(each[:, 0]))], axis=1).reshape(count, 2 * count, 1, 1)
    grid = QuantGrid(scale=np.ones(count), qmin=-1, qmax=1)
    shape = (2 * count, *image[1:])
    synapses = Conv2d(shape=shape, weight=weight, bias=np.zeros(count), grid=grid)
    stage = builder.add(f"{stage_name(node)}_sum", synapses, halves)
    context.pass_on(node, replace(tensor, stage=stage, order=order, shared=False))


def _halves(context: ImportContext, node: onnx.NodeProto, tensor: Tensor, slope: Array) -> Tensor:
    """Return twice the channels: relu(x), and relu(-|slope| x)."""
    builder, count = context.builder, len(slope)
    image = builder.image_at(tensor.stage)
    factor = np.concatenate([np.ones(count), -np.abs(slope)])
    draft = None if tensor.stage == INPUT or tensor.shared else builder.drafts[tensor.stage]
    synapses = None if draft is None else draft.synapses
    can = isinstance(synapses, Dense) or (isinstance(synapses, Conv2d) and synapses.groups == 1)
    if draft is not None and draft.is_linear and can:
        draft.select(np.tile(np.arange(count), 2))
        draft.scale(factor, np.zeros(2 * count))
        stage = tensor.stage
    else:
        weight = np.tile(np.eye(count), (2, 1)) * factor[:, None]
        grid = QuantGrid(scale=np.where(factor == 0, 1.0, np.abs(factor)), qmin=-1, qmax=1)
        made = Conv2d(shape=image, weight=weight.reshape(2 * count, count, 1, 1), bias=np.zeros(2 * count), grid=grid)
        stage = builder.add(stage_name(node), made, tensor)
        draft = builder.drafts[stage]
    draft.clip(0.0, None, stage_name(node))
    return builder.stage_tensor(stage, (1, 2 * count, *image[1:]))


def _bounded(
    context: ImportContext, node: onnx.NodeProto, tensor: Tensor, low: float | None, high: float | None
) -> None:
    low = None if low is None or low <= -LARGEST else low
    high = None if high is None or high >= LARGEST else high
    if low is None and high is None:
        context.pass_on(node, tensor)
        return
    context.pass_on(node, context.builder.activate(stage_name(node), tensor, low, high))


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
