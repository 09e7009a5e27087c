"""Random ANNs, written with the onnx package alone: nothing of tospike decides what is tried."""

from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SAMPLES = 96


@dataclass(kw_only=True)
class _Graph:
    """Nodes so far, and the tensor that comes out of the last one."""

    rng: np.random.Generator
    shape: tuple[int, ...]
    """Of a sample of ``tensor``."""
    tensor: str = "x"
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def constant(self, values: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def add(self, kind: str, *operands: str, shape: tuple[int, ...] | None = None, **attributes) -> None:
        """One more node behind ``tensor``; operands are constants, unless they name it."""
        inputs = operands if self.tensor in operands else (self.tensor, *operands)
        output = f"t{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, inputs, [output], name=f"{kind.lower()}_{len(self.nodes)}", **attributes)
        )
        self.tensor, self.shape = output, self.shape if shape is None else shape

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def normal(self, *shape: int, size: float = 1.0) -> np.ndarray:
        return (self.rng.normal(size=shape) * size).astype(np.float32)


def random_onnx(seed: int) -> tuple[onnx.ModelProto, np.ndarray]:
    """A network and (SAMPLES, ...) float32 inputs for it."""
    rng = np.random.default_rng(seed)
    is_image = rng.random() < 0.5
    shape = tuple(
        int(n) for n in ((rng.integers(1, 4), *rng.integers(3, 10, 2)) if is_image else (rng.integers(1, 25),))
    )
    graph = _Graph(rng=rng, shape=shape)
    if is_image:
        _images(graph)
    elif graph.chance(0.2):
        _scale(graph)
    if len(graph.shape) == 1:
        for _ in range(rng.integers(0, 3)):
            _dense(graph)
            _activation(graph)
        _dense(graph)
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        f"fuzz_{seed}",
        [info("x", TensorProto.FLOAT, ("batch", *shape))],
        [info(graph.tensor, TensorProto.FLOAT, ("batch", *graph.shape))],
        initializer=[numpy_helper.from_array(values, name) for name, values in graph.constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    x = rng.normal(size=(SAMPLES, *shape)) if graph.chance(0.3) else rng.random((SAMPLES, *shape))
    return model, x.astype(np.float32)


def _channel_sizes(graph: _Graph, channels: int) -> np.ndarray:
    """Channels of different size, as batch normalisation leaves them."""
    return np.exp(graph.rng.normal(scale=0.7, size=channels)).astype(np.float32)


def _dense(graph: _Graph) -> None:
    (inputs,), outputs = graph.shape, int(graph.rng.integers(1, 20))
    weight = graph.normal(outputs, inputs, size=inputs**-0.5) * _channel_sizes(graph, outputs)[:, None]
    bias = graph.normal(outputs, size=0.3)
    style = graph.rng.integers(3)
    if style == 0:
        graph.add("Gemm", graph.constant(weight), graph.constant(bias), transB=1, shape=(outputs,))
    elif style == 1:
        graph.add("Gemm", graph.constant(weight.T), graph.constant(bias), alpha=0.5, beta=2.0, shape=(outputs,))
    else:
        graph.add("MatMul", graph.constant(weight.T), shape=(outputs,))
        if graph.chance(0.7):
            graph.add("Add", graph.constant(bias))
    if graph.chance(0.3):
        _normalise(graph)


def _normalise(graph: _Graph) -> None:
    channels = graph.shape[0]
    vectors = (
        graph.normal(channels),  # negative factors, too
        graph.normal(channels, size=0.3),
        graph.normal(channels, size=0.3),
        graph.rng.uniform(0.3, 2.0, channels).astype(np.float32),
    )
    graph.add("BatchNormalization", *map(graph.constant, vectors), epsilon=1e-3)


def _scale(graph: _Graph) -> None:
    """Standardise the input, as exporters write it."""
    trailing = (1,) * (len(graph.shape) - 1)
    graph.add("Sub", graph.constant(graph.normal(graph.shape[0], *trailing, size=0.3)))
    graph.add("Div", graph.constant(np.float32(graph.rng.uniform(0.3, 3.0))))


def _activation(graph: _Graph) -> None:
    kind = graph.rng.integers(4)
    if kind == 0:
        graph.add("Clip", graph.constant(np.float32(0)), graph.constant(np.float32(graph.rng.uniform(0.5, 6.0))))
    elif kind < 3:
        graph.add("Relu")


# ----------------------------------------------------------------------------------------------------- images


def _images(graph: _Graph) -> None:
    if graph.chance(0.3):
        _scale(graph)
    for _ in range(graph.rng.integers(1, 4)):
        before, shape = graph.tensor, graph.shape
        _convolution(graph)
        _activation(graph)
        if shape == graph.shape and graph.chance(0.5):
            graph.add(graph.rng.choice(["Add", "Sub"]), graph.tensor, before)
            _activation(graph)
        if graph.chance(0.5):
            _pool(graph)
    if graph.chance(0.15):
        _convolution(graph)  # ends with several positions
        return
    if graph.chance(0.3):
        graph.add("GlobalAveragePool", shape=(graph.shape[0], 1, 1))
    values = int(np.prod(graph.shape))
    if graph.chance(0.5):
        graph.add("Flatten", shape=(values,))
    else:
        graph.add("Reshape", graph.constant(np.array([-1, values])), shape=(values,))


def _convolution(graph: _Graph) -> None:
    rng, (channels, *size) = graph.rng, graph.shape
    kernel = [int(rng.integers(1, min(4, length + 1))) for length in size]
    stride = [int(s) for s in rng.integers(1, 3, 2)]
    pads = [int(rng.integers(0, kernel[axis % 2])) for axis in range(4)]
    depthwise = channels > 1 and graph.chance(0.3)
    # the same shape, so that a residual addition is possible
    if not depthwise and graph.chance(0.4):
        kernel, stride, pads, outputs = [3, 3], [1, 1], [1, 1, 1, 1], channels
    else:
        outputs = channels if depthwise else int(rng.integers(1, 7))
    inner = 1 if depthwise else channels
    weight = graph.normal(outputs, inner, *kernel, size=(inner * kernel[0] * kernel[1]) ** -0.5)
    weight *= _channel_sizes(graph, outputs)[:, None, None, None]
    sizes = [(size[a] + pads[a] + pads[a + 2] - kernel[a]) // stride[a] + 1 for a in range(2)]
    bias = [graph.constant(graph.normal(outputs, size=0.3))] if graph.chance(0.6) else []
    graph.add(
        "Conv",
        graph.constant(weight),
        *bias,
        kernel_shape=kernel,
        strides=stride,
        pads=pads,
        group=channels if depthwise else 1,
        shape=(outputs, *sizes),
    )
    if graph.chance(0.4):
        _normalise(graph)


def _pool(graph: _Graph) -> None:
    rng, (channels, *size) = graph.rng, graph.shape
    if min(size) < 2:
        return
    kernel, stride = [int(k) for k in rng.integers(1, 3, 2)], [int(s) for s in rng.integers(1, 3, 2)]
    sizes = [(size[a] - kernel[a]) // stride[a] + 1 for a in range(2)]
    kind = str(rng.choice(["MaxPool", "AveragePool"]))
    graph.add(kind, kernel_shape=kernel, strides=stride, shape=(channels, *sizes))


# ------------------------------------------------------------------------------------------------------- integers


@dataclass(kw_only=True)
class _Codes(_Graph):
    """A network on integers of 8 bits: each operator has a scale and a zero point."""

    kind: type
    scale: float = 0.0
    parameters: tuple[str, str] = ("", "")
    """Names of the scale and the zero point of ``tensor``."""
    is_exact: bool = True
    """Whether a multiplier and a shift can give all levels: not those of sums of different scales."""

    def add_codes(self, kind: str, *operands: str, spread: float, shape: tuple[int, ...] | None = None, **attributes):
        """One more operator, whose results are about ``spread`` large before they are integers."""
        bias = operands[len(operands) - len(operands) % 3 :] if kind in ("QLinearConv", "QGemm") else ()
        operands = operands[: len(operands) - len(bias)]
        source = (self.tensor, *self.parameters)
        self.rescale(spread)
        tail = (*bias, *self.parameters) if kind == "QGemm" else (*self.parameters, *bias)
        inputs = (*tail, *source, *operands) if kind == "QLinearConcat" else (*source, *operands, *tail)
        output, domain = f"t{len(self.nodes)}", "" if kind in ("QLinearConv", "QLinearMatMul") else "com.microsoft"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"q_{output}", domain=domain, **attributes))
        self.tensor, self.shape = output, self.shape if shape is None else shape

    def rescale(self, spread: float) -> None:
        self.scale = float(np.float32(spread * self.rng.uniform(0.01, 0.03)))
        low = np.iinfo(self.kind).min
        zero = low + (0 if self.chance(0.3) else int(self.rng.integers(60, 190)))
        self.parameters = self.constant(np.float32(self.scale)), self.constant(np.array(zero, self.kind))

    def weights(self, *shape: int, axis: int) -> tuple[list[str], float]:
        """Weights with their scales and zero points, and their real size."""
        kind = np.uint8 if self.kind == np.uint8 and self.chance(0.4) else np.int8  # onnxruntime has no other pairs
        count = shape[axis] if self.chance(0.5) else 1
        scale = (np.exp(self.rng.normal(size=count, scale=0.5)) * 0.01).astype(np.float32)
        low = np.iinfo(kind).min
        zero = np.full(
            count, 0 if kind == np.int8 and self.chance(0.7) else low + int(self.rng.integers(90, 170)), kind
        )
        integers = np.clip(np.rint(self.rng.normal(size=shape) * 50 + zero[0]), low, low + 255).astype(kind)
        both = (scale, zero) if count > 1 else (scale[0], zero[0])
        return [self.constant(value) for value in (integers, *both)], 50 * float(scale.max())


def random_quantized_onnx(seed: int) -> tuple[onnx.ModelProto, np.ndarray, bool]:
    """A network on integers, inputs for it, and whether a multiplier and a shift can give all of its levels."""
    rng = np.random.default_rng(seed)
    kind = np.uint8 if rng.random() < 0.5 else np.int8
    is_image = bool(rng.random() < 0.6)
    shape = (int(rng.integers(1, 4)), *map(int, rng.integers(4, 9, 2))) if is_image else (int(rng.integers(2, 25)),)
    graph = _Codes(rng=rng, shape=shape, kind=kind)
    graph.rescale(1.5)
    is_float = graph.chance(0.5)
    if is_float:
        graph.add("QuantizeLinear", *graph.parameters)
    for _ in range(rng.integers(1, 4) if is_image else 0):
        _coded_image(graph)
    if is_image:
        if graph.chance(0.3):
            graph.add_codes("QLinearGlobalAveragePool", spread=30 * graph.scale, shape=(graph.shape[0], 1, 1))
        graph.add("Flatten", shape=(int(np.prod(graph.shape)),))
    for _ in range(rng.integers(1, 3)):
        _coded_dense(graph)
    is_real = graph.chance(0.5)
    if is_real:
        graph.add("DequantizeLinear", *graph.parameters)
    info, types = helper.make_tensor_value_info, {np.uint8: TensorProto.UINT8, np.int8: TensorProto.INT8}
    made = helper.make_graph(
        graph.nodes,
        f"fuzz_{seed}",
        [info("x", TensorProto.FLOAT if is_float else types[kind], ("batch", *shape))],
        [info(graph.tensor, TensorProto.FLOAT if is_real else types[kind], ("batch", *graph.shape))],
        initializer=[numpy_helper.from_array(values, name) for name, values in graph.constants.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=8)
    x = rng.normal(size=(SAMPLES, *shape)).astype(np.float32)
    if not is_float:
        x = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, (SAMPLES, *shape)).astype(kind)
    return model, x, graph.is_exact


def _coded_dense(graph: _Codes) -> None:
    (inputs,), outputs = graph.shape, int(graph.rng.integers(2, 12))
    is_gemm = graph.chance(0.5)
    shape, axis = ((outputs, inputs), 0) if is_gemm else ((inputs, outputs), 1)
    weights, size = graph.weights(*shape, axis=axis)
    spread = 60 * graph.scale * size * inputs**0.5
    if is_gemm:
        bias = graph.constant(graph.rng.integers(-3000, 3000, outputs).astype(np.int32)) if graph.chance(0.7) else ""
        graph.add_codes("QGemm", *weights, bias, spread=spread, shape=(outputs,), transB=1)
    else:
        graph.add_codes("QLinearMatMul", *weights, spread=spread, shape=(outputs,))


def _coded_image(graph: _Codes) -> None:
    rng, (channels, height, width) = graph.rng, graph.shape
    before = graph.tensor, *graph.parameters
    depthwise, same = channels > 1 and graph.chance(0.3), graph.chance(0.5)
    outputs = channels if depthwise or same else int(rng.integers(1, 6))
    kernel, pad = (3, 1) if same else (int(rng.integers(1, min(4, height + 1, width + 1))), 0)
    weights, size = graph.weights(outputs, 1 if depthwise else channels, kernel, kernel, axis=0)
    bias = [graph.constant(rng.integers(-3000, 3000, outputs).astype(np.int32))] if graph.chance(0.6) else []
    spread = 60 * graph.scale * size * (kernel * (1 if depthwise else channels) ** 0.5)
    sizes = height + 2 * pad - kernel + 1, width + 2 * pad - kernel + 1
    graph.add_codes(
        "QLinearConv",
        *weights,
        *bias,
        spread=spread,
        shape=(outputs, *sizes),
        pads=[pad] * 4,
        group=channels if depthwise else 1,
    )
    if same and graph.chance(0.5):
        graph.is_exact = False
        graph.add_codes("QLinearAdd", *before, spread=60 * graph.scale)
    elif same and graph.chance(0.4):
        graph.add_codes("QLinearConcat", *before, spread=60 * graph.scale, shape=(2 * channels, *sizes), axis=1)
        graph.is_exact = False  # the means of a part may be less exact than their sum
    if min(sizes) >= 2 and graph.chance(0.4):
        shape = (graph.shape[0], sizes[0] // 2, sizes[1] // 2)
        if graph.chance(0.5):
            graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2], shape=shape)
        else:
            graph.add_codes(
                "QLinearAveragePool", spread=30 * graph.scale, shape=shape, kernel_shape=[2, 2], strides=[2, 2]
            )
