"""Networks as large as those of embedded vision, as ONNX files with seeded random weights."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class OnnxMaker:
    """Writes a network layer by layer; ``shape`` is what the next layer gets, without the batch."""

    def __init__(self, *shape: int, seed: int = 0):
        self.shape = self.input = shape
        self._rng = np.random.default_rng(seed)
        self._nodes, self._weights = [], []
        self._tensor = "x"

    def conv(self, outputs, kernel, *, stride=1, groups=1, relu=True):
        channels, *size = self.shape
        window = {"strides": [stride] * 2, "pads": [kernel // 2] * 4}
        self._weigh("Conv", (outputs, channels // groups, kernel, kernel), group=groups, **window)
        if relu:
            self._add("Relu")
        self.shape = (outputs, *(-(-length // stride) for length in size))
        return self

    def block(self, outputs, *, stride=1):
        """Two convolutions and a branch around them, with a convolution of its own where the shape changes."""
        shape, source = self.shape, self._tensor
        self.conv(outputs, 3, stride=stride).conv(outputs, 3, relu=False)
        main, result = self._tensor, self.shape
        if result != shape:
            self.shape, self._tensor = shape, source
            self.conv(outputs, 1, stride=stride, relu=False)
            source, self._tensor = self._tensor, main
        self._add("Add", source)
        self._add("Relu")
        self.shape = result
        return self

    def max_pool(self):
        self._add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        self.shape = (self.shape[0], *(length // 2 for length in self.shape[1:]))
        return self

    def average(self):
        self._add("GlobalAveragePool")
        self.shape = (self.shape[0], 1, 1)
        return self

    def dense(self, outputs, *, relu=False):
        if len(self.shape) > 1:
            self._add("Flatten")
            self.shape = (int(np.prod(self.shape)),)
        self._weigh("Gemm", (outputs, *self.shape), transB=1)
        if relu:
            self._add("Relu")
        self.shape = (outputs,)
        return self

    @property
    def weights(self) -> int:
        """Weights without biases."""
        return sum(tensor.size for tensor in self._weights if tensor.ndim > 1)

    def save(self, path: Path) -> Path:
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self._nodes,
            path.stem,
            [info("x", TensorProto.FLOAT, ("batch", *self.input))],
            [info(self._tensor, TensorProto.FLOAT, ("batch", *self.shape))],
            initializer=[numpy_helper.from_array(tensor, f"w{n}") for n, tensor in enumerate(self._weights)],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    def _add(self, kind, *weights, **attributes):
        output = f"t{len(self._nodes)}"
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, [self._tensor, *weights], [output], name=name, **attributes))
        self._tensor = output

    def _weigh(self, kind, shape, **attributes):
        """A layer with weights of the size that keeps activations as they are, and biases."""
        size = (2 / np.prod(shape[1:])) ** 0.5
        names = [f"w{len(self._weights)}", f"w{len(self._weights) + 1}"]
        self._weights.append((self._rng.standard_normal(shape, dtype=np.float32) * size).astype(np.float32))
        self._weights.append((self._rng.standard_normal(shape[0]) * 0.1).astype(np.float32))
        self._add(kind, *names, **attributes)


def vgg() -> OnnxMaker:
    """Return a VGG for images of 3 x 32 x 32: 1.15 million weights."""
    net = OnnxMaker(3, 32, 32)
    for channels in (64, 128, 256):
        net.conv(channels, 3).conv(channels, 3).max_pool()
    return net.average().dense(10)


def mobilenet() -> OnnxMaker:
    """Return MobileNetV1 with a quarter of its channels, for images of 3 x 96 x 96."""
    net = OnnxMaker(3, 96, 96).conv(8, 3, stride=2)
    widths = (16, 32, 32, 64, 64, *[128] * 6, 256, 256)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    for width, stride in zip(widths, strides, strict=True):
        net.conv(net.shape[0], 3, stride=stride, groups=net.shape[0]).conv(width, 1)
    return net.average().dense(2)


def perceptron(*sizes: int) -> OnnxMaker:
    """Return dense layers."""
    net = OnnxMaker(sizes[0])
    for outputs in sizes[1:-1]:
        net.dense(outputs, relu=True)
    return net.dense(sizes[-1])


def resnet() -> OnnxMaker:
    """Return a ResNet for images of 3 x 32 x 32, as MLPerf Tiny has it: 77 thousand weights."""
    return OnnxMaker(3, 32, 32).conv(16, 3).block(16).block(32, stride=2).block(64, stride=2).average().dense(10)
