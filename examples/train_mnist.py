"""Trains networks for MNIST: an LIF SNN with 784-256-128-10 neurons and 6-bit weights, and an ANN of the same shape.

``tospike train mnist-snn`` runs it; it needs the extra ``train``. Weights are rounded to their integer grid in every
forward pass and trained through it (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, section 3); spikes have a surrogate gradient (Neftci, Mostafa, Zenke,
"Surrogate Gradient Learning in Spiking Neural Networks", 2019). No choice within a run looks at the test images: the
weights are those after the last epoch.
"""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn import functional

from tospike.gen.data.datasets import DataSet
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.hw.params import Encoding, Readout, Reset
from tospike.sim.encoders.encoding import encode
from tospike.sim.network.reference import run_float

SIZES = (784, 256, 128, 10)
WEIGHT_BITS = 6
BATCH = 128
PEAK_LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-2
BETA = 0.75
"""Decay of the membranes per step: 1 - 2**-2, so that the leak is a shift in hardware."""
THRESHOLD = 1.0
SPIKE_COST = 1e-4
"""Weight of the hidden spikes per sample in the SNN's loss: every spike costs time and energy in hardware."""
OPTIONS = NirOptions(
    dt=1e-4, reset=Reset.SUBTRACT, encoding=Encoding.RATE, steps=5, input_bits=4, readout=Readout.MEMBRANE
)


def scale_of(weight: Tensor) -> Tensor:
    """() step of the grid of ``WEIGHT_BITS`` bits whose largest level is the largest weight."""
    return weight.detach().abs().max() / (2 ** (WEIGHT_BITS - 1) - 1)


def rounded(weight: Tensor) -> Tensor:
    """Weights on their grid; the gradient passes."""
    scale = scale_of(weight)
    grid = torch.round(weight.detach() / scale) * scale
    return weight + (grid - weight.detach())


class Quantized(nn.Linear):
    """A dense layer whose weights are used as they will be in hardware."""

    def forward(self, input: Tensor) -> Tensor:
        """(batch, inputs) to (batch, outputs)."""
        return functional.linear(input, rounded(self.weight), self.bias)


class Spiking(nn.Module):
    """LIF layers with reset by subtraction in the same step, the last one LI, whose last membranes are the logits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Quantized(a, b) for a, b in pairwise(SIZES))
        self.spike = surrogate.atan(alpha=2.0)
        with torch.no_grad():
            for layer in self.layers:
                layer.weight.mul_(2)  # PyTorch's start is too small to reach the threshold with few input spikes

    def forward(self, spikes: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, steps, inputs) spikes to (batch, 10) logits and (batch,) hidden spikes."""
        membranes = [torch.zeros(1) for _ in self.layers]
        count = torch.zeros(1)
        for sent in spikes.unbind(dim=1):
            for index, layer in enumerate(self.layers):
                membrane = BETA * membranes[index] + layer(sent)
                if index < len(self.layers) - 1:
                    sent = self.spike(membrane - THRESHOLD)
                    membrane = membrane - THRESHOLD * sent
                    count = count + sent.sum(dim=1)
                membranes[index] = membrane
        return membranes[-1], count


def encode_spikes(images: Tensor) -> Tensor:
    """(N, inputs) images to (N, steps, inputs) spikes, exactly as the hardware's encoder makes them."""
    spikes = encode(OPTIONS.input_spec(images.shape[1]), images.numpy())
    return torch.from_numpy(spikes.astype(np.float32))


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 784) images turned, scaled, sheared and shifted a little, at random."""

    def uniform(limit: float, *shape: int) -> Tensor:
        return (torch.rand(len(images), *shape, generator=generator) * 2 - 1) * limit

    affine = torch.cat([torch.eye(2) + uniform(0.12, 2, 2), uniform(0.12, 2, 1)], dim=2)
    grid = functional.affine_grid(affine, [len(images), 1, 28, 28], align_corners=False)
    moved = functional.grid_sample(images.view(-1, 1, 28, 28), grid, align_corners=False)
    return moved.view(len(images), -1).clamp(0, 1)


def fit(
    loss: Callable[[Tensor, Tensor], Tensor],
    model: nn.Module,
    data: DataSet,
    *,
    epochs: int,
    seed: int,
    progress: Callable[[str], None],
) -> None:
    """AdamW with one learning-rate cycle on distorted images; ``loss(images, labels)`` runs the model."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(data.train_x.astype(np.float32)), torch.from_numpy(data.train_y.astype(np.int64))
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            value = loss(distort(x[chosen], generator), y[chosen])
            value.backward()
            optimizer.step()
            schedule.step()
            total += float(value.detach()) * len(chosen)
        progress(f"epoch {epoch + 1} of {epochs}: mean loss {total / len(x):.4f}")


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().copy()


def write_nir(path: Path, layers: Sequence[Quantized]) -> None:
    """As snnTorch exports: tau = dt / (1 - beta), r = 1 / (1 - beta). The metadata say how to run it."""
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(np.array([SIZES[0]]))}
    for number, layer in enumerate(layers, start=1):
        neurons = layer.out_features
        tau = np.full(neurons, OPTIONS.dt / (1 - BETA), np.float32)
        r, zero = np.full(neurons, 1 / (1 - BETA), np.float32), np.zeros(neurons, np.float32)
        nodes[f"fc{number}"] = nir.Affine(_array(rounded(layer.weight)), _array(layer.bias))
        if number < len(layers):
            threshold = np.full(neurons, THRESHOLD, np.float32)
            nodes[f"lif{number}"] = nir.LIF(tau=tau, r=r, v_leak=zero, v_threshold=threshold, v_reset=zero)
        else:
            nodes["li"] = nir.LI(tau=tau, r=r, v_leak=zero)
    nodes["output"] = nir.Output(np.array([SIZES[-1]]))
    graph = nir.NIRGraph(nodes, list(pairwise(nodes)), metadata={METADATA_KEY: OPTIONS.describe()})
    nir.write(path, graph)


def write_onnx(path: Path, layers: Sequence[Quantized]) -> None:
    """Gemm and Relu in turn, as PyTorch exports them; weights (outputs, inputs) as integers behind DequantizeLinear."""
    nodes, weights = [], []
    name = "image"
    for number, layer in enumerate(layers, start=1):
        last = number == len(layers)
        weight, bias, scale = f"fc{number}.weight", f"fc{number}.bias", scale_of(layer.weight)
        integers = np.rint(_array(layer.weight / scale)).astype(np.int8)
        weights += [
            numpy_helper.from_array(integers, f"{weight}.integers"),
            numpy_helper.from_array(_array(scale), f"{weight}.scale"),
            numpy_helper.from_array(_array(layer.bias), bias),
        ]
        out = "logits" if last else f"fc{number}.out"
        nodes += [
            helper.make_node("DequantizeLinear", [f"{weight}.integers", f"{weight}.scale"], [weight], name=weight),
            helper.make_node("Gemm", [name, weight, bias], [out], name=f"fc{number}", transB=1),
        ]
        if not last:
            name = f"hidden{number}"
            nodes.append(helper.make_node("Relu", [out], [name], name=f"relu{number}"))
    graph = helper.make_graph(
        nodes,
        "mnist_ann",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", SIZES[0]])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", SIZES[-1]])],
        initializer=weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def train(out: Path, data: DataSet, *, epochs: int, seed: int, progress: Callable[[str], None]) -> None:
    """Train both networks and write mnist_snn.nir, mnist_ann.onnx and mnist.json into ``out``."""
    torch.manual_seed(seed)
    spiking = Spiking()

    def spiking_loss(images: Tensor, labels: Tensor) -> Tensor:
        logits, spikes = spiking(encode_spikes(images))
        return functional.cross_entropy(logits, labels) + SPIKE_COST * spikes.mean()

    fit(spiking_loss, spiking, data, epochs=epochs, seed=seed, progress=lambda line: progress(f"SNN, {line}"))
    write_nir(out / "mnist_snn.nir", list(spiking.layers))

    torch.manual_seed(seed)
    layers = [Quantized(a, b) for a, b in pairwise(SIZES)]
    ann = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    fit(
        lambda images, labels: functional.cross_entropy(ann(images), labels),
        ann,
        data,
        epochs=epochs,
        seed=seed,
        progress=lambda line: progress(f"ANN, {line}"),
    )
    write_onnx(out / "mnist_ann.onnx", layers)

    scores = {}
    for kind, name in (("snn", "mnist_snn.nir"), ("ann", "mnist_ann.onnx")):
        run = run_float(load_network(out / name), data.x)
        scores[kind] = {"file": name, "float_accuracy": float(np.mean(run.predictions == data.y))}
    description = {
        "data": data.name,
        "split": data.split,
        "seed": seed,
        "epochs": epochs,
        "trained_with": {"torch": torch.__version__.split("+")[0]},
        "options": OPTIONS.describe(),
        **scores,
    }
    (out / "mnist.json").write_text(json.dumps(description, indent=2) + "\n")
