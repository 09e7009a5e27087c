"""Biases, thresholds and resets far from the weights' size: a scale that holds them all, or one line with a way out."""

from dataclasses import replace

import numpy as np
import pytest

from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.normalize import normalize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.state_unit import Constants
from tospike.gen.quantize.value_ranges import trace
from tospike.hw.params import Comparison, IfParams, InputError, NeuronKind, Readout, Reset, ResetTiming
from tospike.sim import accelerator
from tospike.sim.network import Conv2d, Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float
from tospike.sim.spiking.window import chain_order

STEPS = 24
SPIKES = (np.random.default_rng(1).random((30, STEPS, 8)) < 0.3).astype(np.uint8)
BIASES = np.array([0.11, 0.37, -0.2, 0.73, 0.05])


def network(neuron, weight, biases=BIASES, recurrent=None, delays=None, steps=STEPS):
    synapses = Dense(weight=weight, bias=np.broadcast_to(biases, len(weight)).astype(float))
    stage = Stage(name="one", synapses=synapses, neuron=neuron, recurrent=recurrent, delays=delays)
    readout = Readout.COUNT if neuron.kind.spikes else Readout.MEMBRANE
    return Network(name="n", input=InputSpec(inputs=8, steps=steps), stages=(stage,), readout=readout)


def golden_of(network, x=SPIKES, **options):
    quantized = quantize(network, x, QuantizeOptions(**options))
    design = plan(quantized.network)
    first = network.stages[0].synapses
    x = x[:, :, chain_order(first.shape)] if isinstance(first, Conv2d) else x
    return quantized, accelerator.run(design, x.astype(np.int64)), accelerator.spike_trains(design, x.astype(np.int64))


def weights(size, seed=2, shape=(5, 8)):
    return np.random.default_rng(seed).normal(0.1, 0.4, shape) * size


IF = SpikingNeuron(kind=NeuronKind.IF)
LIF = SpikingNeuron(kind=NeuronKind.LIF, decay=0.75)
LEAKY = SpikingNeuron(kind=NeuronKind.LIF, decay=0.9, gain=0.3, rest=0.04)
CUBA = SpikingNeuron(kind=NeuronKind.CUBA_LIF, decay=0.8, gain=0.3, rest=0.04, synapse_decay=0.6, synapse_gain=0.7)
NEURONS = [
    IF,
    LIF,
    LEAKY,
    CUBA,
    replace(IF, reset=Reset.SUBTRACT, spike_bits=2),
    replace(LIF, reset=Reset.SUBTRACT, reset_timing=ResetTiming.NEXT, comparison=Comparison.AT_LEAST),
    replace(LIF, reset=Reset.VALUE, v_reset=-0.3, refractory=2),
    replace(CUBA, decay=np.linspace(0.5, 0.9, 5), threshold=np.linspace(0.6, 2, 5), rest=0.0),
    replace(LIF, gain=np.geomspace(0.1, 3, 5), initial=0.5),
]


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-9, 1e-4, 1e-2])
def test_biases_drive_neurons_that_weights_hardly_reach(neuron, size):
    for recurrent in (None, weights(size, shape=(5, 5)), weights(1, shape=(5, 5))):
        given = network(neuron, weights(size), recurrent=recurrent)
        _, result, _ = golden_of(given)
        exact = run_float(given, SPIKES)
        assert exact.outputs.any()
        chaotic = recurrent is not None and np.abs(recurrent).max() > 0.1
        np.testing.assert_allclose(result.outputs, exact.outputs, atol=STEPS * 0.3 if chaotic else 1)


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("size", [30.0, 1e3, 1e5])
def test_biases_drive_neurons_beside_large_weights(neuron, size):
    """No input spikes at all: the biases decide alone."""
    given = network(neuron, weights(size))
    silent = SPIKES[:3] * 0
    quantized = quantize(given, SPIKES)
    result = accelerator.run(plan(quantized.network), silent.astype(np.int64))
    exact = run_float(given, silent)
    assert exact.outputs.any()
    np.testing.assert_allclose(result.outputs, exact.outputs, atol=1)


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("size", [1e-6, 1e-3, 1e3, 1e6, 1e12])
@pytest.mark.parametrize("bits", [8, 16])
def test_thresholds_far_from_the_weights(neuron, size, bits):
    far = replace(neuron, threshold=neuron.threshold * size, v_reset=neuron.v_reset * size, rest=neuron.rest * size)
    given = network(far, weights(1.0), biases=0.0)
    _, result, _ = golden_of(given, weight_bits=bits)
    exact = run_float(given, SPIKES)
    wrong = np.abs(result.outputs - exact.outputs)
    assert wrong.mean() < 1 and (size < 1 or wrong.max() <= 1)


@pytest.mark.parametrize("kind", [NeuronKind.I, NeuronKind.LI, NeuronKind.CUBA_LI])
@pytest.mark.parametrize("size", [0.0, 1e-20, 1e-3, 100.0])
def test_readouts_keep_their_biases(kind, size):
    neuron = SpikingNeuron(kind=kind, decay=1.0 if kind is NeuronKind.I else 0.75, synapse_decay=0.5)
    given = network(neuron, weights(size))
    quantized, _, _ = golden_of(given)
    silent = np.zeros((1, STEPS, 8), dtype=np.int64)
    result, exact = accelerator.run(plan(quantized.network), silent), run_float(given, silent)
    error = result.outputs * quantized.stages[0].unit - exact.outputs
    assert np.abs(error).max() < 0.3 * np.abs(exact.outputs).max()
    assert result.predictions.tolist() == exact.predictions.tolist()


@pytest.mark.parametrize("size", [0.0, 1e-12, 1.0, 1e4])
def test_convolutions_keep_their_biases(size):
    synapses = Conv2d(shape=(2, 2, 2), weight=weights(size, shape=(3, 2, 2, 2)), bias=np.array([0.3, 0.11, 0.6]))
    stage = Stage(name="one", synapses=synapses, neuron=IF)
    given = Network(name="n", input=InputSpec(inputs=8, steps=STEPS), stages=(stage,), readout=Readout.COUNT)
    x = SPIKES if size <= 1 else SPIKES * 0
    quantized = quantize(given, SPIKES)
    result = accelerator.run(plan(quantized.network), x[:, :, chain_order((2, 2, 2))].astype(np.int64))
    np.testing.assert_allclose(result.outputs, run_float(given, x).outputs, atol=1)


def test_layers_of_any_size_behind_each_other_with_delays():
    rng = np.random.default_rng(5)
    stages = []
    for number, size in enumerate((1e-20, 1e-3, 1e5, 1.0)):
        synapses = Dense(weight=rng.normal(0.2, 0.4, (8, 8)) * size, bias=rng.normal(0.3, 0.1, 8) * max(1, size))
        delays = rng.integers(0, 3, 8) if number else None
        neuron = replace(IF, threshold=max(1.0, size))
        stages.append(Stage(name=f"s{number}", synapses=synapses, neuron=neuron, delays=delays))
    given = Network(name="n", input=InputSpec(inputs=8, steps=STEPS), stages=tuple(stages), readout=Readout.COUNT)
    _, result, _ = golden_of(given)
    assert np.abs(result.outputs - run_float(given, SPIKES).outputs).mean() < 0.6


def test_sums_that_no_state_holds_coarsen_the_unit():
    """A readout without leak that adds up a million times its weights: saturation would hide everything."""
    neuron = SpikingNeuron(kind=NeuronKind.I)
    given = network(neuron, np.full((5, 8), 1.0) * np.arange(1, 6)[:, None], biases=1e6 * BIASES)
    for options in ({"weight_bits": 16}, {"weight_bits": 16, "fraction_bits": 8}):
        quantized, result, _ = golden_of(given, **options)
        exact = run_float(given, SPIKES)
        assert not result.counters["0.saturations"].any()
        np.testing.assert_allclose(result.outputs * quantized.stages[0].unit, exact.outputs, rtol=1e-3)


def test_what_cannot_be_held_is_refused_with_a_way_out():
    given = network(replace(IF, threshold=1e-6), weights(1.0), biases=3e-7)
    with pytest.raises(
        InputError, match=r"stage 'one' .* are lost in rounding: give more weight-bits \(at most 16\), or a network"
    ):
        quantize(given, SPIKES)
    with pytest.raises(InputError, match="are lost in rounding: give a network with smaller weights"):
        golden_of(network(replace(IF, threshold=1e-9), weights(1.0), biases=3e-10), weight_bits=16)
    _, result, _ = golden_of(given, weight_bits=16)
    np.testing.assert_allclose(result.outputs, run_float(given, SPIKES).outputs, atol=1)
    narrow = network(IF, weights(1e-20))
    with pytest.raises(InputError, match="do not fit 8 state bits: give more state-bits"):
        quantize(narrow, SPIKES, QuantizeOptions(state_bits=8))


def test_states_as_narrow_as_the_constants_allow_and_no_narrower():
    """A threshold of 100, beyond which a membrane must get by 1: 101 takes 8 bits."""
    given = network(replace(IF, threshold=100.0), np.full((5, 8), 3.0), biases=np.array([1.0, 0, 2, 3, 1]))
    assert golden_of(given, state_bits=8)[0].network.stages[0].neuron.state_bits == 8
    with pytest.raises(InputError, match="of up to 8 bits, which do not fit 7 state bits"):
        quantize(given, SPIKES, QuantizeOptions(state_bits=7))
    at_limit = network(replace(IF, threshold=127.0), np.full((5, 8), 3.0), biases=np.array([1.0, 0, 2, 3, 1]))
    with pytest.raises(InputError, match="of up to 9 bits, which do not fit 8 state bits"):
        quantize(at_limit, SPIKES, QuantizeOptions(state_bits=8))


def test_what_a_current_sums_up_makes_states_finer():
    """A bias that a current keeps for ten steps and a membrane for ten more is rounded a hundred times."""
    fast = replace(CUBA, decay=0.9, synapse_decay=0.0, gain=1.0, synapse_gain=1.0, rest=0.0, threshold=4.0)
    bits = []
    for neuron in (fast, replace(fast, synapse_decay=0.9)):
        made = normalize(network(neuron, weights(1.0)).stages[0])[1]
        bits.append(Constants(neuron=made, biases=BIASES, steps=200).fraction_bits(0.2))
    assert bits[1] >= bits[0] + 2


def test_few_weight_bits_are_a_choice_but_large_weights_are_not():
    """Leaks by shift round to units of the weights; fraction bits are for networks that need them at 8 bits."""
    usual, large = network(LIF, weights(1.0), biases=0.0), network(LIF, weights(40.0), biases=0.0)
    for bits in (3, 4, 8):
        assert golden_of(usual, weight_bits=bits)[0].stages[0].fraction_bits == 0
    assert golden_of(large)[0].stages[0].fraction_bits >= 2


def test_the_reach_counts_partial_sums_in_any_order():
    """-100 and +90 in one step: the membrane may pass -100 or +90, and ends at -10."""
    law = IfParams(state_bits=32, threshold=50)
    synapses = Dense(weight=np.array([[-100, 90]]), bias=np.array([0]))
    reach = trace(law, synapses, np.ones((1, 1, 2), dtype=np.int64))
    assert reach.membrane == (-100, 90) == reach.current


def test_a_leak_potential_behind_a_current_makes_states_finer():
    drifting = replace(CUBA, decay=0.95, gain=0.5, synapse_gain=0.5, rest=0.03, threshold=1.0)
    made = normalize(network(drifting, weights(1.0)).stages[0])[1]
    constants = Constants(neuron=made, biases=np.zeros(5), steps=200)
    assert constants.leak_bias.tolist() == [0.12]
    assert constants.fraction_bits(0.3) >= 1 and constants.held(0.12) and not constants.held(0.3)
