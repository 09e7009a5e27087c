"""Trains an ANN for tactile Braille letters given as spike trains: 192-64-7 neurons on sums of spikes.

``tospike train braille-ann`` runs it; it needs the extra ``train``. The 256 time steps of 12 channels are summed in 16
frames, which the file states (`tospike.sim.frames`). In training, recordings begin a little earlier or later and lose
some spikes, at random: there are only 300 of them. The weights are those after the last epoch.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tospike.gen.data import DataSet
from tospike.gen.load import load_network
from tospike.gen.nir_options import METADATA_KEY
from tospike.sim.frames import sum_frames
from tospike.sim.reference import run_float

CHANNELS, CLASSES = 12, 7
FRAMES = 16
HIDDEN = 64
BATCH = 32
PEAK_LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-2
DROPPED = 0.3
"""Of the hidden neurons, in training."""
SHIFT = 16
"""Steps by which a recording may begin earlier or later."""
THINNED = 0.3
"""Of the spikes, left out in training."""
UNIT = 4.0
"""Spikes of a frame that enter as 1: keeps inputs where PyTorch's start of the weights expects them."""


def distort(spikes: Tensor, generator: torch.Generator) -> Tensor:
    """(N, steps, channels) spikes moved in time and thinned, at random; what remains weighs more, so that sums stay."""
    steps = spikes.shape[1]
    moved = torch.arange(steps) + torch.randint(-SHIFT, SHIFT + 1, (len(spikes), 1), generator=generator)
    inside = ((moved >= 0) & (moved < steps))[:, :, None]
    taken = torch.gather(spikes, 1, moved.clamp(0, steps - 1)[:, :, None].expand_as(spikes)) * inside
    return taken * (torch.rand(taken.shape, generator=generator) >= THINNED) / (1 - THINNED)


def frames(spikes: Tensor) -> Tensor:
    """(N, steps, channels) spikes to (N, FRAMES * channels) values."""
    return torch.from_numpy(sum_frames(spikes.numpy(), FRAMES)) / UNIT


def write_onnx(path: Path, first: nn.Linear, last: nn.Linear) -> None:
    """Gemm, Relu, Gemm; the metadata state how spike trains enter."""

    def array(tensor: Tensor) -> np.ndarray:
        return tensor.detach().numpy().astype(np.float32)

    weights = {
        "fc1.weight": array(first.weight / UNIT),
        "fc1.bias": array(first.bias),
        "fc2.weight": array(last.weight),
        "fc2.bias": array(last.bias),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["spikes", "fc1.weight", "fc1.bias"], ["fc1.out"], name="fc1", transB=1),
            helper.make_node("Relu", ["fc1.out"], ["hidden"], name="relu1"),
            helper.make_node("Gemm", ["hidden", "fc2.weight", "fc2.bias"], ["logits"], name="fc2", transB=1),
        ],
        "braille_ann",
        [helper.make_tensor_value_info("spikes", TensorProto.FLOAT, ["batch", FRAMES * CHANNELS])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        initializer=[numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: json.dumps({"frames": FRAMES})})
    onnx.checker.check_model(model)
    onnx.save(model, path)


def train(out: Path, data: DataSet, *, epochs: int, seed: int, progress: Callable[[str], None]) -> None:
    """Train the network and write braille_ann.onnx and braille.json into ``out``."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    first, last = nn.Linear(FRAMES * CHANNELS, HIDDEN), nn.Linear(HIDDEN, CLASSES)
    model = nn.Sequential(first, nn.ReLU(), nn.Dropout(DROPPED), last)
    x, y = torch.from_numpy(data.train_x.astype(np.float32)), torch.from_numpy(data.train_y)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    batches = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=batches)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(frames(distort(x[chosen], generator))), y[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(chosen)
        if (epoch + 1) % 10 == 0:
            progress(f"epoch {epoch + 1} of {epochs}: mean loss {total / len(x):.4f}")
    write_onnx(out / "braille_ann.onnx", first, last)
    run = run_float(load_network(out / "braille_ann.onnx"), data.x)
    description = {
        "data": data.name,
        "split": data.split,
        "seed": seed,
        "epochs": epochs,
        "trained_with": {"torch": torch.__version__.split("+")[0]},
        "ann": {
            "file": "braille_ann.onnx",
            "frames": FRAMES,
            "float_accuracy": float(np.mean(run.predictions == data.y)),
        },
    }
    (out / "braille.json").write_text(json.dumps(description, indent=2) + "\n")
