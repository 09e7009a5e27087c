"""Read trained quantisers of ONNX files: QuantizeLinear, DequantizeLinear, and QONNX's operators.

QONNX's operators are defined in https://github.com/fastmachinelearning/qonnx/tree/main/docs/qonnx-custom-ops.
"""

from dataclasses import dataclass

import numpy as np
import onnx

from tospike.gen.onnx.graph import Constant, Graph, attributes, integer_bounds, label
from tospike.hw.params import InputError, require
from tospike.sim.network import Array, GridRounding, QuantGrid

QONNX = ("onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general")
"""The domains of QONNX's operators."""
WEIGHT_BITS = 8
"""Most bits of weights; quantisers of more bits are for biases."""
ROUNDINGS = {"ROUND": GridRounding.HALF_EVEN, "ROUND_TO_ZERO": GridRounding.DOWN} | {
    mode.name: mode for mode in GridRounding if mode is not GridRounding.TIES_UP
}
"""Rounding modes by QONNX's names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantizer:
    """A quantiser's parameters; arrays broadcast to the tensor that it quantises."""

    name: str
    """The name of its node in messages."""
    scale: Array
    zero_point: Array
    qmin: Array
    qmax: Array
    is_zero_after: bool
    """Whether the zero point is added after rounding, as in ONNX, or before, as in QONNX."""
    rounding: GridRounding = GridRounding.HALF_EVEN

    def __post_init__(self) -> None:
        good = bool(np.isfinite(self.scale).all() and (self.scale > 0).all())
        require(good, f"{self.name}: a quantiser's scale must be positive")
        require(bool(np.isfinite(self.zero_point).all()), f"{self.name} has a zero point that is not a number")
        require(bool((self.qmin < self.qmax).all()), f"{self.name}: the range of a quantiser is empty")

    def grid(self) -> QuantGrid:
        """Return the grid for activations."""
        require(
            np.ptp(self.scale) == 0,
            f"{self.name} quantises activations per channel: train it with one scale for all channels",
        )
        require(np.ptp(self.zero_point) == 0, f"{self.name} has zero points per channel: give one")
        require(np.ptp(self.qmin) == 0 and np.ptp(self.qmax) == 0, f"{self.name} has bits per channel: give one number")
        zero = float(np.reshape(self.zero_point, -1)[0])
        return QuantGrid(
            scale=np.reshape(self.scale, -1)[0],
            qmin=int(np.reshape(self.qmin, -1)[0]),
            qmax=int(np.reshape(self.qmax, -1)[0]),
            zero_point=zero,
            after=int(zero) if self.is_zero_after else 0,
            rounding=self.rounding,
            single=True,
        )

    def levels(self, values: Array) -> Array:
        """Return the integers that constants are rounded to."""
        one = QuantGrid(scale=np.asarray(1.0), qmin=-(1 << 62), qmax=1 << 62, rounding=self.rounding, single=True)
        with np.errstate(over="ignore", under="ignore"):
            scaled = values.astype(np.float32) / self.scale.astype(np.float32)
        if self.is_zero_after:
            return np.clip(one.levels(scaled).astype(np.float64) + self.zero_point, self.qmin, self.qmax)
        return np.clip(one.levels(scaled + self.zero_point.astype(np.float32)), self.qmin, self.qmax)

    def constant(self, levels: Array) -> Constant:
        """Return the real values of integers, with their grid if they can be weights, else with the reason."""
        value = self.scale * (levels.astype(np.float64) - self.zero_point)
        low, high = (self.qmin - self.zero_point).min(), (self.qmax - self.zero_point).max()
        if (self.qmax - self.qmin).max() >= 1 << WEIGHT_BITS:
            return Constant(
                value=value, obstacle=f"{self.name} has more than {WEIGHT_BITS} bits, which only biases may have"
            )
        if (self.zero_point != np.rint(self.zero_point)).any():
            return Constant(value=value, obstacle=f"{self.name} has a zero point that is not an integer")
        return Constant(value=value, grid=QuantGrid(scale=self.scale, qmin=int(low), qmax=int(high)))


def is_bipolar(node: onnx.NodeProto, graph: Graph) -> bool:
    """Return whether a Quant gives +scale and -scale: QONNX defines it so for 1 signed bit."""
    bits, zero = _operand(node, graph, 3), _operand(node, graph, 2)
    return bool(attributes(node).get("signed", 1)) and bool((bits == 1).all()) and not zero.any()


def quant(node: onnx.NodeProto, graph: Graph) -> Quantizer:
    """Read a Quant (also called IntQuant). The number of bits need not be whole: QONNX's formula gives the range."""
    name, options = label(node), attributes(node)
    scale, zero, bits = (_operand(node, graph, index).astype(np.float64) for index in (1, 2, 3))
    mode = options.get("rounding_mode", b"ROUND").decode().upper()
    require(mode in ROUNDINGS, f"{name} rounds by {mode}: there are {', '.join(ROUNDINGS)}")
    signed, narrow = bool(options.get("signed", 1)), bool(options.get("narrow", 0))
    good = bool(((bits > int(signed)) & (bits <= 32)).all())
    shown = ", ".join(f"{width:g}" for width in np.unique(bits))
    require(good, f"{name} has {shown} bits: 1 (unsigned or BipolarQuant) to 32 are supported")
    size = 2.0 ** (bits - signed)
    one = QuantGrid(scale=np.asarray(1.0), qmin=-(1 << 40), qmax=1 << 40, rounding=ROUNDINGS[mode])
    low = one.levels(-size + narrow if signed else 0 * size)
    high = one.levels(size - 1 - (narrow and not signed))
    return Quantizer(
        name=name, scale=scale, zero_point=zero, qmin=low, qmax=high, is_zero_after=False, rounding=ROUNDINGS[mode]
    )


@dataclass(frozen=True, kw_only=True)
class Truncation:
    """What a Trunc does to x: ``scale * round(half_even(x / unit) / 2**bits)``, if that fits ``out_bits``."""

    unit: float
    bits: int
    scale: float
    out_bits: int
    rounding: GridRounding
    signed: bool | None
    """Whether its results may be negative; ``None``: as its operand may."""
    narrow: bool

    @property
    def factor(self) -> float:
        """What x is multiplied by before the grid rounds it."""
        return self.scale / self.unit / 2.0**self.bits

    @property
    def shift(self) -> float:
        """What is added then: the inner rounding moves the steps by half a unit of x."""
        half = {GridRounding.FLOOR: 0.5, GridRounding.CEIL: -0.5}.get(self.rounding, 0.0)
        return half * self.scale / 2.0**self.bits

    def grid(self, *, signed: bool) -> QuantGrid:
        """Return the grid of its results."""
        size = 1 << (self.out_bits - signed)
        low = -size + self.narrow if signed else 0
        return QuantGrid(
            scale=np.asarray(self.scale), qmin=low, qmax=size - 1, rounding=self.rounding, rounds_quotient=True
        )


def trunc(node: onnx.NodeProto, graph: Graph) -> Truncation:
    """Read a Trunc, of version 1 (the scale stays) or 2 (with a scale of the results)."""
    name, options, second = label(node), attributes(node), len(node.input) > 5
    operands = [np.ravel(_operand(node, graph, index)).astype(np.float64) for index in range(1, len(node.input))]
    require(all(np.ptp(operand) == 0 for operand in operands), f"{name} has parameters per channel: give one of each")
    unit, zero, in_bits, *rest = (float(operand[0]) for operand in operands)
    scale, out_bits = (rest[0], rest[1]) if second else (unit, rest[0])
    require(unit > 0 and scale > 0, f"{name}: a quantiser's scale must be positive")
    require(zero == 0, f"{name} has a zero point of {zero:g}: only 0 is supported")
    bits = round(np.log2(scale / unit)) if second else in_bits - out_bits
    whole = bits == int(bits) and out_bits == int(out_bits)
    require(
        whole and 0 <= bits <= 30 and 1 <= out_bits <= 8,
        f"{name} leaves {out_bits:g} bits of {in_bits:g}: 1 to 8 are supported, and it must drop 0 to 30",
    )
    mode = options.get("rounding_mode", b"FLOOR").decode().upper()
    require(mode in ROUNDINGS, f"{name} rounds by {mode}: there are {', '.join(ROUNDINGS)}")
    return Truncation(
        unit=unit,
        bits=int(bits),
        scale=scale,
        out_bits=int(out_bits),
        rounding=ROUNDINGS[mode],
        signed=bool(options.get("signed", 1)) if second else None,
        narrow=second and bool(options.get("narrow", 0)),
    )


def linear(node: onnx.NodeProto, graph: Graph, shape: tuple[int, ...], kind: np.dtype | None = None) -> Quantizer:
    """Read a QuantizeLinear or DequantizeLinear.

    Parameters
    ----------
    shape
        Shape of its operand, including the batch.
    kind
        The type of the integers if there is no zero point to tell it.
    """
    name, options = label(node), attributes(node)
    require(not options.get("block_size", 0), f"{name} has a scale for each block: quantise per tensor or per channel")
    scale = _operand(node, graph, 1)
    require(scale.dtype == np.float32, f"{name} has a scale of {scale.dtype}: only float32 is supported")
    if len(node.input) > 2 and node.input[2]:
        zero = _operand(node, graph, 2)
    else:
        stated = options.get("output_dtype", 0)
        given = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(stated)) if stated else kind
        zero = np.zeros(scale.shape, given or np.uint8)
    bounds = integer_bounds(zero.dtype)
    if bounds is None:
        raise InputError(f"{name} quantises to {zero.dtype}: only integers are supported")
    scale, zero = (_along_axis(operand, options.get("axis", 1), shape, name) for operand in (scale, zero))
    low, high = (np.float64(bound) for bound in bounds)
    return Quantizer(
        name=name,
        scale=scale.astype(np.float64),
        zero_point=zero.astype(np.float64),
        qmin=np.asarray(low),
        qmax=np.asarray(high),
        is_zero_after=True,
    )


def _along_axis(operand: Array, axis: int, shape: tuple[int, ...], name: str) -> Array:
    """Return a single value with shape (), or values along ``axis`` with a shape that broadcasts."""
    if operand.size == 1:
        return operand.reshape(())
    rank = len(shape)
    axis = 0 if rank == 1 else axis
    good = operand.ndim == 1 and -rank <= axis < rank and shape[axis] == len(operand)
    require(good, f"{name} has scales or zero points of shape {operand.shape} for axis {axis} of a tensor {shape}")
    return operand.reshape([-1 if dimension == axis % rank else 1 for dimension in range(rank)])


def bipolar_scale(node: onnx.NodeProto, graph: Graph) -> Array:
    """Return the scale of a BipolarQuant, which maps values from 0 upwards to +scale, others to -scale."""
    return _operand(node, graph, 1)


def bipolar_grid(scale: Array) -> QuantGrid:
    """Return the grid of BipolarQuant activations: an unsigned bit q represents ``2 * scale * (q - 1/2)``."""
    return QuantGrid(scale=2 * scale, qmin=0, qmax=1, zero_point=0.5, rounding=GridRounding.TIES_UP)


def threshold_grid(node: onnx.NodeProto, graph: Graph) -> tuple[QuantGrid, Array, Array]:
    """Read a MultiThreshold: the grid of its results, and (channels,) the factor and shift to apply before it.

    It counts the thresholds that a value reaches; if they are evenly spaced, this is rounding. Thresholds that were
    rounded to integers still count as evenly spaced.

    Raises
    ------
    InputError
        The thresholds are not evenly spaced.
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
    require(bool((step > 0).all()), f"{name} has thresholds that do not ascend")
    even = first[:, None] + step[:, None] * np.arange(count)
    rounded = bool((thresholds == np.rint(thresholds)).all())
    allowed = np.maximum(0.5 if rounded else 0.0, 1e-3 * step)[:, None] + 1e-9
    require(
        bool((np.abs(thresholds - even) <= allowed).all()),
        f"{name} has thresholds that are not evenly spaced, which no multiplier reproduces: train a uniform quantiser",
    )
    zero = -float(options.get("out_bias", 0.0)) / scale
    grid = QuantGrid(scale=np.asarray(scale), qmin=0, qmax=count, zero_point=zero, rounding=GridRounding.TIES_UP)
    return grid, scale / step, scale * (0.5 - zero - first / step)


def bipolar_constant(constant: Constant, scale: Array) -> Constant:
    """Return constant weights of +scale and -scale."""
    return Constant(
        value=scale * np.where(constant.value >= 0, 1.0, -1.0), grid=QuantGrid(scale=scale, qmin=-1, qmax=1)
    )


def _operand(node: onnx.NodeProto, graph: Graph, index: int) -> Array:
    name = node.input[index] if index < len(node.input) else ""
    require(
        name in graph.constants,
        f"{label(node)} has no constant {name!r}: scale, zero point, bits and thresholds must not depend on the input",
    )
    return graph.constants[name].value
