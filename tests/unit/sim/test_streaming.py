"""A stream in parts is the stream as one sample: spikes, counters, and from a checkpoint."""

import io

import numpy as np
import pytest
from support.event_engine import random_case
from support.paths import SHARED

from tospike.compare.study.workload import Overrides, named
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError, Readout
from tospike.sim import accelerator as golden
from tospike.sim.spiking.golden import run_event
from tospike.sim.spiking.running import RunningLayer
from tospike.sim.streaming import SpikingStream

NIR = SHARED / "data" / "nir"
SNN, DATA = NIR / "braille_noDelay_bias_zero.nir", NIR / "braille_400.npz"


def a_case(seed):
    """Any engine and neuron, with a stream of 30 steps."""
    rng = np.random.default_rng(seed)
    readout = list(Readout)[int(rng.integers(3))]
    while True:
        try:
            params, weight, bias, inputs, *others = random_case(rng, lanes=3, neurons=5, readout=readout)
            stream = rng.permutation(np.concatenate([inputs] * 30, axis=1), axis=1)[:, :30]
            return params, weight, bias, stream, others, run_event(params, weight, bias, stream, *others)
        except InputError:  # an initial membrane that does not fit
            continue


@pytest.mark.parametrize("seed", range(40))
def test_parts_are_the_whole(seed):
    params, weight, bias, stream, others, whole = a_case(seed)
    layer = RunningLayer(params, weight, bias, len(stream), *others)
    cuts = np.sort(np.random.default_rng(seed).integers(1, 30, 4))
    parts = np.split(stream, cuts, axis=1)
    parts = [part for part in parts if part.shape[1]]
    steps = [layer.advance(part, ends=part is parts[-1]) for part in parts]
    np.testing.assert_array_equal(np.concatenate([step.spikes for step in steps], axis=1), whole.spikes)
    np.testing.assert_array_equal(np.concatenate([step.updated for step in steps], axis=1), whole.updated)
    assert sum(step.saturations for step in steps).tolist() == whole.counters["saturations"].tolist()
    if params.readout is Readout.MEMBRANE:
        np.testing.assert_array_equal(layer.neurons.after, whole.outputs)


@pytest.mark.parametrize("seed", range(40, 60))
def test_a_layer_goes_on_from_its_arrays(seed):
    params, weight, bias, stream, others, whole = a_case(seed)
    first, second = (RunningLayer(params, weight, bias, len(stream), *others) for _ in range(2))
    first.advance(stream[:, :11], ends=False)
    kept = first.arrays()
    first.advance(stream[:, :9], ends=False)  # does not change what was kept
    second.restore(kept)
    np.testing.assert_array_equal(second.advance(stream[:, 11:], ends=True).spikes, whole.spikes[:, 11:])


def test_arrays_of_another_layer_are_refused():
    params, weight, bias, stream, others, _ = a_case(1)
    layer = RunningLayer(params, weight, bias, len(stream), *others)
    with pytest.raises(InputError, match="the state is that of another engine"):
        layer.restore({})
    with pytest.raises(InputError, match="or of another number of samples"):
        layer.restore(RunningLayer(params, weight, bias, len(stream) + 1, *others).arrays())


@pytest.mark.skipif(not SNN.is_file(), reason="the Braille letters are not in ../shared/data")
def test_a_chain_of_layers_in_parts_and_from_a_file():
    letters = named("braille", ModelOptions(), Overrides(snn=(SNN,), data=f"npz:{DATA}"))
    data = letters.load()
    design = prepare(letters.snn, data, letters.options).design
    stream = data.x[:2].reshape(-1, data.x.shape[2])
    whole = golden.run(design, stream[None])
    trains = golden.spike_trains(design, stream[None])[-1][0]

    running = SpikingStream(design)
    parts = [running.feed(stream[:100]), running.feed(stream[100:101])]
    file = io.BytesIO()
    np.savez(file, **running.checkpoint())
    file.seek(0)
    resumed = SpikingStream(design)
    resumed.resume(np.load(file))
    parts += [resumed.feed(stream[first : first + 300]) for first in range(101, len(stream), 300)]
    np.testing.assert_array_equal(np.concatenate([part.spikes for part in parts]), trains)
    for name, values in whole.counters.items():
        total = sum(part.counters[name] for part in parts)
        engine = design.params.engines[int(name[0])] if name[0].isdecimal() else None
        at_end = {"samples": 1, "update_words": engine.words}.get(name[2:], 0) if engine else 0
        assert total + at_end == values[0], name
    with pytest.raises(InputError, match=r"the checkpoint has layers 0, but the design has 2"):
        resumed.resume({"0.start": np.zeros(1)})


def test_designs_that_need_an_end_are_refused():
    digits = named("digits", ModelOptions())
    data = digits.load()
    with pytest.raises(InputError, match="engine 0 runs no spiking layer"):
        SpikingStream(prepare(digits.ann, data, ModelOptions()).design)
