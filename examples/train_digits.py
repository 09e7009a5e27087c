"""Trains the example networks for scikit-learn's digits: an ANN and an LIF SNN with the same 64-32-10 neurons.

Run from the root of the repository, with the extra ``train`` installed::

    python -m tospike.examples.train_digits --out examples

The same seed gives the same weights on the same kind of machine. No choice within a run looks at the test samples: the
weights are those after the last epoch.
"""

import argparse
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import onnx
import snntorch
import torch
from onnx import TensorProto, helper, numpy_helper
from snntorch import surrogate
from torch import Tensor, nn
from torch.nn import functional

from tospike.gen.data.datasets import DataSet, load_data
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.hw.params import Encoding, Readout, Reset
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Network
from tospike.sim.network.reference import run_float

HIDDEN = 32
CLASSES = 10
EPOCHS = 200
BATCH = 64
PEAK_LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-3
BETA = 0.75
"""Decay of the membranes per step: 1 - 2**-2, so that the leak is a shift in hardware."""
THRESHOLD = 1.0
SPIKE_COST = 1e-2
"""Weight of the hidden spikes per sample in the SNN's loss: every spike costs time and energy in hardware."""
OPTIONS = NirOptions(
    dt=1e-4, reset=Reset.SUBTRACT, encoding=Encoding.RATE, steps=5, input_bits=4, readout=Readout.MEMBRANE
)


class SpikingLayers(nn.Module):
    """The weights of 64 inputs, 32 spiking neurons and 10 outputs, and the spike with its surrogate gradient."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, CLASSES)
        self.spike = surrogate.fast_sigmoid(slope=10)
        with torch.no_grad():
            # Weights at PyTorch's start are too small to reach the threshold with few input spikes.
            self.fc1.weight.mul_(2)
            self.fc2.weight.mul_(2)


class Spiking(SpikingLayers):
    """64 inputs, 32 LIF with reset by subtraction in the same step, 10 LI whose last membranes are the logits.

    Not built of ``snntorch.Leaky``: where a membrane exceeds twice the threshold, its subtraction takes place before
    the next step's comparison, while the hardware's takes place in the step of the spike and no other.
    """

    def forward(self, spikes: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, steps, inputs) spikes to (batch, 10) logits and (batch,) hidden spikes."""
        lif, li, count = torch.zeros(1), torch.zeros(1), torch.zeros(1)
        for step in spikes.unbind(dim=1):
            lif = BETA * lif + self.fc1(step)
            hidden = self.spike(lif - THRESHOLD)
            lif = lif - THRESHOLD * hidden
            li = BETA * li + self.fc2(hidden)
            count = count + hidden.sum(dim=1)
        return li, count


def encode_spikes(images: Tensor) -> Tensor:
    """(N, inputs) images to (N, steps, inputs) spikes, exactly as the hardware's encoder makes them."""
    spikes = encode(OPTIONS.input_spec(images.shape[1]), images.numpy())
    return torch.from_numpy(spikes.astype(np.float32))


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 64) images turned by up to 0.15 rad, scaled by up to 10 % and shifted by up to 0.6 pixels, at random."""

    def uniform(limit: float, *shape: int) -> Tensor:
        return (torch.rand(len(images), *shape, generator=generator) * 2 - 1) * limit

    angle, scale = uniform(0.15), 1 + uniform(0.1, 2)
    turn = torch.stack([angle.cos() * scale[:, 0], -angle.sin(), angle.sin(), angle.cos() * scale[:, 1]], dim=1).view(
        -1, 2, 2
    )
    affine = torch.cat([turn, uniform(0.15, 2, 1)], dim=2)
    grid = functional.affine_grid(affine, [len(images), 1, 8, 8], align_corners=False)
    moved = functional.grid_sample(images.view(-1, 1, 8, 8), grid, align_corners=False)
    return moved.view(-1, 64).clamp(0, 1)


def fit(loss: Callable[[Tensor, Tensor], Tensor], model: nn.Module, data: DataSet, *, epochs: int, seed: int) -> None:
    """AdamW with one learning-rate cycle on distorted images; ``loss(images, labels)`` runs the model."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(data.train_x), torch.from_numpy(data.train_y)
    batches = -(-len(x) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=epochs * batches)
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            loss(distort(x[chosen], generator), y[chosen]).backward()
            optimizer.step()
            schedule.step()


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().copy()


def write_onnx(path: Path, hidden: nn.Linear, last: nn.Linear) -> None:
    """Gemm, Relu, Gemm with weights (outputs, inputs), as PyTorch exports them."""
    nodes = [
        helper.make_node("Gemm", ["image", "fc1.weight", "fc1.bias"], ["fc1_out"], name="fc1", transB=1),
        helper.make_node("Relu", ["fc1_out"], ["hidden"], name="relu"),
        helper.make_node("Gemm", ["hidden", "fc2.weight", "fc2.bias"], ["logits"], name="fc2", transB=1),
    ]
    weights = [
        numpy_helper.from_array(_array(tensor), f"{name}.{what}")
        for name, layer in (("fc1", hidden), ("fc2", last))
        for what, tensor in (("weight", layer.weight), ("bias", layer.bias))
    ]
    graph = helper.make_graph(
        nodes,
        "digits_ann",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", hidden.in_features])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", last.out_features])],
        initializer=weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_nir(path: Path, model: Spiking) -> None:
    """As snnTorch exports: tau = dt / (1 - beta), r = 1 / (1 - beta). The metadata say how to run it."""

    def per_neuron(value: float, neurons: int) -> np.ndarray:
        return np.full(neurons, value, np.float32)

    tau, r = OPTIONS.dt / (1 - BETA), 1 / (1 - BETA)
    nodes = {
        "input": nir.Input(np.array([model.fc1.in_features])),
        "fc1": nir.Affine(_array(model.fc1.weight), _array(model.fc1.bias)),
        "lif": nir.LIF(
            tau=per_neuron(tau, HIDDEN),
            r=per_neuron(r, HIDDEN),
            v_leak=per_neuron(0, HIDDEN),
            v_threshold=per_neuron(THRESHOLD, HIDDEN),
            v_reset=per_neuron(0, HIDDEN),
        ),
        "fc2": nir.Affine(_array(model.fc2.weight), _array(model.fc2.bias)),
        "li": nir.LI(tau=per_neuron(tau, CLASSES), r=per_neuron(r, CLASSES), v_leak=per_neuron(0, CLASSES)),
        "output": nir.Output(np.array([CLASSES])),
    }
    keys = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(keys)), metadata={METADATA_KEY: OPTIONS.describe()})
    # Compressed, arrays this small take more room, not less.
    nir.write(path, graph, compression=None)


def accuracy(network: Network, data: DataSet) -> float:
    """Fraction of the test samples that the float reference classifies right."""
    return float(np.mean(run_float(network, data.x).predictions == data.y))


def train(
    out_dir: Path,
    data: DataSet,
    *,
    epochs: int = EPOCHS,
    seed: int,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train both networks and write digits_ann.onnx, digits_snn.nir and digits.json into ``out_dir``."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)

    torch.manual_seed(seed)
    hidden, last = nn.Linear(data.inputs, HIDDEN), nn.Linear(HIDDEN, CLASSES)
    ann = nn.Sequential(hidden, nn.ReLU(), last)
    fit(lambda images, labels: functional.cross_entropy(ann(images), labels), ann, data, epochs=epochs, seed=seed)
    write_onnx(out_dir / "digits_ann.onnx", hidden, last)
    progress(f"ANN trained, seed {seed}")

    torch.manual_seed(seed)
    spiking = Spiking(data.inputs)

    def spiking_loss(images: Tensor, labels: Tensor) -> Tensor:
        logits, spikes = spiking(encode_spikes(images))
        return functional.cross_entropy(logits, labels) + SPIKE_COST * spikes.mean()

    fit(spiking_loss, spiking, data, epochs=epochs, seed=seed)
    write_nir(out_dir / "digits_snn.nir", spiking)
    progress(f"SNN trained, seed {seed}")

    with torch.no_grad():
        logits, spikes = spiking(encode_spikes(torch.from_numpy(data.x)))
    snn = load_network(out_dir / "digits_snn.nir")
    run = run_float(snn, data.x)
    if not np.allclose(run.outputs, logits.numpy(), atol=1e-4):
        raise RuntimeError("the float reference computes something else than the trained network")
    description = {
        "data": "digits",
        "split": data.split,
        "seed": seed,
        "trained_with": {"torch": torch.__version__.split("+")[0], "snntorch": snntorch.__version__},
        "ann": {
            "file": "digits_ann.onnx",
            "float_accuracy": accuracy(load_network(out_dir / "digits_ann.onnx"), data),
        },
        "snn": {
            "file": "digits_snn.nir",
            "options": OPTIONS.describe(),
            "float_accuracy": accuracy(snn, data),
            "input_spikes_per_sample": float(encode(snn.input, data.x).sum() / len(data.x)),
            "hidden_spikes_per_sample": float(spikes.mean()),
        },
    }
    (out_dir / "digits.json").write_text(json.dumps(description, indent=2) + "\n")


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the digits example networks.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the files")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.out, load_data("digits"), seed=arguments.seed)


if __name__ == "__main__":
    main()
