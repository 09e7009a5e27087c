"""What the export scripts share. Each runs with the Python of its framework, without tospike: ``python SCRIPT DIR``."""

import sys
from pathlib import Path

import nir
import numpy as np

INPUTS, HIDDEN, OUTPUTS, SAMPLES, STEPS = 64, 64, 10, 8, 20


def spikes(rate=0.3):
    """(SAMPLES, STEPS, INPUTS) of 0 and 1."""
    return (np.random.default_rng(4).random((SAMPLES, STEPS, INPUTS)) < rate).astype(np.uint8)


def weights(inputs, outputs, size, seed):
    """Normal weights (outputs, inputs) that come to ``size`` for each input spike train, and biases (outputs,)."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0.1, 1, (outputs, inputs)) * size / np.sqrt(inputs)
    return weight.astype(np.float32), rng.normal(0.02, 0.05, outputs).astype(np.float32)


def linear(inputs, outputs, size, seed, bias=True):
    """A layer of torch with these weights."""
    import torch  # here, as spyx is without it

    made, (weight, biases) = torch.nn.Linear(inputs, outputs, bias=bias), weights(inputs, outputs, size, seed)
    made.weight.data = torch.from_numpy(weight)
    if bias:
        made.bias.data = torch.from_numpy(biases)
    return made


class Case:
    """Writes NAME.nir and NAME.npz (`layer_0`, `layer_1`, ...)."""

    def __init__(self, name):
        self.folder = Path(sys.argv[1])
        self.name = name

    def write(self, graph, layers):
        """The graph, and what each stage of neurons sent: (SAMPLES, STEPS, neurons)."""
        nir.write(self.folder / f"{self.name}.nir", graph)
        arrays = {f"layer_{index}": np.asarray(layer, dtype=np.float64) for index, layer in enumerate(layers)}
        np.savez(self.folder / f"{self.name}.npz", **arrays)


def stacked(records):
    """Per layer (SAMPLES, STEPS, neurons) from a list of steps, each a list of layers."""
    import torch

    return [torch.stack(layer, dim=1).detach().numpy() for layer in zip(*records, strict=True)]


def main(cases):
    """Writes every case; a framework's own refusal to export is written as NAME.refused."""
    folder = Path(sys.argv[1])
    np.savez(folder / "data.npz", spikes=spikes(), label=np.zeros(SAMPLES, np.int64))
    for name, make in cases.items():
        try:
            make(Case(name))
        except Exception as error:
            (folder / f"{name}.refused").write_text(f"{type(error).__name__}: {error}")
