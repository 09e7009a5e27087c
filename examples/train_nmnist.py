"""Trains a convolutional ANN for N-MNIST on the sums of a recording's events.

``tospike train nmnist-ann`` runs it; it needs the extra ``train``. The network has the layers of the NIR paper's
spiking one (``cnn_sinabs.nir``), with ReLU neurons. A recording's events of 300 ms are summed per pixel and polarity,
which the file states (`tospike.sim.network.time_bins`). In training, sums are turned, scaled and shifted a little, at
random.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from tospike.examples.events import binned, fit, frames, write_description, write_onnx
from tospike.gen.data.datasets import DataSet

SHAPE = (2, 34, 34)
FRAMES = 1
UNIT = 8.0
"""Events of a pixel that enter as 1."""
FILE = "nmnist_ann.onnx"


def distort(images: Tensor, generator: torch.Generator) -> Tensor:
    """(N, 2, 34, 34) sums moved in the plane at random."""

    def uniform(limit: float, *shape: int) -> Tensor:
        return (torch.rand(len(images), *shape, generator=generator) * 2 - 1) * limit

    affine = torch.cat([torch.eye(2) + uniform(0.12, 2, 2), uniform(0.12, 2, 1)], dim=2)
    grid = functional.affine_grid(affine, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def network() -> nn.Sequential:
    """(N, 2, 34, 34) to (N, 10)."""
    return nn.Sequential(
        nn.Conv2d(2, 16, 5, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 8, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(128, 256),
        nn.ReLU(),
        nn.Linear(256, 10),
    )


def train(out: Path, data: DataSet, *, epochs: int, seed: int, progress: Callable[[str], None]) -> None:
    """Train the network and write nmnist_ann.onnx and nmnist.json into ``out``."""
    torch.manual_seed(seed)
    model = network()
    x = frames(torch.from_numpy(data.train_x), FRAMES).view(-1, *SHAPE) / UNIT
    fit(model, x, torch.from_numpy(data.train_y), distort, epochs=epochs, seed=seed, progress=progress)
    write_onnx(out / FILE, model, SHAPE, unit=UNIT, metadata=binned(FRAMES))
    write_description(out, FILE, data, frames=FRAMES, epochs=epochs, seed=seed)
