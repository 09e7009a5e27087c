import json
from dataclasses import replace

import numpy as np
import pytest
from support.paths import EXAMPLES, SHARED
from support.stream_bench import ONE_FRAME

from tospike.gen.data.datasets import load_data
from tospike.gen.load import load_network
from tospike.gen.nir.frameworks import Framework
from tospike.gen.nir.options import NirOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.leaks import choose_leak, decay_of
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.scale import ScaleMethod, choose_scale, signed_bits, to_grid
from tospike.hw.params import (
    Comparison,
    Encoding,
    InputError,
    IntFormat,
    LeakKind,
    NeuronKind,
    Readout,
    Reset,
    ResetTiming,
    Rounding,
)
from tospike.sim import accelerator as golden
from tospike.sim.arithmetic import leak, saturate
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Accumulator, Activation, Dense, InputSpec, Network, Requantize, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float
from tospike.sim.spiking.golden import run_event
from tospike.sim.systolic.layers import run_integers

RNG = np.random.default_rng(11)
DRAWS = np.random.default_rng(13).bit_generator.state


@pytest.fixture(autouse=True)
def same_draws():
    """Bounds hold for some draws, so each test has the same, whichever ran before it."""
    RNG.bit_generator.state = DRAWS


S8 = IntFormat(bits=8, signed=True)
U8 = IntFormat(bits=8, signed=False)


def dense(outputs, inputs, spread=1.0):
    return Dense(weight=RNG.normal(0, spread, (outputs, inputs)), bias=RNG.normal(0, 0.1, outputs))


def ann(last_relu=False, hidden_relu=True):
    return Network(
        name="a",
        input=InputSpec(inputs=20),
        stages=(
            Stage(name="one", synapses=dense(12, 20), neuron=Activation(relu=hidden_relu)),
            Stage(name="two", synapses=dense(5, 12), neuron=Activation(relu=last_relu)),
        ),
    )


def snn(reset=Reset.ZERO, encoding=Encoding.DIRECT, decay=0.75, gain=0.5):
    spec = InputSpec(inputs=20, steps=6, encoding=encoding)
    if encoding.code.takes_integers:
        spec = replace(spec, format=IntFormat(bits=4, signed=False), scale=1 / 15)
    return Network(
        name="s",
        input=spec,
        stages=(
            Stage(
                name="hid",
                synapses=dense(12, 20, 0.7),
                neuron=SpikingNeuron(kind=NeuronKind.LIF, decay=decay, gain=gain, threshold=0.9, reset=reset),
            ),
            Stage(name="out", synapses=dense(4, 12), neuron=SpikingNeuron(kind=NeuronKind.LI, decay=decay, gain=gain)),
        ),
        readout=Readout.MEMBRANE,
    )


UNIT = RNG.random((64, 20)).astype(np.float32)


def run_ann(network, x):
    """The equation of RequantizeParams, in plain integers."""
    values = encode(network.input, x)
    for stage in network.stages:
        acc = values @ stage.synapses.weight.T + stage.synapses.bias
        n = stage.neuron
        values = acc
        if isinstance(n, Requantize):
            values = np.clip((acc * n.multiplier + (1 << (n.shift - 1))) >> n.shift, *n.clamp)
    return values


def run_snn(network, x):
    """The event engine's order of work, one event after another; returns the readout and all hidden spikes."""
    events = encode(network.input, x)
    sent = []
    for stage in network.stages:
        n = stage.neuron
        weight = stage.synapses.weight << n.state_fraction_bits
        v = np.zeros((len(events), len(weight)), np.int64)
        spikes = np.zeros((*events.shape[:2], len(weight)), np.int64)
        for step in range(events.shape[1]):
            v = leak(v, n.leak) if n.leaks else v
            v = saturate(v + stage.synapses.bias, n.state)
            for address in range(events.shape[2]):
                v = saturate(v + weight[:, address] * events[:, step, address, None], n.state)
            if n.spikes:
                fired = v > n.threshold
                spikes[:, step] = fired
                v = np.where(fired, 0 if n.reset is Reset.ZERO else v - n.threshold, v)
        sent.append(spikes)
        events = spikes
    return (v if network.readout is Readout.MEMBRANE else events.sum(axis=1)), sent


# ---------------------------------------------------------------------------------------------------- scales


def test_scale_methods():
    values = np.concatenate([RNG.normal(size=5000), [40.0]])
    assert choose_scale(values, S8, ScaleMethod.MAX) == 40 / 127
    assert choose_scale(values, S8, ScaleMethod.PERCENTILE) < 5 / 127
    assert choose_scale(-values, U8, ScaleMethod.MAX) == 40 / 255
    assert choose_scale(np.zeros(3), S8, ScaleMethod.MSE) == 1.0


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_mse_never_does_worse_than_max(bits):
    values, fmt = RNG.normal(size=3000), IntFormat(bits=bits, signed=True)

    def error(method):
        scale = choose_scale(values, fmt, method)
        return np.mean((to_grid(values, scale, fmt) * scale - values) ** 2)

    assert error(ScaleMethod.MSE) <= error(ScaleMethod.MAX)
    if bits <= 4:
        assert error(ScaleMethod.MSE) < 0.9 * error(ScaleMethod.MAX)


def test_the_grid_is_symmetric():
    assert to_grid([-9, -2.6, 9], 1.0, IntFormat(bits=4, signed=True)).tolist() == [-7, -3, 7]
    assert to_grid([-9, 2.4, 99], 1.0, IntFormat(bits=4, signed=False)).tolist() == [0, 2, 15]


# ------------------------------------------------------------------------------------------------------- ANN


def test_ann_follows_float():
    network = ann()
    x = RNG.random((200, 20))
    # What saturates beyond the calibration data is no error of rounding: hence the same samples.
    quantized = quantize(network, x, QuantizeOptions(act_scale=ScaleMethod.MAX))
    spec = quantized.network.input
    assert spec.format == U8 and spec.encoding is None
    first, last = quantized.network.stages
    assert first.neuron.clamp == (0, 255) and 1 <= first.neuron.shift <= 31
    assert 1 << 15 <= first.neuron.multiplier.max() < 1 << 16
    assert isinstance(last.neuron, Accumulator)
    reference = run_float(network, x)
    logits = run_ann(quantized.network, x) * quantized.stages[-1].unit
    assert np.abs(logits - reference.outputs).max() < 0.015 * np.abs(reference.outputs).max()
    assert np.mean(logits.argmax(axis=1) == reference.predictions) > 0.97


def test_logits_have_one_scale_and_hidden_channels_their_own():
    network = ann()
    uneven = network.stages[0].synapses.weight * np.logspace(-2, 0, 12)[:, None]
    tall = network.stages[1].synapses.weight * np.logspace(-2, 0, 5)[:, None]
    stages = tuple(
        replace(stage, synapses=replace(stage.synapses, weight=weight))
        for stage, weight in zip(network.stages, (uneven, tall), strict=True)
    )
    network = replace(network, stages=stages)
    options = QuantizeOptions(weight_scale=ScaleMethod.MAX)
    first, last = (s.synapses.weight for s in quantize(network, UNIT, options).network.stages)
    assert (np.abs(first).max(axis=1) == 127).all()
    assert (np.abs(last).max(axis=1) == 127).sum() == 1 and np.abs(last[0]).max() < 10
    whole = quantize(network, UNIT, replace(options, per_channel=False)).network.stages[0].synapses.weight
    assert (np.abs(whole).max(axis=1) == 127).sum() == 1


@pytest.mark.parametrize(
    ("network", "samples", "signed", "clamps"),
    [
        (ann(), UNIT, False, [(0, 255)]),
        (ann(), UNIT - 0.5, True, [(0, 127)]),
        (ann(hidden_relu=False), UNIT, True, [(-128, 127)]),
        (ann(last_relu=True), UNIT, False, [(0, 255), (0, 255)]),
    ],
)
def test_activation_format(network, samples, signed, clamps):
    integers = quantize(network, samples).network
    assert integers.input.format == IntFormat(bits=8, signed=signed)
    assert [s.neuron.clamp for s in integers.stages if isinstance(s.neuron, Requantize)] == clamps
    outputs = run_ann(integers, samples)
    assert np.mean(outputs.argmax(axis=1) == run_float(network, samples).predictions) > 0.9


def test_the_worst_case_of_an_accumulator_is_exact():
    weight = np.array([[127.0, -127.0, 64.0]])
    network = Network(
        name="w",
        input=InputSpec(inputs=3),
        stages=(
            Stage(
                name="only",
                synapses=Dense(weight=weight, bias=np.array([-5.0])),
                neuron=Activation(relu=False),
            ),
        ),
    )
    options = QuantizeOptions(weight_scale=ScaleMethod.MAX, act_scale=ScaleMethod.MAX)
    quantized = quantize(network, np.full((1, 3), 255.0), options)
    assert quantized.network.stages[0].synapses.bias.tolist() == [-5]
    # 255 * (127 + 64) upwards; -255 * 127 - 5 downwards
    assert (quantized.stages[0].largest, quantized.stages[0].bits) == (48705, 17)
    quantize(network, np.full((1, 3), 255.0), replace(options, acc_bits=17))
    with pytest.raises(InputError, match=r"stage 'only' can reach accumulators from -32390 to 48705, .* 16 bits"):
        quantize(network, np.full((1, 3), 255.0), replace(options, acc_bits=16))


def test_channels_without_weights_keep_their_bias():
    network = ann()
    weight = network.stages[0].synapses.weight.copy()
    weight[3] = 0
    bias = network.stages[0].synapses.bias.copy()
    bias[3] = 1.5
    first = replace(network.stages[0], synapses=Dense(weight=weight, bias=bias))
    network = replace(network, stages=(first, network.stages[1]))
    quantized = quantize(network, UNIT)
    assert quantized.stages[0].moved_channels == 1
    logits = run_integers(quantized.network, encode(quantized.network.input, UNIT)) * quantized.stages[1].unit
    wanted = run_float(network, UNIT).outputs
    np.testing.assert_allclose(logits, wanted, atol=0.02 * np.ptp(wanted))


# ------------------------------------------------------------------------------------------------------- SNN


@pytest.mark.parametrize("reset", [Reset.ZERO, Reset.SUBTRACT])
@pytest.mark.parametrize("encoding", ONE_FRAME)
def test_snn_follows_float(reset, encoding):
    network = snn(reset, encoding)
    quantized = quantize(network, UNIT)
    outputs, (hidden, _) = run_snn(quantized.network, UNIT)
    reference = run_float(network, UNIT)
    spikes = reference.stages[0].outputs
    assert 0.05 < spikes.mean() < 0.95
    assert np.mean(hidden != spikes) < 0.02
    same = (hidden == spikes).all(axis=(1, 2))
    error = np.abs(outputs * quantized.stages[-1].unit - reference.outputs)[same]
    assert same.mean() > 0.3 and error.max() < 0.1


def test_snn_formats():
    integers = quantize(snn(), UNIT).network
    assert integers.input.format == U8 and integers.input.scale == pytest.approx(UNIT.max() / 255)
    assert quantize(snn(), UNIT - 0.5).network.input.format == S8
    narrow = quantize(snn(), UNIT, QuantizeOptions(input_bits=3)).network
    assert narrow.input.format == IntFormat(bits=3, signed=False)
    rate = snn(encoding=Encoding.RATE)
    assert quantize(rate, UNIT).network.input == rate.input


def test_given_spikes():
    network = replace(snn(), input=InputSpec(inputs=20, steps=6))
    spikes = RNG.integers(0, 2, (30, 6, 20)).astype(np.uint8)
    quantized = quantize(network, spikes)
    assert quantized.network.input.format == IntFormat(bits=1, signed=False)
    assert quantize(network, spikes * 3).network.input.format == IntFormat(bits=2, signed=False)
    _, (hidden, _) = run_snn(quantized.network, spikes)
    assert np.mean(hidden != run_float(network, spikes).stages[0].outputs) < 0.02
    with pytest.raises(InputError, match="not spike trains"):
        quantize(network, spikes * 0.5)


def test_state_bits_are_enough_whatever_the_order():
    network = snn(reset=Reset.SUBTRACT)
    quantized = quantize(network, UNIT, QuantizeOptions(headroom_bits=0))
    narrow, wide = quantized.network, quantize(network, UNIT, QuantizeOptions(state_bits=32)).network
    assert [s.neuron.state_bits for s in wide.stages] == [32, 32]
    assert max(s.neuron.state_bits for s in narrow.stages) <= 20
    np.testing.assert_array_equal(run_snn(narrow, UNIT)[0], run_snn(wide, UNIT)[0])
    # Addresses backwards: other partial sums, the same result, so nothing saturated.
    order = np.arange(20)[::-1]
    first = narrow.stages[0]
    turned = replace(first, synapses=replace(first.synapses, weight=first.synapses.weight[:, order]))
    backwards = replace(narrow, stages=(turned, narrow.stages[1]))
    np.testing.assert_array_equal(run_snn(backwards, UNIT[:, order])[0], run_snn(wide, UNIT)[0])
    more = quantize(network, UNIT, QuantizeOptions(headroom_bits=2)).network
    for less, plenty, report in zip(narrow.stages, more.stages, quantized.stages, strict=True):
        assert plenty.neuron.state_bits == less.neuron.state_bits + 2
        assert report.largest.bit_length() <= report.bits - 1


def test_a_state_that_is_too_narrow_is_refused():
    with pytest.raises(InputError, match=r"stage 'hid' has a threshold, a reset or biases .* do not fit 4 state bits"):
        quantize(snn(), UNIT, QuantizeOptions(state_bits=4))


def test_threshold_is_exact_for_reset_to_zero():
    """An integer membrane spikes exactly when its real value exceeds the real threshold."""
    quantized = quantize(snn(reset=Reset.ZERO), UNIT)
    unit, threshold = quantized.stages[0].unit, quantized.network.stages[0].neuron.threshold
    assert threshold * unit <= 0.9 < (threshold + 1) * unit
    near = quantize(snn(reset=Reset.SUBTRACT), UNIT)
    unit, threshold = near.stages[0].unit, near.network.stages[0].neuron.threshold
    assert abs(threshold * unit - 0.9) <= unit / 2


@pytest.mark.parametrize(
    ("decay", "options", "kind", "value"),
    [
        (0.875, QuantizeOptions(), LeakKind.SHIFT, 0.875),
        (0.875 + 3e-8, QuantizeOptions(), LeakKind.SHIFT, 0.875),
        (0.9, QuantizeOptions(), LeakKind.MULTIPLY, 3686 / 4096),
        (0.9, QuantizeOptions(decay_bits=4), LeakKind.MULTIPLY, 14 / 16),
        (0.9, QuantizeOptions(leak=LeakKind.SHIFT), LeakKind.SHIFT, 0.875),
        (0.875, QuantizeOptions(leak=LeakKind.MULTIPLY), LeakKind.MULTIPLY, 0.875),
        (0.0, QuantizeOptions(), LeakKind.MULTIPLY, 0.0),
    ],
)
def test_leak_choice(decay, options, kind, value):
    params = choose_leak(decay, options)
    assert params.kind is kind and decay_of(params) == value


def test_a_leak_far_from_a_shift_is_refused():
    with pytest.raises(InputError, match=r"a decay of 0\.1 is far from any"):
        choose_leak(0.1, QuantizeOptions(leak=LeakKind.SHIFT))


def test_a_leak_is_near_a_shift_within_a_quarter_of_what_it_takes_away():
    for decay, shift in ((0.59, 1), (0.7, 2), (0.78, 2), (0.9, 3), (0.97, 5)):
        assert choose_leak(decay, QuantizeOptions(leak=LeakKind.SHIFT)).shift == shift
    for decay in (0.3, 0.65):
        with pytest.raises(InputError, match="is far from any"):
            choose_leak(decay, QuantizeOptions(leak=LeakKind.SHIFT))


def test_leak_rounding_reaches_the_neuron():
    options = QuantizeOptions(leak_rounding=Rounding.HALF_UP)
    assert all(s.neuron.leak.rounding is Rounding.HALF_UP for s in quantize(snn(), UNIT, options).network.stages)


@pytest.mark.parametrize(("value", "bits"), [(0, 1), (-1, 1), (1, 2), (127, 8), (-128, 8), (128, 9), (-129, 9)])
def test_signed_bits(value, bits):
    assert signed_bits(value) == bits


# ------------------------------------------------------------------------------------------------------ both


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 0}, "weight-bits must be an integer from 1"),
        ({"act_bits": 9}, "act-bits must be an integer from 1 to 8"),
        ({"state_bits": 33}, "state-bits must be an integer from 4 to 32"),
        ({"decay_bits": 0}, "decay-bits"),
        ({"calibration_samples": 0}, "calibration-samples"),
    ],
)
def test_bad_options_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        QuantizeOptions(**changes)


def test_wide_weights_are_for_snns_only():
    options = QuantizeOptions(weight_bits=12)
    assert np.abs(quantize(snn(), UNIT, options).network.stages[0].synapses.weight).max() > 127
    with pytest.raises(InputError, match="weight-bits of an ANN"):
        quantize(ann(), UNIT, options)


def test_bad_calibration_is_refused():
    with pytest.raises(InputError, match="needs calibration samples"):
        quantize(ann(), UNIT[:0])
    with pytest.raises(InputError, match="hold NaN"):
        quantize(ann(), np.full((2, 20), np.nan))
    with pytest.raises(InputError, match="takes samples of shape"):
        quantize(ann(), UNIT[:, :7])


def test_a_quantised_network_is_not_quantised_again():
    for network in (ann(), snn()):
        with pytest.raises(InputError, match="is quantised: give the network as trained"):
            quantize(quantize(network, UNIT).network, UNIT)


def test_the_report_is_json():
    for network in (ann(), snn()):
        description = quantize(network, UNIT).describe()
        assert json.loads(json.dumps(description)) == description
        assert [stage["stage"] for stage in description["stages"]] == [s.name for s in network.stages]


@pytest.mark.parametrize("bits", [8, 6])
def test_examples_keep_their_accuracy(bits):
    data = load_data("digits")
    options = QuantizeOptions(weight_bits=bits, act_bits=bits)
    for name, run in (("digits_ann.onnx", run_ann), ("digits_snn.nir", lambda n, x: run_snn(n, x)[0])):
        network = load_network(EXAMPLES / name)
        integers = quantize(network, data.train_x, options).network
        reference = np.mean(run_float(network, data.x).predictions == data.y)
        assert np.mean(run(integers, data.x).argmax(axis=1) == data.y) >= reference - 0.01


# ------------------------------------------------------------------------- synaptic currents, recurrence, resets

SHARED_NIR = SHARED / "data" / "nir"
needs_shared = pytest.mark.skipif(not SHARED_NIR.is_dir(), reason="no networks in ../shared/data")


def golden_spikes(quantized, x):
    """(N, steps, neurons) of the first stage, from the golden model."""
    params = plan(quantized.network).params.engines[0]
    stage = quantized.network.stages[0]
    dense = stage.synapses
    return run_event(params, dense.weight, dense.bias, x.astype(np.int64), stage.recurrent, stage.decays).spikes


def one_layer(neuron, recurrent=None):
    rng = np.random.default_rng(4)
    synapses = Dense(weight=rng.normal(0.1, 0.5, (6, 10)), bias=rng.normal(0, 0.1, 6))
    stage = Stage(name="one", synapses=synapses, neuron=neuron, recurrent=recurrent)
    return Network(name="n", input=InputSpec(inputs=10, steps=20), stages=(stage,), readout=Readout.COUNT)


CUBA = SpikingNeuron(
    kind=NeuronKind.CUBA_LIF, decay=0.9, gain=0.3, rest=0.05, synapse_decay=0.7, synapse_gain=0.8, threshold=1.2
)
SPIKES = (np.random.default_rng(5).random((40, 20, 10)) < 0.3).astype(np.uint8)
OWN = np.random.default_rng(6).normal(0, 0.3, (6, 6))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reset": Reset.VALUE, "v_reset": -0.5, "comparison": Comparison.AT_LEAST},
        {"reset": Reset.SUBTRACT, "spike_bits": 2},
        {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.NEXT},
        {"reset": Reset.SUBTRACT, "reset_timing": ResetTiming.SNNTORCH},
        {"reset_timing": ResetTiming.NEXT},
        {"refractory": 2},
        {"decay": np.linspace(0.7, 0.95, 6), "synapse_decay": np.linspace(0.3, 0.8, 6)},
        {"decay": np.linspace(0.7, 0.95, 6)},
        {"kind": NeuronKind.LIF},
        {"kind": NeuronKind.IF, "decay": 1.0, "rest": 0.0},
        {"threshold": np.linspace(0.5, 2, 6), "gain": np.linspace(0.2, 0.4, 6), "rest": np.linspace(0.2, 0.8, 6) / 5},
    ],
)
@pytest.mark.parametrize("recurrent", [False, True])
def test_integer_neurons_follow_float(changes, recurrent):
    neuron = replace(CUBA, **changes)
    if isinstance(neuron.threshold, np.ndarray):
        neuron = replace(neuron, rest=0.1 * neuron.threshold)
    network = one_layer(neuron, OWN if recurrent else None)
    options = QuantizeOptions(weight_bits=12, fraction_bits=6, decay_bits=16)
    spikes = golden_spikes(quantize(network, SPIKES, options), SPIKES)
    exact = run_float(network, SPIKES).stages[0].outputs
    assert exact.mean() > 0.02
    assert np.mean(spikes != exact) < 0.01


def test_states_are_wide_enough_on_the_calibration_data():
    network = one_layer(replace(CUBA, reset=Reset.SUBTRACT), OWN)
    narrow, wide = (quantize(network, SPIKES, QuantizeOptions(headroom_bits=bits)) for bits in (0, 6))
    assert narrow.network.stages[0].neuron.state_bits + 6 == wide.network.stages[0].neuron.state_bits
    assert narrow.network.stages[0].neuron.current_bits + 6 == wide.network.stages[0].neuron.current_bits
    np.testing.assert_array_equal(golden_spikes(narrow, SPIKES), golden_spikes(wide, SPIKES))


def test_leaks_that_round_get_fraction_bits():
    fine = replace(CUBA, decay=0.97)
    report = quantize(one_layer(fine), SPIKES).stages[0]
    # up to 1 / (1 - d) per leak, the membrane's summing up the current's
    rounded_off = (1 + 1 / (1 - 0.7)) / (1 - 0.97) * report.unit
    assert report.fraction_bits > 0 and 1 / 128 < rounded_off / 1.2 <= 1 / 64
    shifted = SpikingNeuron(kind=NeuronKind.LIF, decay=0.75)
    assert quantize(one_layer(shifted), SPIKES).stages[0].fraction_bits == 0


def test_a_searched_scale_spikes_no_worse():
    network = one_layer(CUBA, 2 * OWN)
    exact = run_float(network, SPIKES).stages[0].outputs.sum(axis=1)

    def error(searched):
        options = QuantizeOptions(weight_bits=3, scale_search=searched)
        return np.abs(golden_spikes(quantize(network, SPIKES, options), SPIKES).sum(axis=1) - exact).mean()

    assert error(None) < error(0)


def test_what_cannot_differ_between_neurons_is_refused():
    uneven = replace(CUBA, rest=np.linspace(0.5, 0.9, 6))
    with pytest.raises(
        InputError, match=r"stage .one.: v_leak over threshold differs between neurons, from 0\.5 to 0\.9"
    ):
        quantize(one_layer(uneven), SPIKES)
    with pytest.raises(InputError, match="decays that differ between neurons need a multiplier"):
        quantize(one_layer(replace(CUBA, decay=np.linspace(0.5, 0.9, 6))), SPIKES, QuantizeOptions(leak=LeakKind.SHIFT))


def test_decays_of_each_neuron_reach_the_network():
    neuron = replace(CUBA, decay=np.linspace(0.5, 0.9, 6), synapse_decay=np.linspace(0.2, 0.7, 6))
    (stage,) = quantize(one_layer(neuron), SPIKES, QuantizeOptions(decay_bits=8)).network.stages
    expected = np.stack([neuron.decay, neuron.synapse_decay], axis=1) * 256
    np.testing.assert_array_equal(stage.decays, np.rint(expected))
    assert stage.neuron.leak.varies and stage.neuron.synapse.varies


@needs_shared
def test_lif_of_the_nir_paper_spikes_at_the_same_steps():
    given, _, spikes = np.loadtxt(SHARED_NIR / "lif_trace_norse.csv", delimiter=",", unpack=True)
    options = replace(NirOptions().preset(Framework.NORSE), dt=1e-4, encoding=None, steps=len(given))
    network = load_network(SHARED_NIR / "lif_norse.nir", nir=options)
    train = given[None, :, None]
    assert golden_spikes(quantize(network, train), train)[0, :, 0].tolist() == spikes.tolist()


@needs_shared
@pytest.mark.slow
def test_braille_stays_within_a_point_of_float():
    data = np.load(SHARED_NIR / "braille_400.npz")
    options = replace(NirOptions().preset(Framework.SNNTORCH), encoding=None, steps=256)
    network = load_network(SHARED_NIR / "braille_noDelay_bias_zero.nir", nir=options)
    quantized = quantize(network, data["spikes"])
    assert all(np.abs(stage.synapses.weight).max() <= 127 for stage in quantized.network.stages)
    result = golden.run(plan(quantized.network), data["spikes"].astype(np.int64))
    exact = run_float(network, data["spikes"], trace=False).predictions == data["label"]
    assert (result.predictions == data["label"]).mean() >= exact.mean() - 0.01
    assert not any(values.any() for name, values in result.counters.items() if name.endswith("saturations"))


def test_one_bit_holds_no_sign():
    """Refused with the way out, where a division by zero was."""
    fmt = IntFormat(bits=1, signed=True)
    with pytest.raises(InputError, match="give --input-bits or --act-bits 2 or more"):
        choose_scale(np.array([-1.0, 0.5]), fmt, ScaleMethod.MAX)
