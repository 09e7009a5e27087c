"""Trains an ANN for tactile Braille letters given as spike trains: 192-64-7 neurons on sums of spikes.

``tospike train braille-ann`` runs it; it needs the extra ``train``. The 256 time steps of 12 channels are summed in 16
frames, which the file states (`tospike.sim.network.time_bins`). In training, recordings begin a little earlier or later
and lose some spikes, at random: there are only 300 of them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tospike.examples.events import binned, fit, frames, write_description, write_onnx
from tospike.gen.data.datasets import DataSet

CHANNELS, CLASSES = 12, 7
FRAMES = 16
HIDDEN = 64
DROPPED = 0.3
"""Of the hidden neurons, in training."""
SHIFT = 16
"""Steps by which a recording may begin earlier or later."""
THINNED = 0.3
"""Of the spikes, left out in training."""
UNIT = 4.0
"""Spikes of a frame that enter as 1: keeps inputs where PyTorch's start of the weights expects them."""
FILE = "braille_ann.onnx"


def distort(spikes: Tensor, generator: torch.Generator) -> Tensor:
    """(N, steps, channels) spikes moved in time and thinned, at random, as values; what remains weighs more."""
    steps = spikes.shape[1]
    moved = torch.arange(steps) + torch.randint(-SHIFT, SHIFT + 1, (len(spikes), 1), generator=generator)
    inside = ((moved >= 0) & (moved < steps))[:, :, None]
    taken = torch.gather(spikes, 1, moved.clamp(0, steps - 1)[:, :, None].expand_as(spikes)) * inside
    kept = taken * (torch.rand(taken.shape, generator=generator) >= THINNED) / (1 - THINNED)
    return frames(kept, FRAMES) / UNIT


def train(out: Path, data: DataSet, *, epochs: int, seed: int, progress: Callable[[str], None]) -> None:
    """Train the network and write braille_ann.onnx and braille.json into ``out``."""
    torch.manual_seed(seed)
    first, last = nn.Linear(FRAMES * CHANNELS, HIDDEN), nn.Linear(HIDDEN, CLASSES)
    model = nn.Sequential(first, nn.ReLU(), nn.Dropout(DROPPED), last)
    x, y = torch.from_numpy(data.train_x.astype(np.float32)), torch.from_numpy(data.train_y)
    fit(model, x, y, distort, epochs=epochs, seed=seed, progress=progress)
    write_onnx(out / FILE, model, (FRAMES * CHANNELS,), unit=UNIT, metadata=binned(FRAMES))
    write_description(out, FILE, data, frames=FRAMES, epochs=epochs, seed=seed)
