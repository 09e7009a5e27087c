"""Silent layers and accuracy by chance are told, as what they are."""

import json
import math

import nir
import numpy as np
import pytest
from support.command_line import tospike

from tospike.gen.pipeline import Prepared
from tospike.gen.quantize.network import quantize
from tospike.hw.params import InputError
from tospike.sim.network import Activation, Dense, InputSpec, Network, Stage
from tospike.sim.systolic.layers import run_integers
from tospike.tb.plausible import binomial_tail, costly_rounding, guessing, silence


class Classes:
    """All that is asked of a network."""

    def __init__(self, classes):
        self.classes = classes


def judged(right, labels, classes=10):
    correct = np.arange(len(labels)) < right
    return guessing(Classes(classes), correct, np.asarray(labels))


def test_binomial_tail():
    assert binomial_tail(4, 0, 0.3) == pytest.approx(1)
    assert binomial_tail(4, 3, 0.5) == pytest.approx(5 / 16)
    assert binomial_tail(60, 12, 0.1) == pytest.approx(
        sum(math.comb(60, k) * 0.1**k * 0.9 ** (60 - k) for k in range(12, 61))
    )
    assert binomial_tail(10_000, 1_100, 0.1) < 1e-3 < binomial_tail(10_000, 1_090, 0.1)


def test_accuracy_by_chance():
    even = np.arange(100) % 10
    assert judged(100, even) == judged(16, even) == ()
    (line,) = judged(15, even)
    assert line.startswith(
        "the accuracy is no better than guessing: 15 of 100 predictions are correct, and the better of chance and the"
    )
    assert "reaches 10.0 %" in line
    assert judged(0, even)  # an order of labels that fits no output
    uneven = np.where(np.arange(100) < 60, 3, even)
    assert judged(66, uneven) and not judged(75, uneven)
    assert judged(0, [1, 2]) == ()  # so few tell nothing
    assert judged(0, [1] * 50, classes=3) and not judged(50, [1] * 50, classes=3)  # one label says nothing of chance


def test_stages_that_never_spike():
    lines = silence(("a", "b"), 40)
    assert len(lines) == 1 and lines[0].startswith("stages 'a', 'b' never spike on these 40 samples: check --dt")


@pytest.mark.parametrize(("size", "is_told"), [(1.0, False), (3000.0, True)])
def test_rounding_that_changes_answers(size, is_told):
    """A channel that is far larger than the others, so that the one scale of all is too coarse for them."""
    rng = np.random.default_rng(5)
    hidden = Dense(weight=rng.normal(size=(8, 6)), bias=np.zeros(8))
    hidden.weight[0] *= size
    last = Dense(weight=rng.normal(size=(3, 8)), bias=np.zeros(3))
    last.weight[:, 0] = 0.001 * rng.normal(size=3)
    network = Network(
        name="unequal",
        input=InputSpec(inputs=6),
        stages=(
            Stage(name="hidden", synapses=hidden, neuron=Activation(relu=True)),
            Stage(name="last", synapses=last, neuron=Activation(relu=False)),
        ),
    )
    x = rng.random((60, 6)).astype(np.float32)
    rounded = quantize(network, x)
    prepared = Prepared(network=network, quantized=rounded, planned=InputError("not planned"), choices={})
    predictions = np.argmax(run_integers(rounded.network, prepared.integers(x)), axis=1)
    lines = costly_rounding(network, x, predictions)
    assert bool(lines) is is_told
    assert not lines or " of 60 predictions: give more bits (--weight-bits, --act-bits: up to 8)" in lines[0]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    for name, threshold in (("quiet", 1e4), ("loud", 2.0)):
        neuron = nir.IF(r=np.ones(2), v_threshold=np.full(2, threshold), v_reset=np.zeros(2))
        nir.write(folder / f"{name}.nir", nir.NIRGraph.from_list(nir.Linear(weight=np.eye(2) * 3), neuron))
    spikes = np.zeros((80, 5, 2), dtype=np.uint8)
    label = np.arange(80) // 2 % 2
    spikes[np.arange(80), :, label] = 1
    np.savez(folder / "d.npz", spikes=spikes, label=label)
    np.savez(folder / "wrong.npz", spikes=spikes, label=np.arange(80) // 4 % 2)
    return folder


STATED = ("--reset", "zero", "--reset-timing", "same", "--comparison", "above", "--hold-out", "2")


@pytest.mark.parametrize("backend", ["float", "golden"])
def test_evaluate_warns(files, backend):
    silent = tospike(
        "evaluate", "quiet.nir", *STATED, "--data", "npz:d.npz", "--backend", backend, "--json", "r.json", cwd=files
    )
    assert silent.returncode == 0
    warnings = json.loads((files / "r.json").read_text())["warnings"]
    assert "never spikes on these 40 samples" in warnings[0] and "20 of 40 predictions are correct" in warnings[1]
    assert len(warnings) == 2 and all(line in silent.stderr for line in warnings)
    assert "warning" not in silent.stdout
    tospike("evaluate", "loud.nir", *STATED, "--data", "npz:d.npz", "--backend", backend, "--json", "r.json", cwd=files)
    assert json.loads((files / "r.json").read_text())["warnings"] == []
    wrong = tospike("evaluate", "loud.nir", *STATED, "--data", "npz:wrong.npz", "--backend", backend, cwd=files)
    assert wrong.returncode == 0 and "the accuracy is no better than guessing: 20 of 40" in wrong.stderr
