"""What a file computes from the network's outputs: probabilities, the class, a label, another layout.

These nodes need no hardware. `import_onnx` checks on large logits that they choose the class of the largest one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.explicit import explicit
from tospike.gen.onnx.graph import ML, STANDARD, attributes, label, needed_nodes
from tospike.gen.onnx.tensor import NOTHING
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, QuantGrid, Shape

FIRST = (
    *("ArgMax", "Exp", "Greater", "GreaterOrEqual", "Hardmax", "Less", "LessOrEqual", "LogSoftmax", "Sigmoid"),
    *("Softmax", "Softplus", "Tanh", "TopK"),
)
"""Operators that turn the network's outputs into an answer."""
FURTHER = (
    *(*FIRST, "Add", "ArgMin", "Cast", "Clip", "Concat", "DequantizeLinear", "Div", "Equal", "Flatten", "Gather"),
    *("Identity", "Log", "Max", "Min", "Mul", "Neg", "Not", "QuantizeLinear", "ReduceMax", "ReduceMean"),
    *("ReduceSum", "Reshape", "Round", "Slice", "Split", "Squeeze", "Sub", "Transpose", "Unsqueeze", "Where"),
)
"""Operators that may follow them."""
SCIKIT_LEARN = ("ArrayFeatureExtractor", "Binarizer", "LabelEncoder", "Normalizer", "ZipMap")
"""Operators of the domain ``ai.onnx.ml`` that may follow them."""
MOST_CLASSES = 2048
"""Most outputs for which the class is checked."""
ROWS = 1 << 12
"""Samples computed at a time."""


def is_answer(context: ImportContext, node: onnx.NodeProto) -> bool:
    """Return whether a node computes an answer, and record its outputs if so."""
    begun = [context.answers[source] for source in node.input if source in context.answers]
    standard = node.domain in STANDARD
    known = (standard and node.op_type in (FURTHER if begun else FIRST)) or (
        bool(begun) and node.domain == ML and node.op_type in SCIKIT_LEARN
    )
    first = begun[0] if begun else label(node)
    if not known or not (begun or any(source in context.tensors for source in node.input)):
        return False
    for output in node.output:
        context.answers[output] = first
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Outputs of the network in the shape, order and type of a tensor of the file."""

    shape: Shape
    """With the batch."""
    order: Array | None
    type: np.dtype[Any]
    code: QuantGrid | None = None
    """The grid of integers that the outputs represent, if the tensor holds those."""

    def __call__(self, outputs: Array, rows: int) -> Array:
        """Return (N, outputs) as the tensor, with ``rows`` samples in its batch."""
        if self.order is not None:
            outputs = np.where(self.order == NOTHING, 0.0, outputs[:, self.order])
        if self.code is not None:
            outputs = self.code.levels(outputs)
        shape = (rows, *self.shape[1:]) if rows > 1 else self.shape
        return outputs.reshape(shape).astype(self.type)


@dataclass(frozen=True, kw_only=True, eq=False)
class FileAnswers:
    """The outputs of an ONNX file, computed from those of its network."""

    names: tuple[str, ...]
    """Outputs of the file."""
    sources: dict[str, Source]
    """Tensors that are outputs of the network."""
    model: onnx.ModelProto | None
    """The nodes that compute the other outputs."""
    keys: dict[str, tuple[str, Sequence[Any]]] = field(default_factory=dict)
    """For each ZipMap: the tensor with its values, and the keys of their dictionaries."""
    batch: int = 0
    """Samples that the file takes at a time; 0: any number."""

    def arrays(self, outputs: Array) -> dict[str, Array]:
        """Return the file's outputs for (N, outputs) logits; those of a ZipMap as one array (N, classes)."""
        size = {0: ROWS, 1: 1}.get(self.batch, self.batch)
        if any(not source.shape or source.shape[0] != 1 for source in self.sources.values()):
            size = 1  # without a batch in it, each sample is on its own
        parts = []
        for start in range(0, len(outputs), size):
            rows = outputs[start : start + size]
            short = size - len(rows) if self.batch > 1 else 0
            found = self._run(np.concatenate([rows, np.repeat(rows[-1:], short, axis=0)]) if short else rows)
            parts.append({name: value[: len(rows)] if short else value for name, value in found.items()})
        return {name: _joined([part[name] for part in parts], size) for name in self.names}

    def values(self, outputs: Array, *, is_alone: bool = False) -> dict[str, Any]:
        """Return the file's outputs as its runtime does: those of a ZipMap as a dictionary for each sample.

        With ``is_alone``, ``outputs`` are those of the only sample that the file takes, and the results have no other
        axes than in the file.
        """
        found: dict[str, Any] = self._run(outputs) if is_alone else self.arrays(outputs)
        for name, (_, keys) in self.keys.items():
            found[name] = [dict(zip(keys, row, strict=True)) for row in found[name].tolist()]
        return found

    def _run(self, outputs: Array) -> dict[str, Array]:
        given = {name: source(outputs, len(outputs)) for name, source in self.sources.items()}
        found = dict(given)
        if self._evaluator is not None:
            wanted = [value.name for value in self._evaluator.proto_.graph.output]
            found |= dict(zip(wanted, self._evaluator.run(wanted, given), strict=True))
        return {name: np.asarray(found[self.keys[name][0] if name in self.keys else name]) for name in self.names}

    @cached_property
    def _evaluator(self) -> ReferenceEvaluator | None:
        return None if self.model is None else ReferenceEvaluator(self.model)


def _joined(parts: list[Array], size: int) -> Array:
    if all(part.ndim >= 1 and (size > 1 or part.shape[0] == 1) for part in parts):
        return np.concatenate(parts)
    return np.stack(parts)


def read_answers(context: ImportContext) -> FileAnswers:
    """Return what the file computes from the outputs of the last layer.

    Raises
    ------
    InputError
        An output depends on other layers, or a node chooses another class than that of the largest logit.
    """
    graph = context.graph
    every = [made for node in graph.nodes for made in context.stand_ins.get(node.output[0], [node])]
    nodes = [node for node in needed_nodes(every, graph.outputs) if node.output[0] in context.answers]
    used = [*graph.outputs, *(name for node in nodes for name in node.input if name)]
    sources = {name: _source(context, name) for name in used if name in context.tensors}
    for name in graph.outputs:
        known = name in context.answers or name in sources
        require(known, f"output {name!r} does not depend on the input, or is not supported: export it without it")
    keys = {node.output[0]: (node.input[0], _keys(node)) for node in nodes if node.op_type == "ZipMap"}
    computing = [node for node in nodes if node.op_type != "ZipMap"]
    shapes = {name: source.shape for name, source in sources.items()}
    left = [made for node in computing for made in explicit(node, shapes, graph)]
    model = None
    if left:
        computed = [name for name in graph.outputs if name not in keys and name not in sources]
        computed += [source for source, _ in keys.values() if source not in sources and source not in computed]
        constants = {name for node in left for name in node.input if name in graph.constants}
        made = onnx.helper.make_graph(
            left,
            "answers",
            [onnx.ValueInfoProto(name=name) for name in sources],
            [onnx.ValueInfoProto(name=name) for name in computed],
            initializer=[onnx.numpy_helper.from_array(np.asarray(graph.constants[n].value), n) for n in constants],
        )
        model = onnx.helper.make_model(made, opset_imports=graph.proto.opset_import)
    answers = FileAnswers(names=graph.outputs, sources=sources, model=model, keys=keys, batch=graph.batch)
    if model is not None:
        _check_class(answers, context)
    return answers


def _source(context: ImportContext, name: str) -> Source:
    tensor, last = context.tensors[name], len(context.builder.drafts) - 1
    require(last >= 0, "there are no layers: nothing to compute")
    require(
        tensor.stage == last,
        f"output {_read_by(context, name)!r} is not the result of the last layer alone: export the network without "
        "other branches",
    )
    declared = {v.name: v.type.tensor_type.elem_type for v in context.graph.proto.graph.output}.get(name, 0)
    given = context.graph.input_type
    kind = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(declared)) if declared else given
    if tensor.is_code:
        code = context.builder.code_of(tensor)
        own = np.dtype(np.min_scalar_type(code.qmax) if code.qmin >= 0 else np.int8)
        return Source(shape=tensor.shape, order=tensor.order, type=kind if kind.kind in "iu" else own, code=code)
    return Source(shape=tensor.shape, order=tensor.order, type=kind if kind.kind == "f" else np.dtype(np.float32))


def _read_by(context: ImportContext, name: str) -> str:
    """Return the first output of the file that depends on a tensor."""
    graph = context.graph
    return next(
        (output for output in graph.outputs if output == name or _depends(context, output, name)), graph.outputs[0]
    )


def _depends(context: ImportContext, output: str, name: str) -> bool:
    return any(name in node.input for node in needed_nodes(context.graph.nodes, (output,)))


def _keys(node: onnx.NodeProto) -> Sequence[Any]:
    options = attributes(node)
    return options.get("classlabels_int64s") or [text.decode() for text in options["classlabels_strings"]]


def _check_class(answers: FileAnswers, context: ImportContext) -> None:
    """Check with one large logit after another that the file chooses its class."""
    count = context.builder.outputs(len(context.builder.drafts) - 1)
    if not 2 <= count <= MOST_CLASSES:
        return
    alone = replace(answers, batch=max(1, answers.batch))  # so that nothing can compare samples with one another
    try:
        found = alone.arrays(np.repeat(16.0 * np.eye(count) - 8.0, alone.batch, axis=0))
    except Exception as error:  # any failure of the evaluator is caused by the nodes
        detail = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"the nodes after the last layer cannot be computed ({detail})") from error
    for name, value in found.items():
        if len(value) != count * alone.batch:
            continue
        rows = value[:: alone.batch].reshape(count, -1)
        scores = value.dtype.kind == "f" and rows.shape[1] == count
        chosen = bool((rows.argmax(axis=1) == np.arange(count)).all()) if scores else True
        if rows.shape[1] == 1 and value.dtype.kind in "iuO":
            chosen = len(set(rows[:, 0].tolist())) == count
        require(
            chosen,
            f"output {name!r} does not choose the class of the largest of the network's {count} outputs: export the "
            "network up to its last layer",
        )
