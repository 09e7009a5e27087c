"""Trained quantisers in ONNX files: QuantizeLinear and DequantizeLinear, QONNX's Quant, BipolarQuant, MultiThreshold.

QONNX's operators are defined in https://github.com/fastmachinelearning/qonnx/tree/main/docs/qonnx-custom-ops.
"""

import numpy as np
import onnx

from tospike.gen.onnx_graph import Constant, Graph, attributes, label
from tospike.hw.params import IntFormat, require
from tospike.sim.network import Array, Grid

QONNX = ("onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general")
"""The domains under which QONNX's operators are found."""


def quant_grid(node: onnx.NodeProto, graph: Graph) -> Grid:
    """The grid of a Quant (also called IntQuant)."""
    name, options = label(node), attributes(node)
    scale, zero, bits = (_operand(node, graph, index) for index in (1, 2, 3))
    mode = options.get("rounding_mode", b"ROUND").decode()
    require(mode in ("ROUND", "HALF_EVEN"), f"{name} rounds by {mode}: only ROUND is supported")
    require(bits.size == 1 and zero.size == 1, f"{name} has bits or zero points per channel: give one of each")
    width = int(bits.item())
    signed, narrow = bool(options.get("signed", 1)), bool(options.get("narrow", 0))
    require(1 + signed <= width <= 8, f"{name} has {width} bits: 1 (unsigned or BipolarQuant) to 8 are supported")
    fmt = IntFormat(bits=width, signed=signed)
    low = fmt.min + (narrow and signed)
    return Grid(scale=scale, low=low, high=fmt.max - (narrow and not signed), zero=float(zero.item()))


def linear_grid(node: onnx.NodeProto, graph: Graph, rank: int) -> Grid:
    """The grid of a QuantizeLinear or DequantizeLinear on a tensor of ``rank`` dimensions."""
    name = label(node)
    scale = _operand(node, graph, 1)
    zero: Array = np.zeros((), np.uint8)
    if len(node.input) > 2 and node.input[2]:
        zero = _operand(node, graph, 2)
    require(zero.dtype.kind in "iu", f"{name} quantises to {zero.dtype}: only integers are supported")
    require(zero.size == 1 or (zero == zero.flat[0]).all(), f"{name} has zero points per channel: give one")
    bounds = np.iinfo(zero.dtype)
    if scale.size > 1:
        axis = attributes(node).get("axis", 1) % rank
        scale = scale.reshape([-1 if dimension == axis else 1 for dimension in range(rank)])
    return Grid(scale=scale, low=int(bounds.min), high=int(bounds.max), zero=float(zero.flat[0]))


def bipolar_scale(node: onnx.NodeProto, graph: Graph) -> Array:
    """The scale of a BipolarQuant, which gives +scale from 0 upwards and -scale below."""
    return _operand(node, graph, 1)


def bipolar_grid(scale: Array) -> Grid:
    """The grid of BipolarQuant activations: one unsigned bit q that stands for ``2 * scale * (q - 1/2)``."""
    return Grid(scale=2 * scale, low=0, high=1, zero=0.5, ties_up=True)


def threshold_grid(node: onnx.NodeProto, graph: Graph) -> tuple[Grid, Array, Array]:
    """A MultiThreshold: the grid of its results, and (channels,) factor and shift that go before it.

    It counts the thresholds that a value reaches; where they are evenly spaced, that is rounding. Thresholds that
    were rounded to integers still count as even.

    Raises
    ------
    InputError
        They are not evenly spaced.
    """
    name, options = label(node), attributes(node)
    thresholds = _operand(node, graph, 1).astype(np.float64)
    require(thresholds.ndim == 2, f"{name} has thresholds of shape {thresholds.shape}, not (channels, levels)")
    count = thresholds.shape[1]
    require(1 <= count <= 255, f"{name} has {count} thresholds per channel: 1 to 255 are supported")
    scale = float(options.get("out_scale", 1.0))
    require(scale > 0, f"{name} has out_scale {scale}: it must be positive")
    first, last = thresholds[:, 0], thresholds[:, -1]
    step = (last - first) / (count - 1) if count > 1 else np.ones(len(thresholds))
    require(bool((step > 0).all()), f"{name} has thresholds that do not rise")
    even = first[:, None] + step[:, None] * np.arange(count)
    rounded = bool((thresholds == np.rint(thresholds)).all())
    allowed = np.maximum(0.5 if rounded else 0.0, 1e-3 * step)[:, None] + 1e-9
    require(
        bool((np.abs(thresholds - even) <= allowed).all()),
        f"{name} has thresholds that are not evenly spaced, which no multiplier reproduces: train a uniform quantiser",
    )
    zero = -float(options.get("out_bias", 0.0)) / scale
    grid = Grid(scale=np.asarray(scale), low=0, high=count, zero=zero, ties_up=True)
    return grid, scale / step, scale * (0.5 - zero - first / step)


def quantized_constant(constant: Constant, grid: Grid, name: str) -> Constant:
    """Constant weights rounded to a grid of QONNX."""
    require(grid.zero == 0, f"{name} has weights with a zero point of {grid.zero}: train symmetric weights")
    return Constant(value=grid.nearest(constant.value.astype(np.float64)), grid=grid)


def bipolar_constant(constant: Constant, scale: Array) -> Constant:
    """Constant weights as +scale and -scale."""
    return Constant(value=scale * np.where(constant.value >= 0, 1.0, -1.0), grid=Grid(scale=scale, low=-1, high=1))


def dequantized_constant(constant: Constant, grid: Grid) -> Constant:
    """Constant integers as the values that they stand for. Integers of more than 8 bits, biases, keep no grid."""
    zero = int(grid.zero)
    value = grid.scale * (constant.value.astype(np.float64) - zero)
    if constant.value.dtype.itemsize > 1:
        return Constant(value=value)
    bounds = np.iinfo(constant.value.dtype)  # a zero point that is left out does not say it
    return Constant(value=value, grid=Grid(scale=grid.scale, low=int(bounds.min) - zero, high=int(bounds.max) - zero))


def _operand(node: onnx.NodeProto, graph: Graph, index: int) -> Array:
    name = node.input[index] if index < len(node.input) else ""
    require(
        name in graph.constants,
        f"{label(node)} has no constant {name!r}: scale, zero point, bits and thresholds must not depend on the input",
    )
    return graph.constants[name].value
