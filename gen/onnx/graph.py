"""An ONNX graph for the importer: nodes in order, constants folded, uses counted."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tospike.gen.files.reading import reading
from tospike.gen.nir.options import METADATA_KEY
from tospike.gen.onnx.file import read_model
from tospike.gen.onnx.fold import MOVES, Folder
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network import Array, QuantGrid, Shape

STANDARD = ("", "ai.onnx")
"""Names of ONNX's own operator domain."""


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
    """A graph with one input (batch, ...) of static size and one output."""

    proto: onnx.ModelProto
    constants: dict[str, Constant] = field(init=False)
    uses: Mapping[str, int] = field(init=False)
    """How often each tensor is used, by a node or as the output."""
    input: str = field(init=False)
    output: str = field(init=False)
    batch: int = field(init=False)
    """Number of samples that the model was exported for; 0 for any number."""
    shape: Shape = field(init=False)
    """Shape of a sample."""
    _folder: Folder = field(init=False)

    def __post_init__(self) -> None:
        graph = self.proto.graph
        self._folder = Folder(self.proto.opset_import)
        self.constants = {t.name: Constant(value=onnx.numpy_helper.to_array(t)) for t in graph.initializer}
        readers = [node for node in graph.node if node.op_type != "Shape"]
        self.uses = Counter([name for node in readers for name in node.input] + [v.name for v in graph.output])
        inputs = [value for value in graph.input if value.name not in self.constants]
        for what, values in (("inputs", inputs), ("outputs", graph.output)):
            names = ", ".join(value.name for value in values)
            require(len(values) == 1, f"{len(values)} {what} ({names}): export a model with one input and one output")
        self.input, self.output = inputs[0].name, graph.output[0].name
        dims = inputs[0].type.tensor_type.shape.dim
        sizes = [d.dim_value for d in dims]
        given = ", ".join(str(d.dim_value or d.dim_param or "?") for d in dims)
        require(
            len(sizes) >= 2 and all(size >= 1 for size in sizes[1:]),
            f"input {self.input!r} has no static shape (batch, values) but ({given}): export it with fixed sizes",
        )
        self.batch, self.shape = sizes[0], tuple(sizes[1:])
        message = f"input {self.input!r} has {math.prod(self.shape)} values: at most {SAMPLE_VALUES} are supported"
        require(math.prod(self.shape) <= SAMPLE_VALUES, message)

    @property
    def time_bins(self) -> int:
        """The number of time bins for spike trains that the metadata ``tospike`` state; 0 if they state none."""
        stated = {entry.key: entry.value for entry in self.proto.metadata_props}.get(METADATA_KEY)
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

    @property
    def nodes(self) -> list[onnx.NodeProto]:
        """All nodes, in topological order, as ONNX requires."""
        return list(self.proto.graph.node)

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


def read_graph(path: Path) -> Graph:
    """Read an ONNX file.

    Raises
    ------
    InputError
        The file is not an ONNX model with one input of static size and one output.
    """
    with reading(path, "ONNX model", "export it again"):
        return Graph(proto=read_model(path))


def label(node: onnx.NodeProto) -> str:
    """Return the node's name in messages."""
    return f"node {(node.name or node.output[0])!r} ({node.op_type})"


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the node's attributes as Python values."""
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
