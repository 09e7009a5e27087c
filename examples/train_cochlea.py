"""Trains an SNN and an ANN for spoken digits, each behind the cochlea that its file states.

``tospike train cochlea --data fsdd:DIR`` runs it; it needs the extra ``train``. Both hear through the same filter bank:
the SNN gets the spikes of its channels in time bins of 10 ms, the ANN their levels in frames of 20 ms. In training,
recordings are louder or softer, earlier or later, faster or slower, higher or lower, and some channels are silent, at
random. Every choice was made on the validation part (recordings 5 to 9 of each digit and speaker).
"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import torch
from torch import Tensor, nn

from tospike.examples.events import fit, write_onnx
from tospike.gen.data.datasets import DataSet
from tospike.gen.front_end import FRONT_END_KEY, describe_front_end
from tospike.gen.load import load_network
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.hw.params import CochleaCode, CochleaParams, Readout, Reset
from tospike.sim.cochlea.design import FilterBank
from tospike.sim.cochlea.hearing import heard
from tospike.sim.network.reference import run_float

CHANNELS, CLASSES = 32, 10
BANK = FilterBank(channels=CHANNELS, low_hz=100.0, high_hz=3500.0, sample_rate=8000, sections=2)
_ROTATIONS, _DAMPINGS = BANK.coefficients(16)
LEVELS = CochleaParams(
    rotations=_ROTATIONS,
    dampings=_DAMPINGS,
    sample_rate=8000,
    sections=2,
    hop=160,
    steps=40,
    floor=88,
    level_bits=7,
    code=CochleaCode.LEVELS,
    multipliers=4,
)
"""The ANN's: levels of 3 bits per octave."""
SPIKES = replace(LEVELS, hop=80, steps=80, floor=80, code=CochleaCode.LIF, threshold=60)
"""The SNN's."""
LOUDNESS, RATE, SHIFT, PITCH, NOISE, MASKED = 16, 0.15, 0.125, 2, 3.0, 4
"""Distortions: levels, fraction of the speed, of the length, channels, levels, channels."""
UNIT = 32.0
"""Levels that enter the ANN as 1."""
WIDTH, DROPPED = 12, 0.3
"""The ANN's filters in the first layer, and of the values before the last layer, those left out in training."""
FIRST, SECOND = 128, 96
"""Neurons of the SNN's hidden layers."""
LONGEST_DELAY = 35
"""Steps by which spikes of the first layer reach the second later, at most: each neuron has its own delay."""
SPIKE_COST = 5e-5
"""Weight of the hidden spikes per sample in the SNN's loss."""
SMOOTHING = 0.05
THRESHOLD = 1.0
OPTIONS = NirOptions(dt=1e-2, reset=Reset.SUBTRACT, encoding=None, steps=SPIKES.steps, readout=Readout.MEMBRANE)


def levels_of(params: CochleaParams, x: np.ndarray) -> Tensor:
    """(N, samples) sound to (N, steps, channels) levels of the time bins of ``params``."""
    as_levels = replace(params, code=CochleaCode.LEVELS, threshold=0)
    return torch.from_numpy(heard(as_levels, x).reshape(-1, params.steps, CHANNELS).astype(np.float32))


def distort(levels: Tensor, generator: torch.Generator) -> Tensor:
    """(N, steps, channels) levels of a recording that was made otherwise."""
    samples, steps, _ = levels.shape

    def uniform(*shape: int) -> Tensor:
        return torch.rand(samples, *shape, generator=generator) * 2 - 1

    def below(high: int) -> Tensor:
        return torch.randint(0, high, (samples, 1), generator=generator)

    louder = levels + (uniform(1, 1) * LOUDNESS).round()
    levels = torch.where(levels > 0, louder, levels).clamp(min=0)
    time = (torch.arange(steps) * (1 + uniform(1) * RATE) - below(int(steps * SHIFT) + 1)).round().long()
    inside = (time >= 0) & (time < steps)
    levels = torch.gather(levels, 1, time.clamp(0, steps - 1)[:, :, None].expand_as(levels)) * inside[:, :, None]
    channel = torch.arange(CHANNELS) + below(2 * PITCH + 1) - PITCH
    levels = torch.gather(levels, 2, channel.clamp(0, CHANNELS - 1)[:, None].expand_as(levels))
    noise = (torch.randn(levels.shape, generator=generator) * NOISE).round()
    first, count = below(CHANNELS), below(MASKED)
    masked = (torch.arange(CHANNELS) >= first) & (torch.arange(CHANNELS) < first + count)
    return (levels + noise * (levels > 0)).clamp(min=0) * ~masked[:, None]


def spikes_of(levels: Tensor) -> Tensor:
    """(N, steps, channels) levels to spikes, as `tospike.sim.cochlea.golden` has them."""
    membrane, trains = torch.zeros_like(levels[:, 0]), []
    for level in levels.unbind(1):
        membrane = membrane + level
        spikes = (membrane > SPIKES.threshold).float()
        membrane = (membrane - SPIKES.threshold * spikes).clamp(max=SPIKES.threshold)
        trains.append(spikes)
    return torch.stack(trains, 1)


class Surrogate(torch.autograd.Function):
    """A spike above the threshold, with the gradient of a fast sigmoid (Zenke and Ganguli, 2018)."""

    @staticmethod
    def forward(ctx, above: Tensor) -> Tensor:
        """Spike."""
        ctx.save_for_backward(above)
        return (above > 0).float()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """Return the surrogate's gradient."""
        (above,) = ctx.saved_tensors
        return gradient / (1 + 5 * above.abs()) ** 2


class Spiking(nn.Module):
    """32 inputs, 128 LIF, an own delay for each, 96 LIF, 10 LI whose last membranes are the logits.

    The neurons of a layer have four time constants. No layer has biases, so that silence costs no spikes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(CHANNELS, FIRST, bias=False)
        self.fc2 = nn.Linear(FIRST, SECOND, bias=False)
        self.fc3 = nn.Linear(SECOND, CLASSES, bias=False)
        with torch.no_grad():  # PyTorch's start is too small to reach the threshold
            self.fc1.weight.mul_(2)
            self.fc2.weight.mul_(2)
        self.betas = [1 - 2.0 ** -(torch.arange(FIRST) % 4 + 1), 1 - 2.0 ** -(torch.arange(SECOND) % 4 + 2)]
        self.last_beta = 1 - 2.0**-6
        self.delays = torch.randint(0, LONGEST_DELAY + 1, (FIRST,))
        self.count = torch.zeros(1)
        """(N,) hidden spikes of the last batch."""

    def forward(self, spikes: Tensor) -> Tensor:
        """(N, steps, channels) spikes to (N, 10) logits."""
        first = self._layer(self.fc1(spikes), self.betas[0])
        time = torch.arange(spikes.shape[1])[:, None] - self.delays
        later = torch.gather(first, 1, time.clamp(min=0)[None].expand_as(first)) * (time >= 0)
        second = self._layer(self.fc2(later), self.betas[1])
        self.count = first.sum((1, 2)) + second.sum((1, 2))
        remains = self.last_beta ** torch.arange(spikes.shape[1] - 1, -1, -1.0)
        return self.fc3((second * remains[:, None]).sum(1)) * (10 / remains.sum())

    @staticmethod
    def _layer(current: Tensor, beta: Tensor) -> Tensor:
        membrane, trains = torch.zeros_like(current[:, 0]), []
        for step in current.unbind(1):
            membrane = beta * membrane + step
            spikes = Surrogate.apply(membrane - THRESHOLD)
            membrane = membrane - THRESHOLD * spikes
            trains.append(spikes)
        return torch.stack(trains, 1)


def convolutional() -> nn.Sequential:
    """(N, 1, steps, channels) levels to (N, 10) logits."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((1, WIDTH, 2 * WIDTH, 2 * WIDTH)):
        conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU()]
    values = 2 * WIDTH * (LEVELS.steps // 8) * (CHANNELS // 8)
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(DROPPED), nn.Linear(values, CLASSES))


def folded(model: nn.Sequential) -> nn.Sequential:
    """The same network with each normalisation in the convolution before it."""
    layers: list[nn.Module] = []
    for layer in model:
        if not isinstance(layer, nn.BatchNorm2d):
            layers.append(layer)
            continue
        layers[-1] = torch.nn.utils.fuse_conv_bn_eval(layers[-1].eval(), layer.eval())
    return nn.Sequential(*layers)


def write_nir(path: Path, model: Spiking) -> None:
    """As snnTorch exports: tau = dt / (1 - beta), r = 1 / (1 - beta). The metadata state the rules and the cochlea."""

    def leak(beta: Tensor) -> dict[str, np.ndarray]:
        each = 1 - beta.numpy()
        return {"tau": OPTIONS.dt / each, "r": 1 / each, "v_leak": np.zeros_like(each)}

    def lif(beta: Tensor) -> nir.LIF:
        return nir.LIF(**leak(beta), v_threshold=np.full(len(beta), THRESHOLD), v_reset=np.zeros(len(beta)))

    remains = model.last_beta ** np.arange(SPIKES.steps)
    last = model.fc3.weight.detach().numpy() * np.float32(10 / remains.sum())
    nodes = {
        "input": nir.Input(np.array([CHANNELS])),
        "fc1": nir.Linear(model.fc1.weight.detach().numpy()),
        "lif1": lif(model.betas[0]),
        "delay": nir.Delay(model.delays.numpy() * OPTIONS.dt),
        "fc2": nir.Linear(model.fc2.weight.detach().numpy()),
        "lif2": lif(model.betas[1]),
        "fc3": nir.Linear(last),
        "li": nir.LI(**leak(torch.full((CLASSES,), model.last_beta))),
        "output": nir.Output(np.array([CLASSES])),
    }
    keys = list(nodes)
    metadata = {METADATA_KEY: OPTIONS.describe(), FRONT_END_KEY: describe_front_end(SPIKES)}
    nir.write(path, nir.NIRGraph(nodes, list(pairwise(keys)), metadata=metadata), compression=None)


def train(out: Path, data: DataSet, *, epochs: int, seed: int, progress: Callable[[str], None]) -> None:
    """Train both networks and write cochlea_ann.onnx, cochlea_snn.nir and cochlea.json into ``out``."""
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    labels = torch.from_numpy(data.train_y)
    knobs = {"epochs": epochs, "seed": seed, "progress": progress}

    torch.manual_seed(seed)
    ann = convolutional()
    levels = levels_of(LEVELS, data.train_x)

    def as_image(levels: Tensor, generator: torch.Generator) -> Tensor:
        return distort(levels, generator)[:, None] / UNIT

    fit(ann, levels, labels, as_image, smoothing=SMOOTHING, **knobs)
    shape, front_end = (1, LEVELS.steps, CHANNELS), {FRONT_END_KEY: describe_front_end(LEVELS)}
    write_onnx(out / "cochlea_ann.onnx", folded(ann), shape, unit=UNIT, metadata=front_end)

    torch.manual_seed(seed)
    snn = Spiking()
    levels = levels_of(SPIKES, data.train_x)

    def as_spikes(levels: Tensor, generator: torch.Generator) -> Tensor:
        return spikes_of(distort(levels, generator))

    def cost() -> Tensor:
        return SPIKE_COST * snn.count.mean()

    fit(snn, levels, labels, as_spikes, smoothing=SMOOTHING, batch=64, cost=cost, clip=1.0, **knobs)
    write_nir(out / "cochlea_snn.nir", snn)

    description = {
        "data": data.name,
        "split": data.split,
        "seed": seed,
        "epochs": epochs,
        "trained_with": {"torch": torch.__version__.split("+")[0]},
    }
    for side, file in (("ann", "cochlea_ann.onnx"), ("snn", "cochlea_snn.nir")):
        run = run_float(load_network(out / file), data.x, trace=False)
        description[side] = {"file": file, "float_accuracy": float(np.mean(run.predictions == data.y))}
    with torch.no_grad():
        logits = snn(spikes_of(levels_of(SPIKES, data.x)))
    if not np.allclose(run.outputs, logits.numpy(), atol=1e-3):
        raise RuntimeError("the float reference computes something else than the trained network")
    description["snn"]["hidden_spikes_per_sample"] = float(snn.count.mean())
    (out / "cochlea.json").write_text(json.dumps(description, indent=2) + "\n")
