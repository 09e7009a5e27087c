"""Exact pairs: an SNN and the quantised ANN that it equals, from their files, on any input."""

from dataclasses import replace

import numpy as np
import pytest
from support.accelerator_bench import answers_and_counters
from support.command_line import refused as line_of
from support.command_line import tospike
from support.exact_pairs import data_of, dense_network, image_network, pooled_network
from support.paths import EXAMPLES

from tospike.gen.exact.levels import exact_layers
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.exact.prove import prove_equal
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError
from tospike.sim import accelerator
from tospike.sim.network import (
    Activation,
    AveragePool2d,
    MaxPool2d,
    QuantGrid,
    Stage,
    Window,
)
from tospike.sim.network.reference import run_float


def read(tmp_path, pair, data):
    found = []
    for name, content in (("ann.onnx", pair.ann), ("snn.nir", pair.snn)):
        (tmp_path / name).write_bytes(content)
        found.append(prepare(tmp_path / name, data, ModelOptions()))
    return found


def check(tmp_path, network, x, *, beyond, steps):
    """Both networks have the same outputs on data that the calibration saw, and on larger ones."""
    data = data_of(x)
    pair = exact_pair(network, data, ExactOptions(steps=steps))
    ann, snn = read(tmp_path, pair, data)
    for samples in (x, beyond):
        outputs = [accelerator.run(side.design, side.integers(samples)).outputs for side in (ann, snn)]
        assert np.array_equal(*outputs)
        # the reference computes the files in floating point, where integers are exact
        assert np.array_equal(run_float(snn.network, samples).outputs, outputs[1])
    assert len(np.unique(outputs[0], axis=0)) > 1


@pytest.mark.parametrize("steps", [1, 2, 5, 8, 40])
@pytest.mark.parametrize("sizes", [(6, 9, 4), (1, 3, 2), (7, 5, 6, 3), (5, 4)])
def test_dense(tmp_path, sizes, steps):
    rng = np.random.default_rng(sum(sizes) * steps)
    x = rng.random((60, sizes[0])).astype(np.float32)
    check(tmp_path, dense_network(rng, sizes), x, beyond=4 * rng.random((40, sizes[0])), steps=steps)


def test_data_on_a_grid_keep_it(tmp_path):
    rng = np.random.default_rng(3)
    x = (rng.integers(0, 17, (60, 6)) / 16).astype(np.float32)
    network = dense_network(rng, (6, 9, 4))
    assert exact_layers(network, x, ExactOptions()).input_unit == 1 / 16
    check(tmp_path, network, x, beyond=rng.integers(0, 40, (40, 6)) / 16, steps=8)


def test_images(tmp_path):
    rng = np.random.default_rng(4)
    x = rng.random((30, 60)).astype(np.float32)
    check(tmp_path, image_network(rng), x, beyond=2 * rng.random((10, 60)), steps=6)


def test_images_with_pools(tmp_path):
    rng = np.random.default_rng(8)
    x = rng.random((30, 128)).astype(np.float32)
    check(tmp_path, pooled_network(rng), x, beyond=2 * rng.random((10, 128)), steps=4)


def test_rtl(tmp_path):
    """Outputs, cycles and counters of the generated SNN, behind its encoder."""
    rng = np.random.default_rng(5)
    x = rng.random((40, 6)).astype(np.float32)
    pair = exact_pair(dense_network(rng, (6, 9, 7, 4)), data_of(x), ExactOptions(steps=3))
    _, snn = read(tmp_path, pair, data_of(x))
    samples = snn.integers(x[:4])
    expected = accelerator.run(snn.design, samples)
    answers, counters = answers_and_counters(snn.design, samples)
    assert [words for words, _ in answers] == (expected.outputs & 0xFFFF_FFFF).tolist()
    assert [cycles for _, cycles in answers] == expected.cycles.tolist()
    assert counters == {name: int(counts.sum()) for name, counts in expected.counters.items()} | {
        "cycles": int(expected.cycles.sum())
    }


def changed(network, index, **neuron):
    stages = list(network.stages)
    stages[index] = replace(stages[index], neuron=replace(stages[index].neuron, **neuron))
    return replace(network, stages=tuple(stages))


def test_the_proof_sees_every_difference(tmp_path):
    rng = np.random.default_rng(6)
    x = rng.random((60, 6)).astype(np.float32)
    pair = exact_pair(dense_network(rng, (6, 9, 4)), data_of(x), ExactOptions(steps=5))
    ann, snn = (side.quantized.network for side in read(tmp_path, pair, data_of(x)))
    prove_equal(ann, snn)
    threshold, multiplier = snn.stages[0].neuron.threshold, ann.stages[0].neuron.multiplier
    wrong = [
        (ann, changed(snn, 0, threshold=threshold + 2)),
        (ann, changed(snn, 0, initial=threshold // 2 + 1)),
        (ann, changed(snn, 1, initial=1)),
        (changed(ann, 0, multiplier=multiplier + multiplier // 100), snn),
        (changed(ann, 0, clamp=(0, 6)), snn),
    ]
    for number, network in ((0, snn), (1, snn), (0, ann)):
        stage = network.stages[number]
        moved = replace(stage, synapses=replace(stage.synapses, weight=stage.synapses.weight + 1))
        stages = tuple(moved if each is stage else each for each in network.stages)
        other = replace(network, stages=stages)
        wrong.append((other, snn) if network is ann else (ann, other))
    for first, second in wrong:
        with pytest.raises(InputError, match="of the SNN does not equal that of the ANN"):
            prove_equal(first, second)


def refused(network, x, message, **options):
    with pytest.raises(InputError, match=message):
        exact_layers(network, x, ExactOptions(**options))


def test_networks_without_an_exact_pair():
    rng = np.random.default_rng(7)
    x = rng.random((20, 6))
    network = dense_network(rng, (6, 9, 4))
    refused(changed(network, 0, relu=False), x, "each layer but the last has a ReLU")
    refused(changed(network, 1, relu=True), x, "each layer but the last has a ReLU")
    refused(changed(network, 0, grid=QuantGrid(scale=1.0, qmin=0, qmax=3)), x, "was trained with quantisers")
    refused(network, x - 0.5, r"takes values from 0 up, not from -0\.\d+ to")
    refused(network, 0 * x, "takes values from 0 up, not from 0 to 0")
    refused(changed(network, 0, maximum=1e-9), x, "which 8 bits cannot express: give more --weight-bits")
    pool = AveragePool2d(shape=(1, 2, 3), window=Window(kernel=(2, 2), stride=(1, 1)))
    pooled = Stage(name="pool", synapses=pool, neuron=Activation(relu=False))
    stages = (pooled, *dense_network(rng, (2, 4)).stages)
    refused(replace(network, stages=stages), x, "pool 'pool' does not tile its image and precede a layer with weights")
    largest = MaxPool2d(shape=(1, 2, 3), window=Window(kernel=(2, 1), stride=(2, 1)))
    stages = (replace(pooled, synapses=largest), *dense_network(rng, (3, 4)).stages)
    refused(replace(network, stages=stages), x, "'pool' is MaxPool2d: an exact pair is a chain of Dense, Conv2d and av")
    with pytest.raises(InputError, match="steps must be"):
        ExactOptions(steps=256)


def test_by_the_command_line(tmp_path):
    model = EXAMPLES / "digits_ann.onnx"
    convert = ("convert", model, "--data", "digits", "--exact")
    made = tospike(*convert, "--steps", 4, "--out", "s.nir", cwd=tmp_path)
    assert made.returncode == 0 and "equal to" in made.stdout, made.stderr
    outputs = []
    for name in ("s.nir", "s.onnx"):
        ran = tospike("evaluate", name, "--data", "digits", "--outputs", f"{name}.npz", cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        with np.load(tmp_path / f"{name}.npz") as file:
            outputs.append(file["outputs"])
    assert outputs[0].shape == (449, 10) and outputs[0].dtype == np.int64
    assert np.array_equal(*outputs)
    line_of(tospike(*convert, "--steps", 256, "--out", "t.nir", cwd=tmp_path), "steps", "255")
    line_of(tospike(*convert, "--initial", 0.25, "--out", "t.nir", cwd=tmp_path), "leave --initial and --readout out")
    assert not list(tmp_path.glob("t.*"))
