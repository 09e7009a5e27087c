"""Neurons at the ends of what they may be: long rests, gains of each neuron's own; float, golden model and RTL."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.accelerator_bench import answers_of

from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError, NeuronKind, Readout, Reset
from tospike.sim import accelerator
from tospike.sim.network import Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float


def resting(refractory, reset, steps):
    """Three neurons that spike at every chance, at every other one, and at one in eight."""
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=7.5, refractory=refractory, reset=reset, v_reset=-3.0)
    neuron = neuron if reset is Reset.VALUE else replace(neuron, v_reset=0.0)
    synapses = Dense(weight=np.array([[12.0], [4.0], [1.0]]), bias=np.zeros(3))
    stage = Stage(name="rests", synapses=synapses, neuron=neuron)
    spec = InputSpec(inputs=1, steps=steps)
    return Network(name="rests", input=spec, stages=(stage,), readout=Readout.SPIKES)


@pytest.mark.parametrize("reset", [Reset.ZERO, Reset.VALUE])
@pytest.mark.parametrize("refractory", [1, 3, 6, 7, 8, 9, 15, 16, 17, 127, 128, 254, 255])
def test_rests_of_any_length_in_the_golden_model(refractory, reset):
    steps = 3 * (refractory + 2) + 20
    x = np.ones((1, steps, 1), dtype=np.uint8)
    network = resting(refractory, reset, steps)
    exact = run_float(network, x).stages[0].outputs[0]
    (train,) = accelerator.spike_trains(plan(quantize(network, x).network), x.astype(np.int64))
    assert (train[0] == exact).all()
    # and by hand: a neuron that spikes at every chance does so in every (refractory + 1)th step
    period = refractory + 1
    wanted = [step % period == 0 for step in range(steps)]
    if reset is Reset.ZERO:
        assert train[0, :, 0].tolist() == wanted


@pytest.mark.parametrize("engine", [Engine.EVENT, Engine.REGISTER])
@pytest.mark.parametrize("refractory", [7, 8, 16, 255])
def test_rests_of_any_length_in_rtl(refractory, engine):
    """The counter of steps that are left must be wide enough."""
    steps = refractory + 12
    x = np.ones((2, steps, 1), dtype=np.int64)
    x[1, 5:9] = 0
    network = resting(refractory, Reset.VALUE, steps)
    design = plan(quantize(replace(network, readout=Readout.COUNT), x).network, PlanOptions(lanes=2, engine=engine))
    expected = accelerator.run(design, x)
    assert expected.outputs.min() >= 1
    got = answers_of(design, x)
    assert [words for words, _ in got] == expected.outputs.tolist()
    assert [cycles for _, cycles in got] == expected.cycles.tolist()


GAINS = [("synapse_gain", "gain"), ("synapse_gain",), ("gain",), ("threshold",), ("synapse_gain", "threshold")]


def test_resets_in_proportion_to_thresholds():
    """A layer of thresholds 2, 4, 8 that resets to half of each is one that resets to half."""
    threshold = np.array([4.0, 2.0, 8.0])
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=threshold, reset=Reset.VALUE, v_reset=threshold / 2)
    weight = np.random.default_rng(3).integers(-1, 4, (3, 5)).astype(float)
    stage = Stage(name="own", synapses=Dense(weight=weight, bias=np.zeros(3)), neuron=neuron)
    network = Network(name="own", input=InputSpec(inputs=5, steps=8), stages=(stage,), readout=Readout.COUNT)
    x = (np.random.default_rng(4).random((20, 8, 5)) < 0.4).astype(np.int64)
    (train,) = accelerator.spike_trains(plan(quantize(network, x).network), x)
    assert (train == run_float(network, x).stages[0].outputs).all()


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("varying", GAINS)
def test_gains_and_thresholds_of_each_neuron(varying, recurrent):
    """They go into weights, recurrent weights and biases: on a grid of eighths nothing is rounded."""
    rng = np.random.default_rng(len(varying))
    neuron = SpikingNeuron(kind=NeuronKind.CUBA_LIF, decay=0.5, synapse_decay=0.5, threshold=4.0)
    values = {
        "gain": np.array([1.0, 0.5, 2.0, 0.25]),
        "synapse_gain": np.array([0.5, 2.0, 1.0, 0.25]),
        "threshold": np.array([4.0, 2.0, 8.0, 1.0]),
    }
    neuron = replace(neuron, **{name: values[name] for name in varying})
    own = rng.integers(-2, 3, (4, 4)).astype(float) if recurrent else None
    synapses = Dense(weight=rng.integers(-1, 4, (4, 6)).astype(float), bias=np.array([1.0, 0.0, 2.0, 1.0]))
    stage = Stage(name="own", synapses=synapses, neuron=neuron, recurrent=own)
    network = Network(name="own", input=InputSpec(inputs=6, steps=6), stages=(stage,), readout=Readout.COUNT)
    x = (rng.random((20, 6, 6)) < 0.4).astype(np.int64)
    design = plan(quantize(network, x, QuantizeOptions(weight_bits=12)).network)
    (train,) = accelerator.spike_trains(design, x)
    exact = run_float(network, x).stages[0].outputs
    assert (train == exact).all()
    alike = replace(stage, neuron=replace(neuron, **{name: values[name][0] for name in varying}))
    assert (run_float(replace(network, stages=(alike,)), x).stages[0].outputs != exact).any()


def test_input_gains_of_a_file_differ_between_neurons(tmp_path):
    """NIR's w_in of each neuron, from the file to the RTL."""
    neuron = nir.CubaLIF(
        tau_syn=np.full(3, 2.0),
        tau_mem=np.full(3, 2.0),
        r=np.full(3, 2.0),
        v_leak=np.zeros(3),
        v_threshold=np.full(3, 3.0),
        v_reset=np.zeros(3),
        w_in=np.array([2.0, 4.0, 8.0]),
    )
    weight = np.tile([[1.0, 2.0]], (3, 1))
    nir.write(tmp_path / "n.nir", nir.NIRGraph.from_list(nir.Linear(weight=weight), neuron))
    network = import_nir(tmp_path / "n.nir", NirOptions(dt=1.0, encoding=None, steps=6))
    x = (np.random.default_rng(0).random((4, 6, 2)) < 0.5).astype(np.int64)
    exact = run_float(network, x)
    assert (np.diff(exact.outputs.sum(axis=0)) > 0).all()  # the more w_in, the more spikes
    design = plan(quantize(network, x).network, PlanOptions(lanes=2))
    result = accelerator.run(design, x)
    assert (result.outputs == exact.outputs).all()
    assert [words for words, _ in answers_of(design, x)] == result.outputs.tolist()


@pytest.mark.parametrize("engine", [Engine.EVENT, Engine.REGISTER])
@pytest.mark.parametrize("last", [nir.IF, nir.LI])
def test_lower_bound_of_a_file(tmp_path, last, engine):
    """Sinabs' min_v_mem, from the file to the RTL: weights, thresholds and bounds are on a grid of halves."""
    rng = np.random.default_rng(8)
    ones = np.ones(4)
    hidden = nir.IF(r=ones, v_threshold=1.5 * ones, v_reset=0 * ones)
    if last is nir.IF:
        readout = nir.IF(r=ones[:2], v_threshold=ones[:2], v_reset=0 * ones[:2])
    else:
        readout = nir.LI(tau=2 * ones[:2], r=2 * ones[:2], v_leak=0 * ones[:2])
    weights = [nir.Linear(weight=rng.integers(-2, 4, shape) / 2) for shape in ((4, 5), (2, 4))]
    nir.write(tmp_path / "n.nir", nir.NIRGraph.from_list(weights[0], hidden, weights[1], readout))
    x = (rng.random((6, 9, 5)) < 0.5).astype(np.int64)

    def imported(bound):
        options = NirOptions(dt=1.0, encoding=None, steps=9, min_v_mem=bound, reset=Reset.SUBTRACT)
        return import_nir(tmp_path / "n.nir", options)

    network = imported(-0.5)
    exact, unbounded = run_float(network, x), run_float(imported(-np.inf), x)
    assert (exact.outputs != unbounded.outputs).any()
    design = plan(quantize(network, x).network, PlanOptions(lanes=2, engine=engine))
    result = accelerator.run(design, x)
    (train, *_) = accelerator.spike_trains(design, x)
    assert (train == exact.stages[0].outputs).all()
    if last is nir.IF:
        assert (result.outputs == exact.outputs).all()
    got = answers_of(design, x)
    assert [[_signed(word) for word in words] for words, _ in got] == result.outputs.tolist()
    assert [cycles for _, cycles in got] == result.cycles.tolist()


def _signed(word):
    return word - (word >> 31 << 32)


def test_a_reset_below_the_bound_is_refused():
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=4.0, reset=Reset.VALUE, v_reset=-2.0, floor=-1.0)
    stage = Stage(name="low", synapses=Dense(weight=np.array([[2.0]]), bias=np.zeros(1)), neuron=neuron)
    network = Network(name="low", input=InputSpec(inputs=1, steps=2), stages=(stage,), readout=Readout.COUNT)
    with pytest.raises(InputError, match=r"v-reset is .*, below the membrane's lower-bound of"):
        quantize(network, np.ones((1, 2, 1), dtype=np.int64))


def test_bounds_of_neurons_whose_thresholds_differ():
    """A bound that all have in common is one of each threshold no more."""
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=np.array([4.0, 2.0]), floor=-1.0)
    stage = Stage(name="own", synapses=Dense(weight=np.ones((2, 3)), bias=np.zeros(2)), neuron=neuron)
    network = Network(name="own", input=InputSpec(inputs=3, steps=2), stages=(stage,), readout=Readout.COUNT)
    with pytest.raises(InputError, match="min-v-mem over threshold differs between neurons"):
        quantize(network, np.ones((1, 2, 3), dtype=np.int64))
