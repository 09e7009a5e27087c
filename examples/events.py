"""Training ANNs on spike trains: what the recipes for Braille letters and N-MNIST share. Needs the extra ``train``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from tospike.gen.data.datasets import DataSet
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY
from tospike.sim.network.reference import run_float
from tospike.sim.network.time_bins import sum_frames

BATCH = 32
PEAK_LEARNING_RATE = 1e-2
WEIGHT_DECAY = 1e-2

Distortion = Callable[[Tensor, torch.Generator], Tensor]
"""Training samples to the values that the model gets."""


def frames(spikes: Tensor, count: int) -> Tensor:
    """(N, steps, channels) spikes to (N, count * channels) sums."""
    return torch.from_numpy(sum_frames(spikes.numpy(), count))


def fit(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    distort: Distortion,
    *,
    epochs: int,
    seed: int,
    progress: Callable[[str], None],
    batch: int = BATCH,
    smoothing: float = 0.0,
    cost: Callable[[], Tensor] | None = None,
    clip: float | None = None,
) -> None:
    """AdamW with one learning-rate cycle; the weights are those after the last epoch.

    Parameters
    ----------
    smoothing
        Of the labels.
    cost
        What the loss has besides the cross entropy, after the model has run.
    clip
        The largest norm of the gradient.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    batches = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=batches)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(x), generator=generator).split(batch):
            optimizer.zero_grad()
            logits = model(distort(x[chosen], generator))
            loss = functional.cross_entropy(logits, y[chosen], label_smoothing=smoothing)
            loss = loss if cost is None else loss + cost()
            loss.backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(chosen)
        if (epoch + 1) % 10 == 0:
            progress(f"epoch {epoch + 1} of {epochs}: mean loss {total / len(x):.4f}")


def binned(frames: int) -> dict[str, str]:
    """The metadata of a network that takes spike trains as this number of sums."""
    return {METADATA_KEY: json.dumps({"time_bins": frames})}


def write_onnx(
    path: Path, model: nn.Sequential, shape: tuple[int, ...], *, unit: float, metadata: dict[str, str]
) -> None:
    """A chain of layers, and in the metadata how samples enter.

    Parameters
    ----------
    shape
        Of a sample.
    unit
        What entered the model as 1, in units of the file's input: goes into the first layer's weights.
    """
    nodes, weights = [], []
    name = "spikes"
    layers = [layer for layer in model if not isinstance(layer, nn.Dropout)]
    for number, layer in enumerate(layers):
        inputs, out = [name], "logits" if layer is layers[-1] else f"layer{number}.out"
        if isinstance(layer, nn.Linear | nn.Conv2d):
            scale = unit if not weights else 1.0
            for part, values in (("weight", layer.weight / scale), ("bias", layer.bias)):
                inputs.append(f"layer{number}.{part}")
                weights.append(numpy_helper.from_array(values.detach().numpy(), inputs[-1]))
        kind, attributes = _node(layer)
        nodes.append(helper.make_node(kind, inputs, [out], name=f"layer{number}", **attributes))
        name = out
    outputs = layers[-1].out_features
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("spikes", TensorProto.FLOAT, ["batch", *shape])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])],
        initializer=weights,
    )
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(written, metadata)
    onnx.checker.check_model(written)
    onnx.save(written, path)


def _node(layer: nn.Module) -> tuple[str, dict[str, Any]]:
    """The ONNX operator of a layer, and its attributes."""
    match layer:
        case nn.Linear():
            return "Gemm", {"transB": 1}
        case nn.Conv2d():
            pads = [*layer.padding, *layer.padding]
            return "Conv", {"kernel_shape": list(layer.kernel_size), "strides": list(layer.stride), "pads": pads}
        case nn.AvgPool2d():
            size = [layer.kernel_size, layer.kernel_size]
            return "AveragePool", {"kernel_shape": size, "strides": size}
        case nn.ReLU():
            return "Relu", {}
        case nn.Flatten():
            return "Flatten", {"axis": 1}
    raise TypeError(f"{layer} has no ONNX operator here")


def write_description(out: Path, file: str, data: DataSet, *, frames: int, epochs: int, seed: int) -> None:
    """What a training made, as JSON beside ``file``, with the accuracy that the file has on the test samples."""
    run = run_float(load_network(out / file), data.x, trace=False)
    description = {
        "data": data.name,
        "split": data.split,
        "seed": seed,
        "epochs": epochs,
        "trained_with": {"torch": torch.__version__.split("+")[0]},
        "ann": {"file": file, "time_bins": frames, "float_accuracy": float(np.mean(run.predictions == data.y))},
    }
    (out / f"{file.split('_', maxsplit=1)[0]}.json").write_text(json.dumps(description, indent=2) + "\n")
