"""Layers that fire one after the other: the steps of their phases, and what cannot have them."""

import nir
import numpy as np
import pytest
from support.nir_files import W1, W2, chain, lif, ones

from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.nir.phases import steps_needed
from tospike.hw.params import Encoding, FiringPhase, InputError

PHASES = NirOptions(dt=1e-4, encoding=Encoding.ONCE, firing_steps=3, steps=5)


def written(tmp_path, *nodes, outputs=2):
    path = tmp_path / "net.nir"
    nir.write(path, chain(*nodes, outputs=outputs))
    return path


def spiking(size):
    return nir.IF(r=ones(size), v_threshold=ones(size), v_reset=ones(size, 0.0))


def test_each_layer_begins_as_the_last_spikes_of_the_previous_one_come(tmp_path):
    square = np.eye(4, dtype=np.float32)
    layers = (nir.Linear(W1), spiking(4), nir.Linear(square), spiking(4), nir.Linear(W2), nir.I(r=ones(2)))
    network = import_nir(written(tmp_path, *layers), PHASES)
    assert [stage.neuron.firing for stage in network.stages] == [
        FiringPhase(first=0, steps=3),
        FiringPhase(first=2, steps=3),
        FiringPhase(first=0, steps=0),
    ]
    assert [steps_needed(layers, 8) for layers in (0, 1, 2, 3)] == [1, 8, 15, 22]


def test_the_options_are_written_and_read():
    assert NirOptions.from_description(PHASES.describe()) == PHASES
    assert NirOptions.from_description(NirOptions().describe()).firing_steps is None


def test_too_few_steps(tmp_path):
    layers = (nir.Linear(W1), spiking(4), nir.Linear(W2), spiking(2))
    with pytest.raises(InputError, match=r"2 layers that fire in 4 steps each.*need 7 steps, not 5: give --steps 7"):
        import_nir(written(tmp_path, *layers), NirOptions(encoding=Encoding.ONCE, firing_steps=4, steps=5))


def test_neurons_that_leak(tmp_path):
    layers = (nir.Linear(W1), lif(), nir.Linear(W2), nir.I(r=ones(2)))
    with pytest.raises(InputError, match="leaks, is recurrent or has delays"):
        import_nir(written(tmp_path, *layers), PHASES)


def test_an_input_in_every_step():
    with pytest.raises(InputError, match="give --encoding once"):
        NirOptions(firing_steps=3)
