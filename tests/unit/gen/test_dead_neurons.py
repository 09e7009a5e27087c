"""Neurons and inputs behind which all weights are 0 are left out, and nothing else changes."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.nir_files import OPTIONS, chain, lif, save
from support.simulators import QUICK

from tospike.gen.data.datasets import DataSet
from tospike.gen.dead_neurons import keep, read_neurons
from tospike.gen.emit.folder import generate, read
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.tools.cache import Cache
from tospike.hw.params import Encoding, HostInput, InputError, IntFormat, NeuronKind, Readout
from tospike.sim import accelerator as golden
from tospike.sim.encoders.encoding import quantize_input
from tospike.sim.network import Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float
from tospike.sim.network.threshold_noise import ThresholdNoise
from tospike.tb.replay.exact_trace import compare_trains
from tospike.tb.replay.replay import replay

RNG = np.random.default_rng(3)
SIZES = (6, 9, 7, 3)
X = RNG.random((40, SIZES[0])).astype(np.float32)


def stage(index, **changes):
    inputs, outputs = SIZES[index], SIZES[index + 1]
    synapses = Dense(weight=RNG.normal(0.3, 0.6, (outputs, inputs)), bias=RNG.normal(0, 0.05, outputs))
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=RNG.uniform(0.7, 0.95, outputs), threshold=0.8)
    if index == 2:
        neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=1.0)
    return Stage(name=f"s{index}", synapses=synapses, neuron=neuron, **changes)


def network(zeros, **changes):
    """Stages of which the columns ``zeros[i]`` of stage i are 0."""
    stages = []
    for index in range(3):
        made = stage(index, **changes.get(f"s{index}", {}))
        weight = made.synapses.weight.copy()
        weight[:, zeros.get(index, [])] = 0
        stages.append(replace(made, synapses=replace(made.synapses, weight=weight)))
    spec = InputSpec(inputs=SIZES[0], steps=6, encoding=Encoding.DIRECT)
    return Network(name="n", input=spec, stages=tuple(stages), readout=Readout.COUNT)


def sizes(found):
    return tuple(stage.synapses.outputs for stage in found.stages)


@pytest.mark.parametrize(
    ("zeros", "left"),
    [
        ({}, (9, 7, 3)),
        ({1: [0, 4]}, (7, 7, 3)),
        ({2: [6]}, (9, 6, 3)),
        ({1: [8], 2: [0, 1, 2]}, (8, 4, 3)),
        ({0: [1, 2]}, (9, 7, 3)),  # inputs keep their addresses
        ({2: list(range(7))}, (9, 7, 3)),  # nothing is read: a layer keeps its neurons
    ],
)
def test_outputs_are_the_same_with_fewer_neurons(zeros, left):
    found = network(zeros)
    integers = quantize(found, X).network
    read = read_neurons(integers)
    small_float, small = keep(found, read), keep(integers, read)
    assert sizes(small_float) == sizes(small) == left
    options = PlanOptions(lanes=2)
    whole, less = (golden.run(plan(each, options), quantized_input(each)) for each in (integers, small))
    np.testing.assert_array_equal(whole.outputs, less.outputs)
    np.testing.assert_allclose(run_float(found, X).outputs, run_float(small_float, X).outputs)
    fewer = sum(SIZES[1:]) - sum(left)
    sop, less_sop = (int(each.operations["sop"].sum()) for each in (whole, less))
    assert less_sop < sop if fewer else less_sop == sop


def test_a_layer_with_noise_keeps_its_neurons():
    """Numbers are drawn neuron by neuron: with fewer neurons, the others would get different ones."""
    found = network({1: [0, 4], 2: [6]})
    first = found.stages[0]
    noisy = replace(first, neuron=replace(first.neuron, noise=ThresholdNoise(deviation=0.5)))
    found = replace(found, stages=(noisy, *found.stages[1:]))
    integers = quantize(found, X).network
    small = keep(integers, read_neurons(integers))
    assert sizes(small) == sizes(keep(found, read_neurons(found))) == (9, 6, 3)
    options = PlanOptions(lanes=2)
    whole, less = (golden.run(plan(each, options), quantized_input(each)) for each in (integers, small))
    np.testing.assert_array_equal(whole.outputs, less.outputs)


def quantized_input(integers):
    return quantize_input(integers.input, X)


def test_what_only_unread_neurons_read_is_unread_too():
    found = network({2: [2]})
    second = found.stages[1]
    weight = second.synapses.weight.copy()
    weight[[row for row in range(7) if row != 2], 5] = 0  # neuron 5 excites none but neuron 2 behind it
    stages = (found.stages[0], replace(second, synapses=replace(second.synapses, weight=weight)), found.stages[2])
    assert sizes(keep(found, read_neurons(replace(found, stages=stages)))) == (8, 6, 3)


def test_a_recurrent_neuron_is_read_by_its_layer():
    own = np.zeros((7, 7))
    own[1, 3] = 0.5
    found = network({2: [3, 4]}, s1={"recurrent": own})
    small = keep(found, read_neurons(found))
    assert sizes(small) == (9, 6, 3)
    assert small.stages[1].recurrent.shape == (6, 6) and small.stages[1].recurrent[1, 3] == 0.5


def test_delays_go_with_their_inputs():
    found = network({1: [0]}, s1={"delays": np.arange(9)})
    assert keep(found, read_neurons(found)).stages[1].delays.tolist() == list(range(1, 9))


def test_a_file_with_unread_neurons(tmp_path):
    """The choices tell how many there were; traces compare what is left."""
    weight = RNG.normal(0, 1, (2, 4)) + 2
    weight[:, 1] = 0
    first = nir.Affine(RNG.normal(0.5, 1, (4, 3)), np.zeros(4))
    path = save(tmp_path, chain(first, lif(4), nir.Linear(weight), lif(2)))
    x = RNG.random((12, 3)).astype(np.float32)
    data = DataSet(name="d", split="all", x=x, y=np.zeros(12, dtype=int), train_x=x, train_y=np.zeros(12, dtype=int))
    options = ModelOptions(steps=OPTIONS.steps, dt=OPTIONS.dt, encoding=Encoding.DIRECT, readout=Readout.COUNT, lanes=1)
    prepared = prepare(path, data, options)
    assert prepared.choices["dead neurons, eliminated"] == {prepared.network.stages[0].name: 1}
    assert prepared.design.params.engines[1].neurons == 3
    assert len(compare_trains(prepared, x)) == 2


@pytest.mark.parametrize(
    "encoding", [Encoding.DIRECT, Encoding.RATE, Encoding.TTFS, Encoding.PHASE, Encoding.STOCHASTIC, Encoding.ONCE]
)
def test_inputs_that_nothing_reads_are_not_sent(encoding):
    found = network({0: [0, 3]})
    spec = replace(found.input, encoding=encoding, format=IntFormat(bits=8, signed=False), scale=1 / 255)
    integers = quantize(replace(found, input=spec), X).network
    design = plan(integers, PlanOptions(lanes=2))
    assert design.params.unused_inputs == (() if encoding is Encoding.STOCHASTIC else (0, 3))
    whole = replace(design, params=replace(design.params, unused_inputs=()))
    x = quantized_input(integers)
    sent, all_sent = golden.run(design, x), golden.run(whole, x)
    np.testing.assert_array_equal(sent.outputs, all_sent.outputs)
    if encoding is not Encoding.STOCHASTIC:
        assert (sent.counters["inputs"] == np.count_nonzero(np.delete(x, [0, 3], axis=1), axis=1)).all()
        assert sent.operations["weight_read"].sum() < all_sent.operations["weight_read"].sum()


@pytest.mark.slow
def test_unread_inputs_in_rtl(tmp_path):
    """Outputs, cycles and counters of the compiled Verilog, whatever the values at those addresses."""
    integers = quantize(network({0: [0, 5], 1: [2]}), X).network
    design = plan(keep(integers, read_neurons(integers)), PlanOptions(lanes=2))
    folder = generate(tmp_path / "d", kind="network", params=design.params, design=design, choices={})
    assert read(folder.path).params.unused_inputs == (0, 5)
    x = np.concatenate([quantized_input(integers)[:5], np.full((1, 6), 255), np.zeros((1, 6), dtype=int)])
    got, expected = (
        replay(folder.load(), design.params, x, simulator=QUICK, cache=Cache(root=tmp_path)),
        golden.run(design, x),
    )
    np.testing.assert_array_equal(got.outputs, expected.outputs)
    np.testing.assert_array_equal(got.cycles, expected.cycles)
    assert got.counters["inputs"] == expected.counters["inputs"].sum()


@pytest.mark.parametrize("unread", [(1, 0), (2, 2), (6,), (-1,)])
def test_addresses_must_ascend_and_exist(unread):
    params = plan(quantize(network({}), X).network, PlanOptions(lanes=2)).params
    with pytest.raises(InputError, match="must ascend, from 0 to 5"):
        replace(params, unused_inputs=unread)


def test_only_values_before_an_encoder_can_be_left_out():
    params = plan(quantize(network({}), X).network, PlanOptions(lanes=2)).params
    with pytest.raises(InputError, match="between dense host input and an encoder"):
        replace(params, engines=params.engines[1:], host_input=HostInput.TOKENS, unused_inputs=(1,))
