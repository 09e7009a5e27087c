"""ONNX to a float network: convolutions, dense layers, pools, residual additions, trained quantisers."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tospike.gen import onnx_quantizers as quantizers
from tospike.gen.onnx_graph import STANDARD, Constant, Graph, attributes, label, read_graph
from tospike.gen.onnx_sketch import INPUT, Sketch, Tensor
from tospike.gen.onnx_windows import read_window
from tospike.hw.params import InputError, require
from tospike.sim.network import Add, Array, AveragePool2d, Conv2d, Dense, Grid, MaxPool2d, Network, Shape, Window

SUPPORTED = (
    "Conv, Gemm, MatMul, Add, Sub, Mul, Div, BatchNormalization, Relu, Clip, MaxPool, AveragePool, GlobalAveragePool, "
    "Flatten, Reshape, Transpose of weights, Identity, Dropout, Constant, QuantizeLinear, DequantizeLinear, Quant, "
    "BipolarQuant or MultiThreshold"
)


def import_onnx(path: str | Path, *, name: str | None = None) -> Network:
    """Import an ANN.

    Parameters
    ----------
    path
        An ONNX file: one input (batch, ...) of static size, one output, the operators in ``SUPPORTED``, float weights
        in initializers, Constant nodes or behind weight quantisers. Conv, Gemm, MatMul, pools and the addition of two
        branches become stages; per-channel arithmetic, batch normalisation, activations and quantisers are folded
        into the stage before them where nothing else takes its values, and become depthwise stages where not.
    name
        Name of the network; by default made from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.Activation` stages; trained quantisers are its grids.

    Raises
    ------
    InputError
        The file is no ONNX, or holds something else; the message names the node.
    """
    file = Path(path)
    graph = None
    try:
        graph = read_graph(file)
        return _Importer(graph).network(name or identifier(file.stem))
    except InputError as error:
        raise (error if str(error).startswith(str(file)) else InputError(f"{file}: {error}")) from error


def identifier(text: str) -> str:
    """``text`` as an identifier: other characters become underscores."""
    word = re.sub(r"\W", "_", text, flags=re.ASCII)
    return word if word[:1].isalpha() or word[:1] == "_" else f"n_{word}"


Handler = Callable[[onnx.NodeProto, str, dict[str, Any]], None]


class _Importer:
    """The walk along the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sketch = Sketch(inputs=math.prod(graph.shape))
        self.tensors: dict[str, Tensor] = {}
        self._send(graph.input, INPUT, graph.shape)
        self.handlers: dict[str, Handler] = {
            "Conv": self._conv,
            "Gemm": self._gemm,
            "MatMul": self._matmul,
            "Add": self._arithmetic,
            "Sub": self._arithmetic,
            "Mul": self._arithmetic,
            "Div": self._arithmetic,
            "BatchNormalization": self._batch_normalization,
            "Relu": self._relu,
            "Clip": self._clip,
            "MaxPool": self._pool,
            "AveragePool": self._pool,
            "GlobalAveragePool": self._global_pool,
            "Flatten": self._flatten,
            "Reshape": self._reshape,
            "Identity": self._alias,
            "Dropout": self._alias,
            "QuantizeLinear": self._quantize_linear,
            "DequantizeLinear": self._dequantize_linear,
        }
        self.quantizers: dict[str, Handler] = {
            "Quant": self._quant,
            "IntQuant": self._quant,
            "BipolarQuant": self._bipolar_quant,
            "MultiThreshold": self._multi_threshold,
        }

    def network(self, name: str) -> Network:
        for node in self.graph.nodes:
            self._step(node)
        output = self.tensors.get(self.graph.output)
        last = len(self.sketch.drafts) - 1
        require(
            output is not None and output.stage == last,
            f"output {self.graph.output!r} is not what the nodes end in: export the network without other branches",
        )
        taken = {source for draft in self.sketch.drafts for source in draft.sources} | {last}
        for index, draft in enumerate(self.sketch.drafts):
            require(index in taken, f"nothing takes what node {draft.name!r} gives: export the network without it")
        return self.sketch.network(name)

    def _step(self, node: onnx.NodeProto) -> None:
        name = label(node)
        own = node.domain in quantizers.QONNX
        handler = (self.quantizers if own else self.handlers).get(node.op_type)
        if node.domain not in (*STANDARD, *quantizers.QONNX):
            raise InputError(f"{name} of domain {node.domain!r} is not supported: use {SUPPORTED}")
        if node.op_type == "Shape" and not own and node.input[0] in self.tensors:
            sizes = [self.graph.batch, *self.tensors[node.input[0]].shape]  # a batch of 0 is what Reshape keeps
            self.graph.constants[node.output[0]] = Constant(value=np.array(sizes, dtype=np.int64))
        elif self.graph.is_constant(node) and not own and node.op_type != "DequantizeLinear":
            self.graph.fold(node)
        elif handler is None:
            raise InputError(f"{name} is not supported: use {SUPPORTED}")
        else:
            handler(node, name, attributes(node))

    # ------------------------------------------------------------------------------------------------ tensors

    def _send(self, name: str, stage: int, shape: Shape, *, shared: bool = False) -> None:
        self.tensors[name] = Tensor(stage=stage, shape=shape, shared=shared or self.graph.uses[name] > 1)

    def _pass(self, node: onnx.NodeProto, tensor: Tensor, stage: int, shape: Shape | None = None) -> None:
        """``tensor`` goes on, perhaps changed by what was folded into ``stage``, perhaps reshaped."""
        shared = tensor.shared and stage == tensor.stage
        self._send(node.output[0], stage, tensor.shape if shape is None else shape, shared=shared)

    def _data(self, node: onnx.NodeProto, name: str, index: int = 0) -> Tensor:
        """The operand that depends on the network's input."""
        tensor = self.tensors.get(node.input[index])
        if tensor is None:
            raise InputError(f"{name} takes {node.input[index]!r}, which no supported node gives, as its data")
        return tensor

    def _constant(self, node: onnx.NodeProto, index: int, name: str) -> Constant:
        source = node.input[index]
        require(source in self.graph.constants, f"{name}: {source!r} depends on the input where weights are needed")
        constant = self.graph.constants[source]
        array = constant.value
        require(array.dtype.kind == "f", f"{name}: {source!r} is {array.dtype}, not a float tensor")
        require(bool(np.isfinite(array).all()), f"{name}: {source!r} holds NaN or infinity: train or export it again")
        return replace(constant, value=array.astype(np.float64))

    def _channels(self, node: onnx.NodeProto, index: int, name: str, shape: Shape) -> Array:
        """A constant that broadcasts over the batch, and over the image, as (channels,)."""
        array = self._constant(node, index, name).value
        rank = len(shape) + 1
        wanted = (1, shape[0]) + (1,) * (rank - 2)
        full = (1,) * max(rank - array.ndim, 0) + array.shape
        good = len(full) == rank and all(size in (1, want) for size, want in zip(full, wanted, strict=True))
        require(good, f"{name}: {node.input[index]!r} of shape {array.shape} is no vector for {shape[0]} channels")
        return np.broadcast_to(array.reshape(-1), (shape[0],))

    # --------------------------------------------------------------------------------------- weighted layers

    def _conv(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        constant = self._constant(node, 1, name)
        weight = constant.value
        window = read_window(options, tensor.shape, weight.shape[2:], name)
        bias = self._constant(node, 2, name).value if len(node.input) > 2 and node.input[2] else np.zeros(len(weight))
        try:
            synapses = Conv2d(
                shape=(tensor.shape[0], tensor.shape[1], tensor.shape[2]),
                weight=weight,
                bias=bias,
                stride=window.stride,
                padding=window.padding,
                groups=int(options.get("group", 1)),
                grid=_rows(constant, name),
            )
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
        self._send(node.output[0], self.sketch.add(_stage_name(node), synapses, tensor), synapses.output_shape)

    def _gemm(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        require(not options.get("transA", 0), f"{name} has transA: export it with samples in rows")
        self._dense(node, name, transposed=not options.get("transB", 0), alpha=options.get("alpha", 1.0))
        if len(node.input) > 2 and node.input[2]:
            tensor = self.tensors[node.output[0]]
            shift = options.get("beta", 1.0) * self._channels(node, 2, name, tensor.shape)
            draft = self.sketch.drafts[tensor.stage]
            draft.scale(np.ones(len(shift)), shift)

    def _matmul(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        self._dense(node, name, transposed=True, alpha=1.0)

    def _dense(self, node: onnx.NodeProto, name: str, *, transposed: bool, alpha: float) -> None:
        right = node.input[0] in self.tensors and node.input[1] not in self.tensors
        require(right, f"{name} has its weights on the left, or none: export it as data times weights")
        tensor = self._data(node, name)
        constant = self._constant(node, 1, name)
        weight = constant.value
        good = weight.ndim == 2 and weight.size >= 1
        require(good, f"{name}: {node.input[1]!r} has shape {weight.shape}, not 2 dimensions")
        scale = np.broadcast_to(constant.grid.scale if constant.grid else 1.0, weight.shape)
        if transposed:
            weight, scale = weight.T, scale.T
        require(len(tensor.shape) == 1, f"{name} gets samples of shape {tensor.shape}: put a Flatten before it")
        require(weight.shape[1] == tensor.shape[0], f"{name} takes {weight.shape[1]} values but gets {tensor.shape[0]}")
        grid = replace(constant.grid, scale=scale) if constant.grid else None
        synapses = Dense(weight=weight, bias=np.zeros(len(weight)), grid=_rows(Constant(value=weight, grid=grid), name))
        stage = self.sketch.add(_stage_name(node), synapses, tensor)
        if alpha != 1.0:
            self.sketch.drafts[stage].scale(np.full(len(weight), alpha), np.zeros(len(weight)))
        self._send(node.output[0], stage, synapses.output_shape)

    # ------------------------------------------------------------------------------- arithmetic per channel

    def _arithmetic(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        data = [index for index in range(2) if node.input[index] in self.tensors]
        if len(data) == 2:
            self._branches(node, name)
            return
        require(len(data) == 1, f"{name} takes {' and '.join(node.input)}, which no supported node gives")
        tensor = self._data(node, name, data[0])
        operand = self._channels(node, 1 - data[0], name, tensor.shape)
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
        self._pass(node, tensor, self.sketch.scale_channels(_stage_name(node), tensor, factor, shift))

    def _branches(self, node: onnx.NodeProto, name: str) -> None:
        require(
            node.op_type in ("Add", "Sub"), f"{name} multiplies or divides two branches: only Add and Sub join them"
        )
        first, second = self._data(node, name, 0), self._data(node, name, 1)
        require(first.shape == second.shape, f"{name} adds samples of shapes {first.shape} and {second.shape}")
        weight = np.array([1.0, 1.0 if node.op_type == "Add" else -1.0])
        synapses = Add(shape=first.shape, weight=weight, bias=np.zeros(first.shape[0]))
        self._send(node.output[0], self.sketch.add(_stage_name(node), synapses, first, second), first.shape)

    def _batch_normalization(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        require(not options.get("training_mode", 0), f"{name} is in training mode: export the network for inference")
        tensor = self._data(node, name)
        vectors = [self._constant(node, index, name).value for index in range(1, 5)]
        good = all(vector.shape == tensor.shape[:1] for vector in vectors)
        require(good, f"{name} has statistics of other shapes than ({tensor.shape[0]},)")
        gamma, beta, mean, variance = vectors
        require(bool((variance >= 0).all()), f"{name} has a negative variance: train or export it again")
        factor = gamma / np.sqrt(variance + options.get("epsilon", 1e-5))
        stage = self.sketch.scale_channels(_stage_name(node), tensor, factor, beta - factor * mean)
        self._pass(node, tensor, stage)

    # --------------------------------------------------------------------------------- activations and pools

    def _relu(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        stage = self.sketch.activate(_stage_name(node), tensor, relu=True, maximum=None)
        self._pass(node, tensor, stage)

    def _clip(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        bounds = [options.get("min"), options.get("max")]
        for index in (1, 2):
            if len(node.input) > index and node.input[index]:
                bounds[index - 1] = float(self._constant(node, index, name).value)
        low, high = bounds
        require(
            low in (0, None) or (low is not None and low <= np.finfo(np.float32).min),
            f"{name} clips at {low} from below: only 0 is supported",
        )
        high = None if high is None or high >= np.finfo(np.float32).max else high
        require(high is None or high > 0, f"{name} clips at {high} from above: only positive bounds are supported")
        stage = self.sketch.activate(_stage_name(node), tensor, relu=low == 0, maximum=high)
        self._pass(node, tensor, stage)

    def _pool(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        window = read_window(options, tensor.shape, tuple(options["kernel_shape"]), name)
        require(len(node.output) == 1, f"{name} has a second output, the indices: export it without")
        require(
            node.op_type == "MaxPool" or not any(window.padding) or bool(options.get("count_include_pad", 0)),
            f"{name} divides by fewer values at the padded edges: export it with count_include_pad, or without padding",
        )
        self._add_pool(node, name, tensor, window)

    def _global_pool(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        require(len(tensor.shape) == 3, f"{name} gets samples of shape {tensor.shape}, not (channels, height, width)")
        self._add_pool(node, name, tensor, Window(kernel=(tensor.shape[1], tensor.shape[2])))

    def _add_pool(self, node: onnx.NodeProto, name: str, tensor: Tensor, window: Window) -> None:
        kind = MaxPool2d if node.op_type == "MaxPool" else AveragePool2d
        try:
            synapses = kind(shape=(tensor.shape[0], tensor.shape[1], tensor.shape[2]), window=window)
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
        self._send(node.output[0], self.sketch.add(_stage_name(node), synapses, tensor), synapses.output_shape)

    # --------------------------------------------------------------------------------------------- reshaping

    def _alias(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
            mode = self.graph.constants.get(node.input[2])
            require(mode is not None and not mode.value.any(), f"{name} is in training mode: export it for inference")
        tensor = self._data(node, name)
        self._pass(node, tensor, tensor.stage)

    def _flatten(self, node: onnx.NodeProto, name: str, options: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        axis = options.get("axis", 1)
        keeps = axis in (1, -len(tensor.shape))
        require(keeps, f"{name} has axis {axis}: only axis 1, which keeps the batch, is supported")
        self._pass(node, tensor, tensor.stage, (math.prod(tensor.shape),))

    def _reshape(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        require(node.input[1] in self.graph.constants, f"{name} has a shape that depends on the input: export it fixed")
        target = [int(size) for size in self.graph.constants[node.input[1]].value.reshape(-1)]
        size = math.prod(tensor.shape)
        batch, shape = target[:1], target[1:]
        shape = [tensor.shape[i] if s == 0 and i < len(tensor.shape) else s for i, s in enumerate(shape)]
        known = math.prod(s for s in shape if s != -1)
        shape = [size // known if s == -1 and known > 0 else s for s in shape]
        good = batch in ([0], [-1], [1], [self.graph.batch]) and target.count(-1) <= 1 and math.prod(shape) == size
        good = good and (
            len(shape) == 1 or (len(tensor.shape) == 1 and len(shape) == 3) or tuple(shape) == tensor.shape
        )
        require(good, f"{name} reshapes to {target}: only (batch, {size}), or an image from a vector, is supported")
        self._pass(node, tensor, tensor.stage, tuple(shape))

    # -------------------------------------------------------------------------------------------- quantisers

    def _round(self, node: onnx.NodeProto, name: str, tensor: Tensor, grid: Grid) -> None:
        require(
            np.size(grid.scale) == 1,
            f"{name} quantises activations per channel: train it with one scale for all channels",
        )
        grid = replace(grid, scale=np.reshape(grid.scale, ()))
        self._pass(node, tensor, self.sketch.round(_stage_name(node), tensor, grid))

    def _quant(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        grid = quantizers.quant_grid(node, self.graph)
        if node.input[0] in self.graph.constants:
            constant = quantizers.quantized_constant(self._constant(node, 0, name), grid, name)
            self.graph.constants[node.output[0]] = constant
            return
        self._round(node, name, self._data(node, name), grid)

    def _bipolar_quant(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        scale = quantizers.bipolar_scale(node, self.graph)
        if node.input[0] in self.graph.constants:
            constant = quantizers.bipolar_constant(self._constant(node, 0, name), scale)
            self.graph.constants[node.output[0]] = constant
            return
        self._round(node, name, self._data(node, name), quantizers.bipolar_grid(scale))

    def _multi_threshold(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        grid, factor, shift = quantizers.threshold_grid(node, self.graph)
        require(
            len(factor) in (1, tensor.shape[0]),
            f"{name} has thresholds for {len(factor)} channels but gets {tensor.shape[0]}",
        )
        factor, shift = (np.broadcast_to(vector, tensor.shape[:1]) for vector in (factor, shift))
        stage = self.sketch.scale_channels(_stage_name(node), tensor, factor, shift)
        scaled = replace(tensor, stage=stage, shared=tensor.shared and stage == tensor.stage)
        self._round(node, name, scaled, grid)

    def _quantize_linear(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        tensor = self._data(node, name)
        self._round(node, name, tensor, quantizers.linear_grid(node, self.graph, len(tensor.shape) + 1))

    def _dequantize_linear(self, node: onnx.NodeProto, name: str, _: dict[str, Any]) -> None:
        source = node.input[0]
        if source in self.graph.constants:
            constant = self.graph.constants[source]
            grid = quantizers.linear_grid(node, self.graph, max(constant.value.ndim, 1))
            self.graph.constants[node.output[0]] = quantizers.dequantized_constant(constant, grid)
            return
        tensor = self._data(node, name)
        grid = quantizers.linear_grid(node, self.graph, len(tensor.shape) + 1)
        good = np.size(grid.scale) == 1 and self.sketch.is_on(tensor, grid)
        require(good, f"{name} has another scale or zero point than the QuantizeLinear before it: export them in pairs")
        self._pass(node, tensor, tensor.stage)


def _stage_name(node: onnx.NodeProto) -> str:
    return str(node.name or node.output[0])


def _rows(constant: Constant, name: str) -> Grid | None:
    """The grid of weights (outputs, ...) with a scale of shape () or (outputs,)."""
    grid = constant.grid
    if grid is None:
        return None
    scale = np.broadcast_to(grid.scale, constant.value.shape).reshape(len(constant.value), -1)
    per_output = bool((scale == scale[:, :1]).all())
    require(per_output, f"{name} has weight scales per input channel: train them per output channel or per tensor")
    return replace(grid, scale=scale[:, 0])
