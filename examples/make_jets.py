"""Make a sparse network of the shape that tags jets: 16-64-32-32-5, 6 bits, seeded weights, for the unrolled engine.

The shape is that of Duarte et al., "Fast inference of deep neural networks in FPGAs for particle physics" (JINST 13
P07027, 2018). The weights are random: the network classifies nothing, but places, routes and times like one that does.
All scales are powers of two, as those of fixed-point numbers.

``python -m tospike.examples.make_jets --out build/jets`` writes ``jets.onnx`` (QONNX) and ``jets.npz``.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = (16, 64, 32, 32, 5)
BITS = 6
QONNX = "qonnx.custom_op.general"
WEIGHT_SCALE = 2.0**-5
"""Of weights, which are at most 1."""
SAMPLES = 200


def make(density: float, seed: int, scales: str = "powers") -> onnx.ModelProto:
    """Return the network, with ``density`` of its weights not 0.

    Activations have the scale with which their standard deviation is about a third of their range. With ``scales``
    "any", it is not rounded to a power of two.
    """
    rng = np.random.default_rng(seed)
    nodes, constants = [], {"zero": np.float32(0), "bits": np.float32(BITS), "input_scale": np.float32(2.0**-6)}
    nodes.append(_quant("x", "input_scale", "act", signed=0))
    previous, spread = "act", 0.3
    for layer, (inputs, outputs) in enumerate(pairwise(SIZES)):
        kept = rng.random((outputs, inputs)) < density
        limit = 2 ** (BITS - 1) - 1
        weight = rng.integers(1, limit + 1, kept.shape) * rng.choice([-1, 1], kept.shape) * kept * WEIGHT_SCALE
        bias = rng.integers(-8, 8, outputs) * WEIGHT_SCALE
        constants |= {f"w{layer}": weight.astype(np.float32), f"b{layer}": bias.astype(np.float32)}
        constants[f"ws{layer}"] = np.float32(WEIGHT_SCALE)
        last = layer == len(SIZES) - 2
        nodes.append(_quant(f"w{layer}", f"ws{layer}", f"wq{layer}", signed=1))
        nodes.append(_node("Gemm", f"{previous} wq{layer} b{layer}", "y" if last else f"sum{layer}", transB=1))
        if last:
            break
        spread *= 0.6 * max(density * inputs, 1) ** 0.5
        scale = 3 * spread / 2**BITS
        constants[f"s{layer}"] = np.float32(2.0 ** np.round(np.log2(scale)) if scales == "powers" else scale)
        nodes.append(_node("Relu", f"sum{layer}", f"relu{layer}"))
        previous = f"act{layer}"
        nodes.append(_quant(f"relu{layer}", f"s{layer}", previous, signed=0))
    graph = helper.make_graph(
        nodes,
        "jets",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", SIZES[0]))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", SIZES[-1]))],
        initializer=[numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(QONNX, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def _quant(value: str, scale: str, result: str, *, signed: int) -> onnx.NodeProto:
    attributes = {"signed": signed, "narrow": signed, "rounding_mode": "ROUND"}
    return _node("Quant", f"{value} {scale} zero bits", result, domain=QONNX, **attributes)


def _node(kind: str, inputs: str, result: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [result], name=f"n_{result}", **attributes)


def write(out: Path, *, density: float, seed: int, scales: str = "powers") -> None:
    """Write the network and random samples, labelled 0."""
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(make(density, seed, scales), out / "jets.onnx")
    x = np.random.default_rng(seed).random((SAMPLES, SIZES[0])).astype(np.float32)
    np.savez(out / "jets.npz", x=x, y=np.zeros(SAMPLES, dtype=np.int64))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("build/jets"))
    parser.add_argument("--density", type=float, default=0.3, help="part of the weights that are not 0")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scales", choices=("powers", "any"), default="powers")
    given = parser.parse_args()
    write(given.out, density=given.density, seed=given.seed, scales=given.scales)


if __name__ == "__main__":
    main()
