"""The SNN of an exact pair without its phases."""

from dataclasses import replace

import numpy as np
import pytest
from support.exact_pairs import data_of, dense_network, pooled_network

from tospike.gen.exact.free_running import free_running
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import (
    Comparison,
    Encoding,
    FiringPhase,
    IfParams,
    InputError,
    IntFormat,
    IParams,
    Readout,
    Reset,
)
from tospike.sim import accelerator
from tospike.sim.network import Dense, InputSpec, Network, Stage
from tospike.sim.network.reference import run_float


def both(tmp_path, network, x, steps):
    """Return outputs in phases and without, on the scale of the former, of the second prepared network."""
    data = data_of(x)
    (tmp_path / "s.nir").write_bytes(exact_pair(network, data, ExactOptions(steps=steps)).snn)
    snn = prepare(tmp_path / "s.nir", data, ModelOptions())
    phased = accelerator.run(snn.design, snn.integers(x)).outputs
    network = free_running(snn.quantized.network)
    return phased, run_float(network, snn.integers(x)).outputs / network.input.steps


@pytest.mark.parametrize("steps", [1, 3, 8])
@pytest.mark.parametrize("sizes", [(6, 4), (6, 9, 4)])
def test_a_layer_whose_input_comes_at_once_loses_nothing(tmp_path, sizes, steps):
    rng = np.random.default_rng(steps)
    phased, free = both(tmp_path, dense_network(rng, sizes), rng.random((60, 6)).astype(np.float32), steps)
    assert np.array_equal(phased, free)


def test_deeper_layers_fire_too_early(tmp_path):
    rng = np.random.default_rng(5)
    phased, free = both(tmp_path, dense_network(rng, (6, 9, 8, 4)), rng.random((200, 6)).astype(np.float32), 8)
    wrong = (phased != free).any(axis=1)
    assert 0 < wrong.sum() < 200
    assert np.abs(phased - free).max() < np.abs(phased).max(), "an error of rate coding, not of scale"


def test_windows_and_sums_of_pools(tmp_path):
    rng = np.random.default_rng(2)
    phased, free = both(tmp_path, pooled_network(rng), rng.random((30, 128)).astype(np.float32), 8)
    assert np.corrcoef(phased.ravel(), free.ravel())[0, 1] > 0.1


def by_hand(**neuron):
    """A second layer with weights of +theta and -theta, whose spikes come in steps 1 and 2 if they are not kept."""
    fires = IfParams(
        state_bits=16,
        threshold=4,
        initial=2,
        reset=Reset.SUBTRACT,
        comparison=Comparison.AT_LEAST,
        firing=FiringPhase(first=0, steps=2),
    )
    readout = IParams(state_bits=16, firing=FiringPhase(first=0, steps=0))
    layers = (
        ("first", [[4, 0], [0, 2]], replace(fires, **neuron)),
        ("second", [[4, -4]], replace(fires, firing=FiringPhase(first=1, steps=2))),
        ("last", [[1]], readout),
    )
    stages = tuple(
        Stage(name=name, synapses=Dense(weight=np.array(weight), bias=np.zeros(len(weight), dtype=int)), neuron=neuron)
        for name, weight, neuron in layers
    )
    spec = InputSpec(inputs=2, steps=3, encoding=Encoding.ONCE, format=IntFormat(bits=8, signed=False))
    return Network(name="hand", input=spec, stages=stages, readout=Readout.MEMBRANE)


def test_neurons_by_hand():
    """V = 4 and 2 reach a threshold of T theta = 8 from 4 in steps 1 and 2: the second layer spikes, though its sum is
    0."""
    first, second, _ = run_float(free_running(by_hand()), np.array([[1, 1]])).stages
    assert first.outputs[0].tolist() == [[1, 0], [0, 1]]
    assert second.outputs[0].tolist() == [[1], [0]]


def test_networks_that_are_no_exact_pair():
    with pytest.raises(InputError, match="layer 'first' of 'hand' has no ANN side that equals it"):
        free_running(by_hand(comparison=Comparison.ABOVE))
