"""Constant folding of ONNX graphs: an allow-list of operators, and results whose size is checked beforehand."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import shape_inference
from onnx.reference import ReferenceEvaluator

from tospike.hw.params import InputError, require
from tospike.hw.params.limits import FOLDED_VALUES
from tospike.sim.network import Array

MOVES = ("Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Slice")
"""Operators that keep the values, and so the quantiser of weights."""
SHRINKS = (*MOVES, "Split", "Shape", "Size", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum")
"""Operators whose results are no larger than their operands."""
ELEMENTWISE = (
    *("Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Div", "Equal", "Exp", "Floor", "Greater"),
    *("GreaterOrEqual", "Less", "LessOrEqual", "Log", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow"),
    *("Reciprocal", "Relu", "Round", "Sign", "Sqrt", "Sub", "Sum", "Where"),
)
GROWS = ("Concat", "ConstantOfShape", "Expand", "Gather", "Gemm", "MatMul", "Pad", "Range", "Tile")
FOLDED = ("Constant", *SHRINKS, *ELEMENTWISE, *GROWS)
"""Operators that are computed if all operands are constant. Not Loop, If and Scan, which may never end."""
SHAPING = 64
"""Most values of an operand that may determine the shape of a result."""


class Folder:
    """Computes constant nodes within the model's budget of values."""

    def __init__(self, opsets: Sequence[onnx.OperatorSetIdProto]):
        self._opsets = opsets
        self._left = FOLDED_VALUES

    def fold(self, node: onnx.NodeProto, name: str, constants: Mapping[str, Array]) -> list[Array]:
        """Return the results of a node of ONNX's own domain.

        Parameters
        ----------
        name
            The node's name in messages.
        constants
            Its operands.

        Raises
        ------
        InputError
            It is not in `FOLDED`, its results are too large or of unknown size, or it cannot be computed.
        """
        require(node.op_type in FOLDED, f"{name} has constant inputs, but cannot be folded: use {', '.join(FOLDED)}")
        values = {source: constants[source] for source in node.input if source}
        self._pay(self._cost(node, name, values), name)
        inputs = [onnx.ValueInfoProto(name=source) for source in values]
        model = self._model(node, inputs, {})
        try:
            return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, values)]
        except MemoryError:
            raise
        except Exception as error:  # any failure of the evaluator is caused by the node
            detail = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(f"{name} has constant inputs, but cannot be computed ({detail})") from error

    def _pay(self, values: int, name: str) -> None:
        require(
            values <= self._left,
            f"{name} has constant inputs, but would bring this model's constants to more than {FOLDED_VALUES} values: "
            "export the model with its constants folded",
        )
        self._left -= values

    def _cost(self, node: onnx.NodeProto, name: str, values: Mapping[str, Array]) -> int:
        taken = sum(values[source].size for source in node.input if source)
        if node.op_type == "Constant":
            (attribute,) = node.attribute
            require(attribute.name != "sparse_value", f"{name} is sparse: export it dense")
            return math.prod(attribute.t.dims) if attribute.HasField("t") else len(attribute.SerializeToString())
        if node.op_type in SHRINKS:
            return 2 * taken + 1
        results = self._results(node, values)
        require(results is not None, f"{name} has constant inputs, but a result of unknown size")
        size = results or 0
        if node.op_type in ("MatMul", "Gemm"):  # each result is a sum; at least one operand has that many rows
            size *= max(max(values[source].shape, default=1) for source in values)
        return taken + size

    def _results(self, node: onnx.NodeProto, values: Mapping[str, Array]) -> int | None:
        """Return the number of values that a node outputs; ``None`` if ONNX's shape inference cannot tell."""
        infos, known = [], {}
        for source, value in values.items():
            kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
            infos.append(onnx.helper.make_tensor_value_info(source, kind, value.shape))
            if value.size <= SHAPING:
                known[source] = value
        try:
            inferred = shape_inference.infer_shapes(self._model(node, infos, known), data_prop=True)
        except Exception:  # caused by the node; the size stays unknown
            return None
        total = 0
        for output in inferred.graph.output:
            if not output.type.tensor_type.HasField("shape"):
                return None
            sizes = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in output.type.tensor_type.shape.dim]
            if min(sizes, default=0) < 0:
                return None
            total += math.prod(sizes)
        return total

    def _model(
        self, node: onnx.NodeProto, inputs: list[onnx.ValueInfoProto], known: Mapping[str, Array]
    ) -> onnx.ModelProto:
        outputs = [onnx.ValueInfoProto(name=name) for name in node.output]
        tensors = [onnx.numpy_helper.from_array(value, name) for name, value in known.items()]
        graph = onnx.helper.make_graph([node], "constant", inputs, outputs, initializer=tensors)
        return onnx.helper.make_model(graph, opset_imports=self._opsets)
