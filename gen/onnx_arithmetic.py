"""ONNX operators that are folded into stages: arithmetic per channel, activations, reshaping; and joined branches."""

import math
from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx_walk import Walk, stage_name
from tospike.hw.params import require
from tospike.sim.network import Add


def arithmetic(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Add, Sub, Mul or Div with a constant per channel; Add or Sub of two branches."""
    data = [index for index in range(2) if node.input[index] in walk.tensors]
    if len(data) == 2:
        _branches(walk, node, name)
        return
    require(len(data) == 1, f"{name} takes {' and '.join(node.input)}, which no supported node gives")
    tensor = walk.data(node, name, data[0])
    operand = walk.channels(node, 1 - data[0], name, tensor.shape)
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
    walk.pass_on(node, tensor, walk.sketch.scale_channels(stage_name(node), tensor, factor, shift))


def _branches(walk: Walk, node: onnx.NodeProto, name: str) -> None:
    require(node.op_type in ("Add", "Sub"), f"{name} multiplies or divides two branches: only Add and Sub join them")
    first, second = walk.data(node, name, 0), walk.data(node, name, 1)
    require(first.shape == second.shape, f"{name} adds samples of shapes {first.shape} and {second.shape}")
    weight = np.array([1.0, 1.0 if node.op_type == "Add" else -1.0])
    synapses = Add(shape=first.shape, weight=weight, bias=np.zeros(first.shape[0]))
    walk.send(node.output[0], walk.sketch.add(stage_name(node), synapses, first, second), first.shape)


def batch_normalization(walk: Walk, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """BatchNormalization, folded as a factor and a shift per channel."""
    require(not options.get("training_mode", 0), f"{name} is in training mode: export the network for inference")
    tensor = walk.data(node, name)
    vectors = [walk.constant(node, index, name).value for index in range(1, 5)]
    good = all(vector.shape == tensor.shape[:1] for vector in vectors)
    require(good, f"{name} has statistics of other shapes than ({tensor.shape[0]},)")
    gamma, beta, mean, variance = vectors
    require(bool((variance >= 0).all()), f"{name} has a negative variance: train or export it again")
    factor = gamma / np.sqrt(variance + options.get("epsilon", 1e-5))
    stage = walk.sketch.scale_channels(stage_name(node), tensor, factor, beta - factor * mean)
    walk.pass_on(node, tensor, stage)


def relu(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Relu."""
    tensor = walk.data(node, name)
    stage = walk.sketch.activate(stage_name(node), tensor, relu=True, maximum=None)
    walk.pass_on(node, tensor, stage)


def clip(walk: Walk, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Clip from 0 or from nowhere: clipped ReLU."""
    tensor = walk.data(node, name)
    bounds = [options.get("min"), options.get("max")]
    for index in (1, 2):
        if len(node.input) > index and node.input[index]:
            bounds[index - 1] = float(walk.constant(node, index, name).value)
    low, high = bounds
    require(
        low in (0, None) or (low is not None and low <= np.finfo(np.float32).min),
        f"{name} clips at {low} from below: only 0 is supported",
    )
    high = None if high is None or high >= np.finfo(np.float32).max else high
    require(high is None or high > 0, f"{name} clips at {high} from above: only positive bounds are supported")
    stage = walk.sketch.activate(stage_name(node), tensor, relu=low == 0, maximum=high)
    walk.pass_on(node, tensor, stage)


def alias(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Identity, or Dropout, which does nothing at inference."""
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        mode = walk.graph.constants.get(node.input[2])
        require(mode is not None and not mode.value.any(), f"{name} is in training mode: export it for inference")
    tensor = walk.data(node, name)
    walk.pass_on(node, tensor, tensor.stage)


def flatten(walk: Walk, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Flatten to (batch, values)."""
    tensor = walk.data(node, name)
    axis = options.get("axis", 1)
    keeps = axis in (1, -len(tensor.shape))
    require(keeps, f"{name} has axis {axis}: only axis 1, which keeps the batch, is supported")
    walk.pass_on(node, tensor, tensor.stage, (math.prod(tensor.shape),))


def reshape(walk: Walk, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
    """Reshape of a sample to a vector, or of a vector to an image."""
    tensor = walk.data(node, name)
    require(node.input[1] in walk.graph.constants, f"{name} has a shape that depends on the input: export it fixed")
    target = [int(size) for size in walk.graph.constants[node.input[1]].value.reshape(-1)]
    size = math.prod(tensor.shape)
    batch, shape = target[:1], target[1:]
    shape = [tensor.shape[i] if s == 0 and i < len(tensor.shape) else s for i, s in enumerate(shape)]
    known = math.prod(s for s in shape if s != -1)
    shape = [size // known if s == -1 and known > 0 else s for s in shape]
    good = batch in ([0], [-1], [1], [walk.graph.batch]) and target.count(-1) <= 1 and math.prod(shape) == size
    good = good and (len(shape) == 1 or (len(tensor.shape) == 1 and len(shape) == 3) or tuple(shape) == tensor.shape)
    require(good, f"{name} reshapes to {target}: only (batch, {size}), or an image from a vector, is supported")
    walk.pass_on(node, tensor, tensor.stage, tuple(shape))
