"""SNNs with weights on a grid: golden model against float and arithmetic on the integers, spike for spike."""

from dataclasses import replace

import numpy as np
import pytest

from tospike.gen.pipeline import Prepared
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import Comparison, Encoding, LeakKind, NeuronKind, Readout, Reset, ResetTiming
from tospike.sim import accelerator
from tospike.sim.network import Conv2d, Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float

STEPS = 6
SHAPE = (2, 3, 3)


def random_neuron(rng, outputs, kinds):
    def choose(*options):
        return options[rng.integers(len(options))]

    kind = choose(*kinds)
    reset = choose(*Reset)
    timings = [ResetTiming.SAME, ResetTiming.NEXT] + [ResetTiming.SNNTORCH] * (reset is Reset.SUBTRACT)
    timing = choose(*timings) if reset is not Reset.NONE else ResetTiming.SAME
    hard = reset in (Reset.ZERO, Reset.VALUE)
    decays = 0.5, 0.75, 0.0, 1.0
    return SpikingNeuron(
        kind=kind,
        decay=choose(*decays) if kind is not NeuronKind.IF else 1.0,
        synapse_decay=choose(*decays) if kind.synaptic else 0.0,
        rest=float(rng.integers(0, 2)) if kind is not NeuronKind.IF else 0.0,
        gain=choose(1.0, 1.0, 0.25),
        synapse_gain=choose(1.0, 0.5) if kind.synaptic else 1.0,
        threshold=float(rng.integers(1, 12)),
        comparison=choose(*Comparison),
        reset=reset,
        v_reset=-float(rng.integers(0, 4)) if reset is Reset.VALUE else 0.0,
        reset_timing=timing,
        spike_bits=1 if timing is ResetTiming.SNNTORCH or reset is Reset.NONE else choose(1, 2),
        refractory=choose(0, 2) if hard and timing is ResetTiming.SAME else 0,
        initial=choose(0.0, 0.0, 1.0),
    )


def random_network(rng, *, kinds=(NeuronKind.IF, NeuronKind.LIF, NeuronKind.CUBA_LIF), most=9):
    """Two layers of integers: a convolution or a dense layer, then a dense one, recurrent or delayed at times."""
    inputs = int(np.prod(SHAPE))
    first: Conv2d | Dense = Dense(weight=rng.integers(-most // 2, most + 1, (8, inputs)), bias=rng.integers(-2, 3, 8))
    if rng.random() < 0.5:
        weight = rng.integers(-most // 2, most + 1, (2, 2, 2, 2))
        first = Conv2d(shape=SHAPE, weight=weight, bias=rng.integers(-2, 3, 2), padding=(0, 0, 0, 0))
    second = Dense(weight=rng.integers(-most, most + 1, (5, first.outputs)), bias=rng.integers(-2, 3, 5))
    stages = []
    for number, layer in enumerate((first, second)):
        as_floats = replace(layer, weight=layer.weight.astype(float), bias=layer.bias.astype(float))
        own = rng.integers(-most, most + 1, (layer.outputs, layer.outputs)).astype(float)
        stages.append(
            Stage(
                name=f"s{number}",
                synapses=as_floats,
                neuron=random_neuron(rng, layer.outputs, kinds),
                recurrent=own if isinstance(layer, Dense) and rng.random() < 0.4 else None,
                delays=rng.integers(0, 3, layer.inputs) if number and rng.random() < 0.3 else None,
            )
        )
    spec = InputSpec(inputs=inputs, steps=STEPS)
    return Network(name="n", input=spec, stages=tuple(stages), readout=Readout.COUNT)


def scaled(network, step):
    """The same with everything in units of ``step``, as a file holds it."""

    def single(values):
        return np.asarray(values * step).astype(np.float32).astype(float)

    stages = []
    for stage in network.stages:
        n = stage.neuron
        neuron = replace(
            n,
            threshold=float(single(n.threshold)),
            v_reset=float(single(n.v_reset)),
            rest=float(single(n.rest)),
        )
        synapses = replace(stage.synapses, weight=single(stage.synapses.weight), bias=single(stage.synapses.bias))
        own = None if stage.recurrent is None else single(stage.recurrent)
        stages.append(replace(stage, synapses=synapses, neuron=neuron, recurrent=own))
    return replace(network, stages=tuple(stages))


def spikes_of(network, x, **options):
    """What the golden model's stages send, and the account of the quantisation."""
    quantized = quantize(network, x, QuantizeOptions(**options))
    design = plan(quantized.network)
    prepared = Prepared(network=network, quantized=quantized, planned=design, choices={})
    return accelerator.spike_trains(design, prepared.integers(x)), quantized


def random_spikes(rng, samples=12):
    return (rng.random((samples, STEPS, int(np.prod(SHAPE)))) < 0.3).astype(np.uint8)


def assert_same(trains, exact):
    for train, stage in zip(trains, exact.stages, strict=True):
        np.testing.assert_array_equal(train, stage.outputs)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("step", [1.0, 0.125, 2.0**20])
def test_golden_model_equals_float_where_the_step_is_a_power_of_two(seed, step):
    rng = np.random.default_rng(seed)
    network, x = scaled(random_network(rng), step), random_spikes(rng)
    trains, quantized = spikes_of(network, x)
    assert_same(trains, run_float(network, x))
    assert all(report.weight_error == 0 for report in quantized.stages)
    assert trains[0].any()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step", [0.1, 1 / 3, 0.037, 7e-9])
def test_golden_model_is_arithmetic_on_the_integers(seed, step):
    """Thirds and tenths come rounded to float32, and are what they were meant to be."""
    rng = np.random.default_rng(seed)
    integers, x = random_network(rng), random_spikes(rng)
    trains, _ = spikes_of(scaled(integers, step), x)
    assert_same(trains, run_float(integers, x))


def one(weight, neuron, bias=None, recurrent=None, **spec):
    weight = np.asarray(weight, dtype=float)
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=float)
    stage = Stage(name="one", synapses=Dense(weight=weight, bias=bias), neuron=neuron, recurrent=recurrent)
    given = InputSpec(**{"inputs": weight.shape[1], "steps": STEPS, **spec})
    return Network(name="n", input=given, stages=(stage,), readout=Readout.COUNT)


PAIR = np.ones((1, STEPS, 2), dtype=np.uint8)


def test_a_membrane_at_its_threshold():
    """5 + 3 is 8, which is not above 8: with a scale of 6 / 127 it was."""
    network = one([[5, 3], [6, 1]], SpikingNeuron(kind=NeuronKind.IF, threshold=8.0))
    x = PAIR * (np.arange(STEPS) == 0)[None, :, None]
    trains, quantized = spikes_of(network, x)
    assert not trains[0].any()
    (stage,) = quantized.network.stages
    assert stage.synapses.weight.tolist() == [[5, 3], [6, 1]] and stage.neuron.threshold == 8
    assert quantized.stages[0].weight_scale == 1.0


def test_a_threshold_off_the_grid_is_a_limit_unless_it_is_subtracted():
    weight = [[5, 3], [6, 1]]
    trains, quantized = spikes_of(one(weight, SpikingNeuron(kind=NeuronKind.IF, threshold=8.3)), PAIR)
    assert quantized.network.stages[0].neuron.threshold == 8 and quantized.stages[0].weight_scale == 1
    subtracted = SpikingNeuron(kind=NeuronKind.IF, threshold=7.25, reset=Reset.SUBTRACT)
    network = one(weight, subtracted, bias=[0.5, -0.25])
    trains, quantized = spikes_of(network, PAIR)
    assert_same(trains, run_float(network, PAIR))
    stage = quantized.network.stages[0]
    assert stage.synapses.weight.tolist() == [[5, 3], [6, 1]] or stage.synapses.weight.tolist() == [[20, 12], [24, 4]]
    off = replace(subtracted, threshold=float(np.pi))
    _, quantized = spikes_of(one(np.array(weight) * np.exp(1), off), PAIR)
    assert np.abs(quantized.network.stages[0].synapses.weight).max() > 60  # as weights of any values


@pytest.mark.parametrize("bits", [2, 3, 16])
@pytest.mark.parametrize("step", [1.0, 0.1, 1e-3])
def test_biases_beside_weights_of_zero_need_no_weight_bits(step, bits):
    """Three sevens are 21, which is not above 21; the smallest bias is far below the largest."""
    integers = one(
        np.zeros((3, 2)), SpikingNeuron(kind=NeuronKind.IF, threshold=21.0, reset=Reset.SUBTRACT), bias=[7, 3, 14]
    )
    trains, quantized = spikes_of(scaled(integers, step), PAIR, weight_bits=bits)
    assert_same(trains, run_float(integers, PAIR))
    assert quantized.network.stages[0].neuron.threshold == 21


def test_weights_need_the_bits_that_they_get():
    network = one([[100, 3], [6, 1]], SpikingNeuron(kind=NeuronKind.IF, threshold=104.0))
    assert spikes_of(network, PAIR)[1].stages[0].weight_scale == 1
    assert spikes_of(network, PAIR, weight_bits=6)[1].stages[0].weight_scale != 1
    assert spikes_of(network, PAIR, weight_bits=6)[1].stages[0].weight_error > 0


@pytest.mark.parametrize("scale_search", [None, 9])
def test_a_search_for_scales_does_not_displace_the_grid(scale_search):
    rng = np.random.default_rng(3)
    neuron = SpikingNeuron(kind=NeuronKind.CUBA_LIF, decay=0.5, synapse_decay=0.5, threshold=9.0, reset=Reset.SUBTRACT)
    network = one(rng.integers(-5, 9, (4, 6)), neuron, recurrent=rng.integers(-5, 5, (4, 4)).astype(float))
    x = (rng.random((20, STEPS, 6)) < 0.4).astype(np.uint8)
    trains, quantized = spikes_of(network, x, scale_search=scale_search)
    assert_same(trains, run_float(network, x))
    assert quantized.stages[0].weight_scale == 1


def test_neurons_that_differ_keep_the_grid_that_they_share():
    """Thresholds of 2, 4 and 8 and gains of 1/2 and 1 go into the weights."""
    rng = np.random.default_rng(4)
    neuron = SpikingNeuron(
        kind=NeuronKind.LIF,
        decay=np.array([0.5, 0.75, 0.0]),
        gain=np.array([1.0, 0.5, 1.0]),
        threshold=np.array([2.0, 4.0, 8.0]),
    )
    network = one(rng.integers(-5, 9, (3, 6)), neuron, bias=[1, 0, -1])
    x = (rng.random((20, STEPS, 6)) < 0.4).astype(np.uint8)
    trains, quantized = spikes_of(network, x)
    assert quantized.stages[0].weight_error == 0
    assert_same(trains, run_float(network, x))


@pytest.mark.parametrize("largest", [2, 3, 16, 255])
def test_values_that_come_as_they_are_keep_their_grid(largest):
    rng = np.random.default_rng(largest)
    network = one(
        rng.integers(-5, 9, (4, 6)), SpikingNeuron(kind=NeuronKind.IF, threshold=7.0 * largest), bias=[1, 0, 3, 2]
    )
    network = replace(network, input=replace(network.input, encoding=Encoding.DIRECT))
    x = rng.integers(0, largest + 1, (20, 6)).astype(np.float32)
    x[0, 0] = largest
    for unit in (1.0, 0.25):
        given = replace(network, stages=(scaled(network, unit).stages[0],))
        trains, quantized = spikes_of(given, x * np.float32(unit))
        if unit == 1:
            assert_same(trains, run_float(network, x))
        assert quantized.network.input.scale == unit


def test_long_trains_of_leaky_neurons_round_as_others_do():
    """No hardware has the bits of 40 exact leaks: the grid is kept all the same, the states as fine as usual."""
    rng = np.random.default_rng(5)
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.875, threshold=11.5, reset=Reset.SUBTRACT)
    network = one(rng.integers(-3, 7, (4, 6)), neuron, steps=40)
    x = (rng.random((30, 40, 6)) < 0.4).astype(np.uint8)
    trains, quantized = spikes_of(network, x)
    exact = run_float(network, x).stages[0].outputs
    assert quantized.stages[0].weight_error == 0 and exact.any()
    assert np.mean(trains[0] != exact) < 0.01
    readout = SpikingNeuron(kind=NeuronKind.LI, decay=0.9)
    network = replace(one(rng.integers(-3, 7, (4, 6)), readout, steps=40), readout=Readout.MEMBRANE)
    quantized = quantize(network, x)
    result = accelerator.run(plan(quantized.network), x.astype(np.int64))
    np.testing.assert_allclose(result.outputs * quantized.stages[0].unit, run_float(network, x).outputs, atol=0.3)


def test_a_gain_is_nothing_but_a_scale():
    """A quarter of the gain and of all that membranes are: the same integers, the same bits for leaks."""
    rng = np.random.default_rng(7)
    x = (rng.random((10, 40, 6)) < 0.4).astype(np.uint8)
    for weight in (rng.integers(-3, 7, (4, 6)), rng.normal(1, 3, (4, 6))):
        for kind in (NeuronKind.LIF, NeuronKind.CUBA_LIF):
            whole = SpikingNeuron(
                kind=kind, decay=0.9, synapse_decay=0.6, threshold=12.0, reset=Reset.VALUE, v_reset=-2.0
            )
            whole = replace(whole, rest=4.0, initial=0.5)
            quarter = replace(whole, gain=0.25, threshold=3.0, v_reset=-0.5, rest=1.0)
            first, second = (spikes_of(one(weight, neuron, steps=40), x)[1] for neuron in (whole, quarter))
            assert first.network.stages[0].neuron == second.network.stages[0].neuron
            assert first.stages[0].fraction_bits > 0


def test_a_reset_between_the_levels_of_the_weights():
    """v_reset -1.5 beside weights of 5 and 3: states have a bit more."""
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=8.0, reset=Reset.VALUE, v_reset=-1.5)
    network = one([[5, 3], [6, 1]], neuron)
    trains, quantized = spikes_of(network, PAIR)
    assert_same(trains, run_float(network, PAIR))
    stage = quantized.network.stages[0]
    assert stage.neuron.v_reset * quantized.stages[0].unit == -1.5


def test_the_unit_of_values_is_nothing_but_a_scale():
    """Quarters of the values and four times the weights: the same integers, the same neuron."""
    rng = np.random.default_rng(8)
    weight, x = rng.integers(-3, 7, (4, 6)), rng.integers(0, 9, (20, 6)).astype(float)
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.9, threshold=40.0)
    made = []
    for unit in (1.0, 0.25):
        network = one(weight / unit, neuron, encoding=Encoding.DIRECT, steps=30)
        made.append(spikes_of(network, x * unit)[1].network.stages[0])
    assert made[0].neuron == made[1].neuron and made[0].neuron.state_fraction_bits > 0


def test_a_decay_by_multiplier_is_exact_where_it_is_a_fraction_of_a_power_of_two():
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.625, threshold=9.0, comparison=Comparison.AT_LEAST)
    rng = np.random.default_rng(6)
    network, x = one(rng.integers(-3, 7, (4, 6)), neuron, steps=5), (rng.random((30, 5, 6)) < 0.5).astype(np.uint8)
    trains, quantized = spikes_of(network, x)
    assert quantized.network.stages[0].neuron.leak.kind is LeakKind.MULTIPLY
    assert quantized.stages[0].fraction_bits == 3 * 4
    assert_same(trains, run_float(network, x))


def test_fraction_bits_that_are_given_are_taken():
    network = one([[5, 3], [6, 1]], SpikingNeuron(kind=NeuronKind.LIF, decay=0.5, threshold=8.0))
    assert spikes_of(network, PAIR, fraction_bits=2)[1].stages[0].fraction_bits == 2
    assert spikes_of(network, PAIR)[1].stages[0].fraction_bits == STEPS - 1
