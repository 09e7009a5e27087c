"""An ONNX graph for the importer: nodes in order, constants folded, uses counted."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import onnx

from tospike.gen.nir.options import METADATA_KEY
from tospike.gen.onnx.fold import MOVES, Folder
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network import Array, QuantGrid, Shape

STANDARD = ("", "ai.onnx")
"""Names of ONNX's own operator domain."""
ML = "ai.onnx.ml"
"""The domain of its operators of classical machine learning."""
MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant:
    """A tensor that does not depend on the input."""

    value: Array
    grid: QuantGrid | None = None
    """Grid of a quantised tensor; its scale broadcasts to ``value``."""
    obstacle: str = ""
    """Why it cannot be used as weights, if so."""


@dataclass(kw_only=True, eq=False)
class Graph:
    """A graph with one input of static size, which may have a batch as its first axis."""

    proto: onnx.ModelProto
    is_batched: bool = True
    """Whether the first axis of the input is the batch, if its size does not tell."""
    nodes: list[onnx.NodeProto] = field(init=False)
    """The nodes that the outputs depend on, in topological order, as ONNX requires."""
    constants: dict[str, Constant] = field(init=False)
    uses: Mapping[str, int] = field(init=False)
    """How often each tensor is used, by a node or as the output."""
    input: str = field(init=False)
    outputs: tuple[str, ...] = field(init=False)
    batch: int = field(init=False)
    """Number of samples that the model was exported for; 0 for any number."""
    dims: Shape = field(init=False)
    """Shape of the input for one sample, with the batch if it has one."""
    _folder: Folder = field(init=False)

    def __post_init__(self) -> None:
        graph = self.proto.graph
        self._folder = Folder(self.proto.opset_import)
        self.constants = {t.name: Constant(value=onnx.numpy_helper.to_array(t)) for t in graph.initializer}
        self.outputs = tuple(value.name for value in graph.output)
        self.nodes = needed_nodes(graph.node, self.outputs)
        readers = [node for node in self.nodes if node.op_type != "Shape"]
        self.uses = Counter([name for node in readers for name in node.input] + list(self.outputs))
        inputs = [value for value in graph.input if value.name not in self.constants]
        names = ", ".join(value.name for value in inputs)
        require(len(inputs) == 1, f"{len(inputs)} inputs ({names}): export a model with one input and one output")
        require(len(self.outputs) >= 1, "0 outputs: export a model with one input and one output")
        self.input = inputs[0].name
        dims = inputs[0].type.tensor_type.shape.dim
        given = ", ".join(str(d.dim_value or d.dim_param or "?") for d in dims)
        sizes = [d.dim_value for d in dims]
        require(
            len(sizes) >= 1 and all(size >= 1 for size in sizes[1:]) and (len(sizes) >= 2 or sizes[0] >= 1),
            f"input {self.input!r} has no static shape (batch, values) but ({given}): export it with fixed sizes",
        )
        self.is_batched = sizes[0] <= 1 or (self.is_batched and len(sizes) >= 2)
        self.batch = max(sizes[0], 0) if self.is_batched else 1
        self.dims = (1, *sizes[1:]) if self.is_batched else tuple(sizes)
        message = f"input {self.input!r} has {math.prod(self.dims)} values: at most {SAMPLE_VALUES} are supported"
        require(math.prod(self.dims) <= SAMPLE_VALUES, message)

    @property
    def sample(self) -> Shape:
        """Shape of a sample, without the batch."""
        return self.dims[1:] if self.is_batched and len(self.dims) > 1 else self.dims

    @property
    def input_type(self) -> np.dtype:
        """Type of the input."""
        kind = next(v.type.tensor_type.elem_type for v in self.proto.graph.input if v.name == self.input)
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind or onnx.TensorProto.FLOAT))

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata of the file."""
        return {entry.key: entry.value for entry in self.proto.metadata_props}

    @property
    def time_bins(self) -> int:
        """The number of time bins for spike trains that the metadata ``tospike`` state; 0 if they state none."""
        stated = self.metadata.get(METADATA_KEY)
        try:
            frames = int(json.loads(stated)["time_bins"]) if stated is not None else 0
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f'metadata {METADATA_KEY!r} are {stated!r}, not {{"time_bins": NUMBER}}: correct them'
            ) from None
        require(frames >= 0, f"metadata {METADATA_KEY!r} state {frames} time bins: give 1 or more")
        return frames

    @property
    def opset(self) -> int:
        """The version of ONNX's own operator set."""
        return max((entry.version for entry in self.proto.opset_import if entry.domain in STANDARD), default=1)

    def is_constant(self, node: onnx.NodeProto) -> bool:
        """Return whether the node's result does not depend on the input."""
        return all(name in self.constants for name in node.input if name)

    def fold(self, node: onnx.NodeProto) -> None:
        """Compute a node of ONNX's own domain whose inputs are constants.

        Raises
        ------
        InputError
            The node cannot be computed.
        """
        values = {name: self.constants[name].value for name in node.input if name}
        results = self._folder.fold(node, label(node), values)
        grid, obstacle = self._moved_grid(node)
        for name, value in zip(node.output, results, strict=True):
            self.constants[name] = Constant(value=value, grid=grid, obstacle=obstacle)

    def _moved_grid(self, node: onnx.NodeProto) -> tuple[QuantGrid | None, str]:
        """Return the grid of a constant whose values were only moved: weights are often transposed after
        quantisation."""
        source = self.constants[node.input[0]] if node.input and node.op_type in MOVES else None
        if source is None or source.grid is None:
            return None, source.obstacle if source else ""
        values = {name: self.constants[name].value for name in node.input if name}
        values[node.input[0]] = np.broadcast_to(source.grid.scale, source.value.shape)
        (scale,) = self._folder.fold(node, label(node), values)
        return QuantGrid(scale=scale, qmin=source.grid.qmin, qmax=source.grid.qmax), ""


def needed_nodes(nodes: Iterable[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Return the nodes that ``outputs`` depend on, in their order."""
    needed, kept = set(outputs), []
    for node in reversed(list(nodes)):
        if needed & set(node.output):
            needed |= {name for name in node.input if name}
            kept.append(node)
    return kept[::-1]


def label(node: onnx.NodeProto) -> str:
    """Return the node's name in messages."""
    return f"node {(node.name or node.output[0])!r} ({node.op_type})"


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the node's attributes as Python values."""
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def integer_bounds(kind: np.dtype) -> tuple[int, int] | None:
    """Return the least and greatest value of an integer type; ``None`` for other types."""
    try:
        bounds = ml_dtypes.iinfo(kind)
    except ValueError:
        return None
    return int(bounds.min), int(bounds.max)
