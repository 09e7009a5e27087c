"""Float neurons by hand, and against the frameworks themselves where they are installed."""

from dataclasses import replace

import numpy as np
import pytest

from tospike.hw.params import Comparison, InputError, NeuronKind, Reset, ResetTiming
from tospike.sim.network import Dense, SpikingNeuron, Stage
from tospike.sim.network.membrane import integrate

IF = SpikingNeuron(kind=NeuronKind.IF, threshold=1.0)


def run(neuron, drive, recurrent=None):
    """(spikes, membrane after the last step) of one neuron."""
    result = integrate(neuron, np.asarray(drive, dtype=float)[None, :, None], recurrent)
    return result.outputs[0, :, 0].tolist(), float(result.membrane[0, 0])


def test_synaptic_current_decays_and_feeds_the_membrane():
    neuron = SpikingNeuron(kind=NeuronKind.CUBA_LI, decay=0.5, gain=2.0, synapse_decay=0.5, synapse_gain=3.0, rest=0.25)
    # i: 3, 1.5, 0.75   v: 0.25 + 6, 3.125 + 0.25 + 3, 3.1875 + 0.25 + 1.5
    assert run(neuron, [1, 0, 0]) == ([0, 0, 0], 4.9375)


def test_the_current_is_there_in_the_step_of_its_spike():
    neuron = SpikingNeuron(kind=NeuronKind.CUBA_LIF, decay=0.0, synapse_decay=0.5, threshold=0.9)
    assert run(neuron, [1, 0, 0])[0] == [1, 0, 0]


@pytest.mark.parametrize(("comparison", "spikes"), [(Comparison.ABOVE, [0, 1]), (Comparison.AT_LEAST, [1, 0])])
def test_at_the_threshold(comparison, spikes):
    assert run(replace(IF, comparison=comparison), [1, 0.5])[0] == spikes


def test_reset_to_a_value_and_refractory_steps():
    neuron = replace(IF, reset=Reset.VALUE, v_reset=-1.0)
    assert run(neuron, [1.5, 1.5, 1.0]) == ([1, 0, 1], -1.0)
    # the inputs of the two steps after a spike are lost
    assert run(replace(neuron, refractory=2), [1.5, 9, 9, 1.5, 1.0]) == ([1, 0, 0, 0, 1], -1.0)
    assert run(replace(IF, refractory=1), [2, 2, 2, 2])[0] == [1, 0, 1, 0]


def test_reset_in_the_next_step_is_not_scaled_by_the_leak():
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.5, reset=Reset.SUBTRACT, reset_timing=ResetTiming.NEXT)
    # 2; 1 - 1 + 2 = 2; 1 - 1 + 0
    assert run(neuron, [2, 2, 0]) == ([1, 1, 0], 0.0)
    assert run(neuron, [2]) == ([1], 2.0)
    same = replace(neuron, reset_timing=ResetTiming.SAME)
    # 2 -> 1; 0.5 + 2 -> 1.5; 0.75
    assert run(same, [2, 2, 0]) == ([1, 1, 0], 0.75)


def test_reset_to_zero_in_the_next_step():
    leaky = SpikingNeuron(kind=NeuronKind.LIF, decay=0.5, reset_timing=ResetTiming.NEXT)
    assert run(leaky, [2, 0.75]) == ([1, 0], 0.75)
    # with a synaptic current the whole update of the next step is lost
    cuba = replace(leaky, kind=NeuronKind.CUBA_LIF, synapse_decay=0.5)
    assert run(cuba, [2, 0.75]) == ([1, 0], 0.0)


def test_snntorchs_subtraction_without_delay():
    neuron = replace(IF, reset=Reset.SUBTRACT, reset_timing=ResetTiming.SNNTORCH)
    # 3.5 -> 2.5, above 1: the next spike needs 2; 2.5 -> 1.5, needs 2; 1.75 does not spike and owes one; 2.25 > 2
    assert run(neuron, [3.5, 0, 0.25, 0.5])[0] == [1, 1, 0, 1]
    assert run(replace(neuron, reset_timing=ResetTiming.SAME), [3.5, 0, 0.25, 0.5])[0] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("bits", "comparison", "spikes", "last"),
    [
        (1, Comparison.ABOVE, [1, 1], 3.0),
        (2, Comparison.ABOVE, [3, 1], 1.0),
        (3, Comparison.ABOVE, [4, 0], 1.0),
        (3, Comparison.AT_LEAST, [5, 0], 0.0),
    ],
)
def test_several_spikes_in_a_step(bits, comparison, spikes, last):
    neuron = replace(IF, reset=Reset.SUBTRACT, spike_bits=bits, comparison=comparison)
    assert run(neuron, [5, 0]) == (spikes, last)


def test_parameters_of_each_neuron():
    neuron = SpikingNeuron(
        kind=NeuronKind.LIF, decay=np.array([0.5, 1.0]), threshold=np.array([1.0, 3.0]), reset=Reset.VALUE,
        v_reset=np.array([0.0, -2.0]),
    )  # fmt: skip
    result = integrate(neuron, np.full((1, 3, 2), 1.5))
    assert result.outputs[0].T.tolist() == [[1, 1, 1], [0, 0, 1]]
    assert result.membrane.tolist() == [[0.0, -2.0]]


def test_recurrence_is_a_step_late():
    weights = np.array([[0.0, 0.0], [2.0, 0.0]])  # neuron 0 excites neuron 1
    result = integrate(IF, np.array([[[1.5, 0.0], [0.0, 0.0], [0.0, 0.0]]]), weights)
    assert result.outputs[0].tolist() == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reset_timing": ResetTiming.SNNTORCH}, "--reset-timing snntorch is for reset by subtraction"),
        (
            {"reset_timing": ResetTiming.SNNTORCH, "reset": Reset.SUBTRACT, "spike_bits": 2},
            "with one spike per time step",
        ),
        ({"reset": Reset.SUBTRACT, "refractory": 1}, "a refractory neuron stays at its reset value"),
        ({"reset_timing": ResetTiming.NEXT, "refractory": 1}, "a refractory neuron stays"),
        ({"spike_bits": 5}, "spike-bits must be an integer from 1 to 4"),
        ({"refractory": -1}, "refractory must be an integer from 0"),
    ],
)
def test_contradictions_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        replace(IF, **changes)


def test_recurrent_weights_must_fit():
    synapses = Dense(weight=np.ones((2, 3)), bias=np.zeros(2))
    with pytest.raises(InputError, match=r"recurrent weights of shape \(2, 3\), not \(2, 2\)"):
        Stage(name="s", synapses=synapses, neuron=IF, recurrent=np.ones((2, 3)))


DRIVE = np.random.default_rng(5).normal(0.6, 1.2, (60, 8))


@pytest.mark.parametrize("synaptic", [False, True])
@pytest.mark.parametrize("delay", [False, True])
@pytest.mark.parametrize("reset", [Reset.ZERO, Reset.SUBTRACT])
def test_equals_snntorch(synaptic, delay, reset):
    torch, snn = pytest.importorskip("torch"), pytest.importorskip("snntorch")
    options = {"beta": 0.75, "reset_mechanism": reset.value, "reset_delay": delay}
    cell = snn.Synaptic(alpha=0.5, **options) if synaptic else snn.Leaky(**options)
    state, spikes = [torch.zeros(8, dtype=torch.float64)] * (1 + synaptic), []
    for current in torch.from_numpy(DRIVE):
        spike, *state = cell(current, *state)
        spikes.append(spike.detach().numpy())
    without = ResetTiming.SNNTORCH if reset is Reset.SUBTRACT else ResetTiming.SAME
    neuron = SpikingNeuron(
        kind=NeuronKind.CUBA_LIF if synaptic else NeuronKind.LIF,
        decay=0.75,
        synapse_decay=0.5,
        reset=reset,
        reset_timing=ResetTiming.NEXT if delay else without,
    )
    ours = integrate(neuron, DRIVE[None])
    np.testing.assert_array_equal(ours.outputs[0], spikes)
    np.testing.assert_allclose(ours.membrane[0], state[-1].detach().numpy(), atol=1e-12)


def test_equals_norse():
    torch, norse = pytest.importorskip("torch"), pytest.importorskip("norse.torch.functional.lif_box")
    parameters = norse.LIFBoxParameters(
        tau_mem_inv=torch.tensor(250.0), v_leak=torch.tensor(0.2), v_th=torch.tensor(1.0), v_reset=torch.tensor(-0.5)
    )
    state, spikes = norse.LIFBoxFeedForwardState(v=torch.zeros(8, dtype=torch.float64)), []
    for current in torch.from_numpy(4 * DRIVE):
        spike, state = norse.lif_box_feed_forward_step(current, state, parameters, dt=1e-3)
        spikes.append(spike.numpy())
    neuron = SpikingNeuron(kind=NeuronKind.LIF, decay=0.75, gain=0.25, rest=0.05, reset=Reset.VALUE, v_reset=-0.5)
    ours = integrate(neuron, 4 * DRIVE[None])
    np.testing.assert_array_equal(ours.outputs[0], spikes)
    np.testing.assert_allclose(ours.membrane[0], state.v.numpy(), atol=1e-7)
