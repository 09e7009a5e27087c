"""The golden model of convolution on events against the plainest one, whose weights are written out densely."""

import numpy as np
import pytest
from support.neuron_cases import all_knobs
from support.plain_engine import plain
from support.window_cases import dense_weights, random_window, random_window_case, without_noise

from tospike.hw.params import (
    EventWindow,
    InputError,
    IParams,
    Readout,
    ResetTiming,
    SpikingParams,
)
from tospike.sim.network import Conv2d
from tospike.sim.network.layers import currents
from tospike.sim.spiking.golden import run_event
from tospike.sim.spiking.window import Connections, chain_order, network_order


@pytest.mark.parametrize("seed", range(80))
def test_equals_the_plain_model(seed):
    params, weight, bias, inputs, _, decays = random_window_case(np.random.default_rng(seed))
    params, window = without_noise(params), params.window
    run = run_event(params, weight, bias, inputs, decays=decays)
    dense, biases = dense_weights(window, weight), np.tile(bias, window.positions)
    each = None if decays is None else np.tile(decays, (window.positions, 1))
    for sample, train in enumerate(inputs):
        spikes, membranes, saturations = plain(params, dense, biases, train, decays=each)
        assert (run.spikes[sample] == spikes).all()
        if params.readout is Readout.MEMBRANE:
            assert run.outputs[sample].tolist() == membranes
        neuron = all_knobs(params.neuron)
        late = neuron.leak_bias or neuron.reset_timing is ResetTiming.NEXT
        if not params.bias and not late:
            assert run.counters["saturations"][sample] == saturations


@pytest.mark.parametrize("seed", range(30))
def test_words_and_operations_are_those_of_the_reached_neurons(seed):
    rng = np.random.default_rng(seed)
    params, weight, bias, inputs, _, decays = random_window_case(rng)
    window = params.window
    run = run_event(params, weight, bias, inputs, decays=decays)
    ones = dense_weights(window, np.ones_like(weight))
    events = np.count_nonzero(inputs, axis=1)
    assert (run.operations["weight_read"] == events @ ones.sum(axis=0)).all()
    words = np.zeros((window.positions, params.position_words, window.inputs), dtype=int)
    for n, row in enumerate(ones):
        words[n // window.channels, n % window.channels // params.lanes] |= row
    assert (run.counters["synapse_words"] == events @ words.sum(axis=(0, 1))).all()


def test_addresses_go_position_by_position():
    """As a convolution of the network says it, whose images go channel by channel."""
    rng = np.random.default_rng(0)
    weight = rng.integers(-8, 8, (5, 3, 2, 3))
    conv = Conv2d(shape=(3, 6, 4), weight=weight, bias=np.zeros(5, dtype=int), stride=(2, 1), padding=(1, 0, 0, 2))
    window = EventWindow(shape=(3, 6, 4), channels=5, kernel=(2, 3), stride=(2, 1), padding=(1, 0, 0, 2))
    image = rng.integers(0, 2, (4, 72))
    params = SpikingParams(
        inputs=72,
        neurons=window.neurons,
        lanes=4,
        neuron=IParams(state_bits=16),
        readout=Readout.MEMBRANE,
        window=window,
    )
    run = run_event(params, weight, np.zeros(5, dtype=int), image[:, None, chain_order(conv.shape)])
    assert (run.outputs[:, network_order(conv.output_shape)] == currents(conv, image)).all()


def test_network_order_undoes_chain_order():
    order = chain_order((3, 4, 5))
    assert order[:4].tolist() == [0, 20, 40, 1]
    assert (order[network_order((3, 4, 5))] == np.arange(60)).all()


def test_an_input_under_no_window_reaches_nothing():
    window = EventWindow(shape=(1, 3, 1), channels=1, kernel=(1, 1), stride=(2, 1))
    assert Connections(window).reached.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kernel": (5, 1)}, r"a window of \(5, 1\) is larger than its image of \(3, 3\)"),
        ({"pool": (2, 1)}, r"a pool of \(2, 1\) does not divide an image of \(3, 3\)"),
        ({"stride": (0, 1)}, "must be positive"),
        ({"padding": (0, -1, 0, 0)}, r"its padding \(0, -1, 0, 0\) not negative"),
        ({"depthwise": True}, "3 output channels of a depthwise window are no multiple of its 2 input channels"),
        ({"channels": 1 << 15}, "neurons must be an integer from 1 to 65536"),
    ],
)
def test_windows_that_cannot_be(changes, message):
    with pytest.raises(InputError, match=message):
        EventWindow(**({"shape": (2, 3, 3), "channels": 3, "kernel": (2, 2)} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"inputs": 5},
            "a window from 18 inputs to 12 neurons does not fit an event engine with 5 inputs and 12 neurons",
        ),
        ({"recurrent": True}, "a convolutional event engine cannot be recurrent"),
        ({"lanes": 4}, "4 lanes are more than the 3 channels"),
    ],
)
def test_engines_that_cannot_be(changes, message):
    window = EventWindow(shape=(2, 3, 3), channels=3, kernel=(2, 2))
    with pytest.raises(InputError, match=message):
        SpikingParams(**({"inputs": 18, "neurons": 12, "lanes": 3, "window": window} | changes))


def test_lanes_of_a_depthwise_engine_fit_its_channels():
    window = EventWindow(shape=(2, 1, 1), channels=12, kernel=(1, 1), depthwise=True)
    with pytest.raises(InputError, match="4 lanes and 6 output channels"):
        SpikingParams(inputs=2, neurons=12, lanes=4, window=window)


def test_weights_of_another_shape_are_refused():
    rng = np.random.default_rng(0)
    params, _, bias, inputs, *_ = random_window_case(rng, window=random_window(rng, depthwise=True))
    with pytest.raises(InputError, match="the weights must have shape"):
        run_event(params, np.zeros((1, 1, 1), dtype=int), bias, inputs)
