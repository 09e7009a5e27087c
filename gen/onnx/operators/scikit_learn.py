"""Handlers of the operators that scikit-learn's converter writes, of the domain ``ai.onnx.ml``."""

from typing import Any

import numpy as np
import onnx

from tospike.gen.onnx.context import ImportContext, stage_name
from tospike.gen.onnx.graph import Constant
from tospike.gen.onnx.tensor import Tensor
from tospike.hw.params import require
from tospike.sim.network import Array, Dense

SCORES = {b"NONE": "Identity", b"SOFTMAX": "Softmax", b"LOGISTIC": "Sigmoid"}
"""What computes the scores, by ``post_transform``."""


def scaler(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import Scaler: an offset and a factor for each feature."""
    tensor = context.data(node, name, takes_scaling=True)
    vectors = [np.array(options.get(key, [value]), dtype=np.float64) for key, value in (("offset", 0), ("scale", 1))]
    features = tensor.shape[-1]
    require(all(len(v) in (1, features) for v in vectors), f"{name} has other than {features} offsets and scales")
    offset, factor = (np.broadcast_to(vector, tensor.shape).reshape(-1) for vector in vectors)
    context.pass_on(node, context.builder.scaled(stage_name(node), tensor, factor, -offset * factor))


def linear_regressor(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import LinearRegressor: a dense layer."""
    require(options.get("post_transform", b"NONE") == b"NONE", f"{name} has a post_transform: export it without")
    context.pass_on(node, _linear(context, node, name, options, int(options.get("targets", 1))))


def linear_classifier(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
    """Import LinearClassifier: a dense layer, whose largest result gives the label."""
    labels: list[Any] = list(options.get("classlabels_ints", []))
    labels = labels or [text.decode() for text in options.get("classlabels_strings", [])]
    classes = len(labels)
    transform = options.get("post_transform", b"NONE")
    require(transform in SCORES, f"{name} has post_transform {transform.decode()}: use SOFTMAX, LOGISTIC or NONE")
    rows = len(options["intercepts"]) if options.get("intercepts") else classes
    require(classes >= 2 and rows == classes, f"{name} has {rows} results for {classes} classes: one for each works")
    label, scores = node.output
    logits, index, keys = f"{scores}_logits", f"{label}_index", f"{label}_keys"
    context.tensors[logits] = _linear(context, node, name, options, classes)
    kind = object if isinstance(labels[0], str) else np.int64
    context.graph.constants[keys] = Constant(value=np.array(labels, dtype=kind))
    make = onnx.helper.make_node
    context.stand_ins[label] = [
        make(SCORES[transform], [logits], [scores]),
        make("ArgMax", [logits], [index], axis=1, keepdims=0),
        make("Gather", [keys, index], [label]),
    ]
    for output in (label, scores, index):
        context.answers[output] = name


def _linear(context: ImportContext, node: onnx.NodeProto, name: str, options: dict[str, Any], outputs: int) -> Tensor:
    tensor = context.data(node, name)
    tensor = context.builder.ordered(stage_name(node), tensor)
    weight: Array = np.array(options["coefficients"], dtype=np.float64)
    require(weight.size == outputs * tensor.size, f"{name} has {weight.size} coefficients for {tensor.size} features")
    bias: Array = np.array(options.get("intercepts") or [0.0] * outputs, dtype=np.float64)
    require(len(bias) == outputs, f"{name} has {len(bias)} intercepts for {outputs} results")
    stage = context.builder.add(stage_name(node), Dense(weight=weight.reshape(outputs, -1), bias=bias), tensor)
    return context.builder.stage_tensor(stage, (1, outputs))
