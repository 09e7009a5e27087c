"""Trains 64-32-10 networks for scikit-learn's digits with neurons that no framework exports: sliding neurons, LIF with
noisy thresholds, and LIF whose decays differ.

Run with the extra ``train`` installed: ``tospike train digits-neurons --data digits --out build/neurons``. Every eighth
training sample is for validation, which chooses the epoch whose weights are written; test samples choose nothing.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tospike.examples.train_digits import (
    BATCH,
    BETA,
    CLASSES,
    HIDDEN,
    OPTIONS,
    PEAK_LEARNING_RATE,
    SPIKE_COST,
    THRESHOLD,
    WEIGHT_DECAY,
    SpikingLayers,
    distort,
    encode_spikes,
)
from tospike.gen.data.datasets import DataSet
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY
from tospike.sim.network.reference import run_float

VALIDATION = 8
"""Every so manieth training sample is for validation."""
TAPS = 3
LEAST_TAP = 2.0**-4
"""Smaller weights of sliding neurons become 0."""
SIGMA = 0.25
"""Standard deviation of the noise in training and in the file, in thresholds."""


class Network(SpikingLayers):
    """64 inputs, 32 neurons of a kind that subclasses state, 10 LI whose last membranes are the logits."""

    def hidden(self, currents: Tensor) -> Tensor:
        """(batch, steps, 32) weighted inputs to as many spikes."""
        raise NotImplementedError

    def forward(self, spikes: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, steps, inputs) spikes to (batch, 10) logits and (batch,) hidden spikes."""
        hidden, li = self.hidden(self.fc1(spikes)), torch.zeros(1)
        for step in self.fc2(hidden).unbind(dim=1):
            li = BETA * li + step
        return li, hidden.sum(dim=(1, 2))

    def node(self) -> nir.NIRNode:
        """Return the hidden neurons."""
        return _leaky(np.full(HIDDEN, BETA, np.float32))

    def layer(self) -> dict[str, Any]:
        """Return the options of the hidden layer that NIR cannot state."""
        return {}


class Leaky(Network):
    """LIF with reset by subtraction in the same step."""

    def betas(self) -> Tensor:
        """Return the decays."""
        return torch.full((HIDDEN,), BETA)

    def noise(self, membrane: Tensor) -> Tensor:
        """Return what is added to the membranes for the comparison."""
        return torch.zeros(1)

    def hidden(self, currents: Tensor) -> Tensor:
        """Integrate step by step."""
        lif, betas, sent = torch.zeros(1), self.betas(), []
        for step in currents.unbind(dim=1):
            lif = betas * lif + step
            sent.append(self.spike(lif + self.noise(lif) - THRESHOLD))
            lif = lif - THRESHOLD * sent[-1]
        return torch.stack(sent, dim=1)


class Noisy(Leaky):
    """Trained with the noise that it will have."""

    def noise(self, membrane: Tensor) -> Tensor:
        """Gaussian, another one in each pass."""
        return SIGMA * torch.randn_like(membrane)

    def layer(self) -> dict[str, Any]:
        """State the noise."""
        return {"noise": SIGMA}


class Heterogeneous(Leaky):
    """Each neuron learns its decay."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        self.logit = nn.Parameter(torch.linspace(-1.0, 3.0, HIDDEN))

    def betas(self) -> Tensor:
        """Return the decays, in units of 2**-12 as the hardware's multipliers have them."""
        beta = torch.sigmoid(self.logit)
        return beta + (torch.round(beta * 4096) / 4096 - beta).detach()

    def node(self) -> nir.NIRNode:
        """Return LIF with the decays that were learned."""
        return _leaky(self.betas().detach().numpy())


class Sliding(Network):
    """Weights of the inputs of earlier steps, which each neuron learns as signed powers of two."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs)
        self.taps = nn.Parameter(torch.tensor([0.5, 0.25, 0.125]).repeat(HIDDEN, 1))

    def weights(self) -> Tensor:
        """(32, taps): the nearest powers of two, with the gradient of the learned weights."""
        size = self.taps.abs().clamp(LEAST_TAP / 2, 1.0)
        powers = torch.exp2(torch.round(torch.log2(size))) * self.taps.sign()
        rounded = torch.where(self.taps.abs() < LEAST_TAP / 2**0.5, torch.zeros_like(powers), powers)
        return self.taps + (rounded - self.taps).detach()

    def hidden(self, currents: Tensor) -> Tensor:
        """All steps at once: no state depends on a spike."""
        membrane = currents
        for number, weights in enumerate(self.weights().unbind(dim=1), 1):
            membrane = membrane + weights * functional.pad(currents, (0, 0, number, 0))[:, :-number]
        return self.spike(membrane - THRESHOLD)

    def node(self) -> nir.NIRNode:
        """Return thresholds: the metadata state the rest."""
        return nir.Threshold(threshold=np.full(HIDDEN, THRESHOLD, np.float32))

    def layer(self) -> dict[str, Any]:
        """State the weights, a row for each neuron."""
        rows = self.weights().detach().tolist()
        return {"taps": ";".join(",".join(f"{weight:g}" for weight in row) for row in rows)}


KINDS: dict[str, type[Network]] = {"sliding": Sliding, "noisy": Noisy, "heterogeneous": Heterogeneous}
"""By the names of their files."""


def _leaky(beta: np.ndarray) -> nir.LIF:
    """Return LIF as snnTorch exports them."""
    same = np.ones(len(beta), np.float32)
    return nir.LIF(tau=OPTIONS.dt / (1 - beta), r=1 / (1 - beta), v_leak=0 * same, v_threshold=same, v_reset=0 * same)


def write_nir(path: Path, model: Network) -> None:
    """Write a network, with options that NIR does not have as metadata of its hidden layer."""
    li = np.full(CLASSES, 1 - BETA, np.float32)
    nodes = {
        "input": nir.Input(np.array([model.fc1.in_features])),
        "fc1": nir.Affine(model.fc1.weight.detach().numpy().copy(), model.fc1.bias.detach().numpy().copy()),
        "hidden": model.node(),
        "fc2": nir.Affine(model.fc2.weight.detach().numpy().copy(), model.fc2.bias.detach().numpy().copy()),
        "li": nir.LI(tau=OPTIONS.dt / li, r=1 / li, v_leak=0 * li),
        "output": nir.Output(np.array([CLASSES])),
    }
    options = replace(OPTIONS, layers={"hidden": layer} if (layer := model.layer()) else {})
    graph = nir.NIRGraph(nodes, list(pairwise(nodes)), metadata={METADATA_KEY: options.describe()})
    nir.write(path, graph, compression=None)


def fit(model: Network, data: DataSet, *, epochs: int, seed: int) -> tuple[Network, float]:
    """Return the model of the epoch with the best accuracy on the validation part, the last of equals, and that."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.from_numpy(data.train_x), torch.from_numpy(data.train_y)
    held = torch.arange(len(x)) % VALIDATION == 0
    unseen = encode_spikes(x[held])
    x, wanted, y = x[~held], y[held], y[~held]
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps)
    best, kept = -1.0, model
    for _ in range(epochs):
        for chosen in torch.randperm(len(x), generator=generator).split(BATCH):
            optimizer.zero_grad()
            logits, spikes = model(encode_spikes(distort(x[chosen], generator)))
            (functional.cross_entropy(logits, y[chosen]) + SPIKE_COST * spikes.mean()).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            right = float((model(unseen)[0].argmax(dim=1) == wanted).float().mean())
        if right >= best:
            best, kept = right, copy.deepcopy(model)
    return kept, best


def train(
    out_dir: Path,
    data: DataSet,
    *,
    epochs: int,
    seed: int,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train all networks, and write them and digits_neurons.json into ``out_dir``."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    described: dict[str, Any] = {}
    for name, kind in KINDS.items():
        torch.manual_seed(seed)
        model, validation = fit(kind(data.inputs), data, epochs=epochs, seed=seed)
        path = out_dir / f"digits_{name}.nir"
        write_nir(path, model)
        network = load_network(path)
        run = run_float(network, data.x)
        with torch.no_grad():
            logits = model(encode_spikes(torch.from_numpy(data.x)))[0].numpy()
        if name != "noisy" and not np.allclose(run.outputs, logits, atol=1e-4):
            raise RuntimeError(f"the float reference of {path.name} computes something else than what was trained")
        described[name] = {
            "file": path.name,
            "validation_accuracy": validation,
            "float_accuracy": float(np.mean(run.predictions == data.y)),
        }
        progress(f"{name}: {100 * validation:.1f} % of the validation part")
    description = {"data": "digits", "split": data.split, "seed": seed, "epochs": epochs, "networks": described}
    (out_dir / "digits_neurons.json").write_text(json.dumps(description, indent=2) + "\n")
