"""Noisy and adaptive thresholds of trained networks, from a file's metadata, `--layer` and an options file."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.nir_files import OPTIONS, W1, W2, chain, li, lif, ones, save
from support.paths import EXAMPLES

from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.nir.importer import import_nir, read_options
from tospike.gen.nir.options import METADATA_KEY
from tospike.gen.options.file import read_options_file
from tospike.gen.options.layers import check_layers, parse_layers
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.quantize.integer_neuron import integer_noise
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.value_ranges import trace
from tospike.hw.params import InputError, NeuronKind, Reset, ResetTiming
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import SpikingNeuron
from tospike.sim.network.membrane import integrate
from tospike.sim.network.threshold_noise import NoiseShape, ThresholdNoise
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

SNN = EXAMPLES / "digits_snn.nir"
STATED = {"noise": 0.25, "noise_shape": "uniform", "noise_seed": 7, "adaptation": 0.5, "adaptation_decay": 0.75}


def first_neuron(path, options):
    return load_network(path, nir=options.nir(path)).stages[0].neuron


def two_layers():
    return chain(nir.Affine(W1, ones(4, 0.0)), lif(), nir.Affine(W2, ones(2, 0.0)), lif(2))


def test_metadata_command_line_and_file_state_the_same(tmp_path):
    graph = nir.read(SNN)
    graph.metadata[METADATA_KEY] = {**graph.metadata[METADATA_KEY], "layers": {"lif": STATED}}
    stated = first_neuron(save(tmp_path, graph), ModelOptions())
    texts = [f"lif.{name.replace('_', '-')}={value}" for name, value in STATED.items()]
    by_command = first_neuron(SNN, ModelOptions(layers=parse_layers(texts)))
    lines = "".join(f"{name.replace('_', '-')} = {value!r}\n" for name, value in STATED.items())
    (tmp_path / "o.toml").write_text(f"[layer.lif]\n{lines}")
    by_file = first_neuron(SNN, read_options_file(tmp_path / "o.toml"))
    noise = ThresholdNoise(deviation=0.25, shape=NoiseShape.UNIFORM, seed=7)
    for neuron in (stated, by_command, by_file):
        assert (neuron.noise, neuron.adaptation, neuron.adaptation_decay) == (noise, 0.5, 0.75)


def test_options_survive_a_file(tmp_path):
    options = replace(OPTIONS, noise=0.5, noise_shape=NoiseShape.UNIFORM, adaptation=0.25, layers={"z": {"noise": 0.1}})
    graph = two_layers()
    graph.metadata[METADATA_KEY] = options.describe()
    assert read_options(save(tmp_path, graph)) == options


def test_layers_with_the_same_seed_differ_in_their_noise(tmp_path):
    network = import_nir(save(tmp_path, two_layers()), replace(OPTIONS, noise=0.5, noise_seed=3))
    assert [stage.neuron.noise.seed for stage in network.stages] == [3, 4]


def test_the_float_network_adapts():
    """Input 1.25 in each step, without a membrane: a is 0, 1, 0.5, 0.25, and then the same again."""
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.0, adaptation=1.0, adaptation_decay=0.5)
    neuron = replace(neuron, kind=neuron.kind)
    sent = integrate(neuron, np.full((1, 6, 1), 1.3)).outputs[0, :, 0]
    assert sent.tolist() == [1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("shape", NoiseShape)
def test_the_float_network_draws_its_noise(shape):
    noise = ThresholdNoise(deviation=0.5, shape=shape, seed=2)
    numbers = noise.numbers()
    values = np.concatenate([numbers.step(100) for _ in range(200)])
    assert values.std() == pytest.approx(0.5, rel=0.02)
    assert abs(values.mean()) < 0.02
    assert ((values / 0.5) ** 4).mean() == pytest.approx(3 - 1.2 / shape.draws, rel=0.05)


@pytest.mark.parametrize("shape", NoiseShape)
def test_the_hardware_has_the_deviation_that_was_stated(shape):
    for deviation in np.geomspace(0.01, 16, 40):
        for threshold in (20, 1000, 100_000):
            noise = integer_noise("lif", ThresholdNoise(deviation=deviation, shape=shape), threshold)
            assert noise.deviation == pytest.approx(deviation * threshold, rel=1 / 31)


def test_the_strongest_noise_of_the_hardware():
    """An even scale is halved only as long as the shift may grow."""
    noise = integer_noise("lif", ThresholdNoise(deviation=0.5), 2**28)
    assert noise.deviation == pytest.approx(2**27, rel=1 / 31)
    with pytest.raises(InputError, match=r"layer 'lif' has noise of 4 thresholds of 268435456 units, which is more"):
        integer_noise("lif", ThresholdNoise(deviation=4), 2**28)


@pytest.mark.parametrize(
    "moves",
    [
        {"noise": 16.0},
        {"noise": 16.0, "noise_shape": NoiseShape.UNIFORM},
        {"adaptation": 64.0},
        {"adaptation": 1.0, "adaptation_decay": 0.999},
        {"noise": 16.0, "adaptation": 64.0},
    ],
)
@pytest.mark.parametrize("weight", [1.0, 1e-9])
def test_states_hold_noise_and_adaptation(tmp_path, moves, weight):
    """Up to the most noise; with tiny weights the unit of the states follows the noise, too."""
    rng = np.random.default_rng(1)
    weights = (weight * rng.normal(0.3, 0.5, (10, 16))).astype(np.float32)
    graph = chain(nir.Affine(weights, ones(10, 0.0)), lif(10), inputs=(16,), outputs=10)
    network = import_nir(save(tmp_path, graph), replace(OPTIONS, **moves))
    x = rng.random((30, 16)).astype(np.float32)
    quantized = quantize(network, x).network
    neuron = quantized.stages[0].neuron
    assert neuron.state_bits <= 32
    events = encode(quantized.input, x).astype(np.int64)
    ranges = trace(neuron, quantized.stages[0].synapses, events)
    assert ranges.threshold_offset <= neuron.state.max
    if neuron.noise is not None:
        assert neuron.noise.deviation == pytest.approx(16 * neuron.threshold, rel=0.05)


@pytest.mark.parametrize(
    ("moves", "why"),
    [
        ({"noise": 16.0}, r"layer 'y' has noise 16, which needs \d+ bits and does not fit 12 state bits"),
        ({"adaptation": 64.0}, r"layer 'y' has adaptation 64, which needs \d+ bits and does not fit 12 state bits"),
    ],
)
def test_given_state_bits_that_are_too_few(tmp_path, moves, why):
    network = import_nir(save(tmp_path, two_layers()), replace(OPTIONS, **moves))
    with pytest.raises(InputError, match=why):
        quantize(network, np.ones((4, 3), np.float32), QuantizeOptions(state_bits=12))


@pytest.mark.parametrize(
    "moves", [{"noise": 1.0}, {"noise": 4.0, "noise_shape": NoiseShape.UNIFORM}, {"noise": 0.5, "adaptation": 0.5}]
)
def test_other_numbers_move_membranes_no_further_than_said(tmp_path, moves):
    """Which numbers a neuron draws, the engine decides: the states' width is for all of them."""
    rng = np.random.default_rng(2)
    weights = rng.normal(0.2, 0.5, (10, 16)).astype(np.float32)
    graph = chain(nir.Affine(weights, ones(10, 0.0)), lif(10), inputs=(16,), outputs=10)
    options = replace(OPTIONS, reset=Reset.SUBTRACT, **moves)
    x = rng.random((20, 16)).astype(np.float32)
    quantized = quantize(import_nir(save(tmp_path, graph), options), x).network
    stage = quantized.stages[0]
    events = encode(quantized.input, x).astype(np.int64)
    drawn = [
        trace(replace(stage.neuron, noise=replace(stage.neuron.noise, seed=seed)), stage.synapses, events)
        for seed in range(12)
    ]
    for ranges in drawn:
        moved = stage.neuron.moved_by_noise(ranges.threshold_offset)
        for other in drawn:
            assert other.membrane[0] >= ranges.membrane[0] - moved
            assert other.membrane[1] <= ranges.membrane[1] + moved
        assert -ranges.membrane[0] <= -stage.neuron.state.min and ranges.membrane[1] <= stage.neuron.state.max


def test_noise_far_below_a_unit_is_none():
    assert integer_noise("lif", ThresholdNoise(deviation=1e-6), 1) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"noise": 0.1, "spike_bits": 2}, "allows one spike per time step"),
        (
            {"adaptation": 0.1, "reset": Reset.SUBTRACT, "reset_timing": ResetTiming.SNNTORCH},
            "reset timing snntorch",
        ),
        ({"noise": -1.0}, "noise must be a number from 0 to 16"),
        ({"adaptation_decay": 1.5}, "adaptation-decay must be a number from 0 to 1"),
    ],
)
def test_refused(tmp_path, changes, why):
    with pytest.raises(InputError, match=why):
        import_nir(save(tmp_path, two_layers()), replace(OPTIONS, **changes))


def test_a_readout_has_neither(tmp_path):
    graph = chain(nir.Affine(W1, ones(4, 0.0)), lif(), nir.Affine(W2, ones(2, 0.0)), li())
    network = import_nir(save(tmp_path, graph), replace(OPTIONS, noise=0.5, adaptation=0.5))
    assert not network.stages[1].neuron.moves_threshold
    with pytest.raises(InputError, match=r"li\.noise is for neurons that spike"):
        check_layers({"li": {"noise": 0.1}}, [load_network(SNN)])


@pytest.mark.slow
@pytest.mark.parametrize(
    "texts",
    [
        ["lif.noise=0.25", "lif.noise-seed=9"],
        ["lif.noise=0.1", "lif.noise-shape=uniform", "lif.engine=register"],
        ["lif.adaptation=0.3", "lif.noise=0.05", "lif.lanes=5"],
    ],
)
def test_digits_in_rtl(texts):
    data = load_data("digits")
    prepared = prepare(SNN, data, ModelOptions(layers=parse_layers(texts)))
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0
    assert rtl.accuracy > 0.8
