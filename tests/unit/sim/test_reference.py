import numpy as np
import pytest

from tospike.hw.params import Encoding, InputError, IntFormat, LifParams, NeuronKind, Readout, Reset
from tospike.sim.encoders.codes import coded
from tospike.sim.encoders.encoding import encode, quantize_values
from tospike.sim.network import Activation, Dense, InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.membrane import integrate
from tospike.sim.network.reference import BATCH, run_float


def stage(weight, neuron, bias=None):
    weight = np.asarray(weight, dtype=float)
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, dtype=float)
    return Stage(name="s", synapses=Dense(weight=weight, bias=bias), neuron=neuron)


def accumulate(x, steps, bits):
    """The encoder as the hardware does it, one value at a time."""
    acc, spikes = 0, []
    for _ in range(steps):
        acc += x
        spikes.append(acc >> bits)
        acc &= (1 << bits) - 1
    return spikes


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_rate_code_is_a_phase_accumulator(bits):
    values = np.arange(1 << bits)
    spikes = coded(Encoding.RATE, values[:, None], 21, bits)
    assert spikes.shape == (1 << bits, 21, 1)
    assert spikes[:, :, 0].tolist() == [accumulate(int(x), 21, bits) for x in values]


@pytest.mark.parametrize("value", [-1, 16])
def test_rate_code_takes_its_range_only(value):
    with pytest.raises(InputError, match="takes values from 0 to 15"):
        coded(Encoding.RATE, [[3, value]], 4, 4)


def test_values_are_rounded_and_saturated():
    fmt = IntFormat(bits=4, signed=True)
    assert quantize_values([-9.0, -1.2, 0.3, 0.6, 3.4, 99], fmt, 0.5).tolist() == [-8, -2, 1, 1, 7, 7]


def test_encode_by_kind():
    u4 = IntFormat(bits=4, signed=False)
    x = np.array([[0.1, 0.8]])
    assert encode(InputSpec(inputs=2), x).tolist() == x.tolist()
    assert encode(InputSpec(inputs=2, format=u4, scale=0.1), x).tolist() == [[1, 8]]
    direct = InputSpec(inputs=2, steps=3, encoding=Encoding.DIRECT, format=u4, scale=0.1)
    assert encode(direct, x).tolist() == [[[1, 8]] * 3]
    rate = InputSpec(inputs=2, steps=4, encoding=Encoding.RATE, format=u4, scale=0.1)
    assert encode(rate, x).tolist() == [[[0, 0], [0, 1], [0, 0], [0, 1]]]
    given = InputSpec(inputs=1, steps=2)
    assert encode(given, [[[1], [0]]]).tolist() == [[[1], [0]]]


@pytest.mark.parametrize(
    ("spec", "x", "message"),
    [
        (InputSpec(inputs=2), np.zeros((1, 3)), r"samples of shape \(2,\), not \(3,\)"),
        (InputSpec(inputs=2, steps=4), np.zeros((1, 3, 2)), r"samples of shape \(4, 2\), not \(3, 2\)"),
        (InputSpec(inputs=2, steps=4, encoding=Encoding.RATE), np.zeros((1, 2)), "needs an unsigned integer"),
        (
            InputSpec(inputs=2, steps=4, encoding=Encoding.RATE, format=IntFormat(bits=4, signed=True), scale=1.0),
            np.zeros((1, 2)),
            "needs an unsigned integer",
        ),
    ],
)
def test_encode_refuses(spec, x, message):
    with pytest.raises(InputError, match=message):
        encode(spec, x)


def test_ann_by_hand():
    network = Network(
        name="a",
        input=InputSpec(inputs=2),
        stages=(
            stage([[1, -1], [2, 0]], Activation(relu=True), [0, -1]),
            stage([[1, 1]], Activation(relu=False), [-10]),
        ),
    )
    run = run_float(network, [[3, 1], [1, 3]])
    assert run.stages[0].outputs.tolist() == [[2, 5], [0, 1]]
    assert run.outputs.tolist() == [[-3], [-9]]
    assert [s.peak for s in run.stages] == [5, 9] and run.stages[0].membrane is None


@pytest.mark.parametrize(
    ("kind", "reset", "spikes", "last"),
    [
        # 3 -> 0; 3 -> 0; 0; 0
        (NeuronKind.LIF, Reset.ZERO, [1, 1, 0, 0], 0.0),
        # 3 -> 1; 3.5 -> 1.5; 0.75; 0.375
        (NeuronKind.LIF, Reset.SUBTRACT, [1, 1, 0, 0], 0.375),
        # 3; 4.5; 2.25; 1.125
        (NeuronKind.LI, Reset.ZERO, [0, 0, 0, 0], 1.125),
    ],
)
def test_membrane_by_hand(kind, reset, spikes, last):
    neuron = SpikingNeuron(kind=kind, decay=0.5, gain=1.5, threshold=2.0, reset=reset)
    run = integrate(neuron, np.array([2.0, 2, 0, 0])[None, :, None])
    assert run.outputs[0, :, 0].tolist() == spikes
    assert run.membrane.tolist() == [[last]]


def test_the_threshold_is_strict():
    neuron = SpikingNeuron(kind=NeuronKind.IF, threshold=2.0)
    run = integrate(neuron, np.array([2.0, 0.25])[None, :, None])
    assert run.outputs[0, :, 0].tolist() == [0, 1] and run.peak == 2.25


def spiking(readout, encoding=Encoding.DIRECT, **spec):
    return Network(
        name="s",
        input=InputSpec(inputs=1, steps=4, encoding=encoding, **spec),
        stages=(
            stage([[1.0]], SpikingNeuron(kind=NeuronKind.IF, threshold=1.5, reset=Reset.SUBTRACT)),
            stage([[2.0], [0.5]], SpikingNeuron(kind=NeuronKind.IF, threshold=1.0)),
        ),
        readout=readout,
    )


def test_readouts():
    # 1, 2, 1.5, 2.5 -> hidden spikes in steps 2 and 4
    run = run_float(spiking(Readout.COUNT), [[1.0]])
    assert run.stages[0].outputs[0, :, 0].tolist() == [0, 1, 0, 1]
    assert run.outputs.tolist() == [[2, 0]] and run.predictions.tolist() == [0]
    assert run_float(spiking(Readout.MEMBRANE), [[1.0]]).outputs.tolist() == [[0, 1.0]]


def test_direct_values_stay_real_and_rate_values_become_spikes():
    u1 = IntFormat(bits=1, signed=False)
    # 0.8 rounds to 1 of 1 bit: it spikes in every second step, not 0.8 in each.
    direct = run_float(spiking(Readout.COUNT, format=u1), [[0.8]])
    assert direct.stages[0].peak == pytest.approx(1.7)
    rate = run_float(spiking(Readout.COUNT, Encoding.RATE, format=u1), [[0.8]])
    assert rate.stages[0].peak == 2.0 and rate.stages[0].outputs[0, :, 0].tolist() == [0, 0, 0, 1]


def test_batches_join():
    x = np.linspace(0, 2, 2 * BATCH + 3)[:, None]
    run = run_float(spiking(Readout.COUNT), x)
    assert run.outputs.shape == (len(x), 2)
    np.testing.assert_array_equal(run.outputs[-1:], run_float(spiking(Readout.COUNT), x[-1:]).outputs)


def test_quantised_networks_and_no_samples_are_refused():
    network = Network(name="q", input=InputSpec(inputs=1, steps=2), stages=(stage([[1.0]], LifParams()),))
    with pytest.raises(InputError, match="stage 's' is quantised"):
        run_float(network, [[[1], [0]]])
    with pytest.raises(InputError, match="no samples"):
        run_float(spiking(Readout.COUNT), np.zeros((0, 1)))
