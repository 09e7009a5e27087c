"""The delta encoder: what it sends, its RTL to the token and to the cycle, and frames from file to hardware."""

from dataclasses import replace

import nir
import numpy as np
import pytest
from support.delta_encoder import check_encoder
from support.nir_files import chain, li, lif, save
from support.simulators import QUICK

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import build, generate
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.cache import Cache
from tospike.hw.params import (
    CHANGE,
    AcceleratorParams,
    DeltaParams,
    EncoderParams,
    Encoding,
    HostInput,
    InputError,
    IntFormat,
    LifParams,
    Readout,
    SpikingParams,
)
from tospike.sim.accelerator import run
from tospike.sim.encoders.changes import changes
from tospike.sim.encoders.encoder import run_delta
from tospike.sim.network import InputSpec
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend
from tospike.tb.replay.replay import replay

BITS = 4
UNSIGNED = IntFormat(bits=BITS, signed=False)


def plain(frames, threshold):
    """One value after another."""
    sent = np.zeros(frames.shape, dtype=int)
    for sample, address in np.ndindex(frames.shape[0], frames.shape[2]):
        last = 0
        for step, x in enumerate(frames[sample, :, address].tolist()):
            if abs(x - last) > threshold:
                sent[sample, step, address] = 1 if x > last else -1
                last = x
    return sent


@pytest.mark.parametrize("threshold", [0, 1, 5, 14])
def test_changes_are_sent_since_what_was_last_sent(threshold):
    frames = np.random.default_rng(threshold).integers(0, 16, (20, 9, 3))
    sent = changes(frames, threshold)
    assert sent.tolist() == plain(frames, threshold).tolist()
    assert {-1, 0, 1} == set(np.unique(sent)) or threshold == 14


def test_slow_changes_add_up_until_they_are_sent():
    ramp = np.arange(10)[None, :, None]
    assert changes(ramp, 2)[0, :, 0].tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 1]
    assert changes(ramp[:, ::-1], 2)[0, :, 0].tolist() == [1, 0, 0, -1, 0, 0, -1, 0, 0, -1]
    assert not changes(np.full((1, 5, 1), 2), 2).any()


def samples(params, count, seed=0):
    """Nothing, everything at once, back and forth, then random walks and random frames."""
    rng = np.random.default_rng(seed)
    top = params.payload.max
    shape = (params.steps, params.inputs)
    walks = np.cumsum(rng.integers(-3, 4, (count, *shape)), axis=1).clip(0, top)
    walks[0], walks[1] = 0, top
    walks[2] = np.where(np.arange(params.steps) % 2 == 0, top, 0)[:, None]
    walks[3] = rng.integers(0, top + 1, shape)
    return walks


@pytest.mark.parametrize("stall", [0.0, 0.5])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("inputs", [1, 2, 7])
@pytest.mark.parametrize("threshold", [0, 3, 14])
def test_encoder_equals_golden_model(threshold, inputs, steps, stall):
    params = DeltaParams(inputs=inputs, steps=steps, threshold=threshold, payload=UNSIGNED)
    check_encoder(params, samples(params, 7), stall)


def params_of(inputs, steps, threshold, lanes=2):
    layer = SpikingParams(
        inputs=inputs, neurons=5, lanes=lanes, payload=CHANGE, weight_bits=4, neuron=LifParams(threshold=5)
    )
    return AcceleratorParams(
        name="delta",
        engines=(
            DeltaParams(inputs=inputs, steps=steps, threshold=threshold, payload=UNSIGNED),
            layer,
            SpikingParams(inputs=5, neurons=3, lanes=1, weight_bits=4, readout=Readout.COUNT),
        ),
    )


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(params_of(9, 6, 2), id="ragged"),
        pytest.param(params_of(1, 3, 0), id="one input", marks=pytest.mark.slow),
        pytest.param(params_of(4, 1, 5), id="one step", marks=pytest.mark.slow),
        pytest.param(params_of(13, 4, 0, lanes=1), id="one lane", marks=pytest.mark.slow),
    ],
)
def test_cycles_and_counters_equal_the_golden_model(params, tmp_path):
    design = random_design(params, seed=1)
    x = np.concatenate([random_samples(design, 5, seed=2), samples(params.engines[0], 6)])
    verilog, _, _ = build(params, pack(design))
    got = replay(verilog, params, x, simulator=QUICK, cache=Cache(root=tmp_path))
    golden = run(design, x)
    assert got.outputs.tolist() == golden.outputs.tolist()
    assert got.cycles.tolist() == golden.cycles.tolist()
    totals = {name: int(counts.sum()) for name, counts in golden.counters.items()}
    assert {name: count for name, count in got.counters.items() if name != "cycles"} == totals
    assert totals["inputs"] == x.size


@pytest.fixture
def recorded(tmp_path):
    """(model, data set): a network of 6 inputs, and sequences of 7 frames of 2 x 3 values in a file."""
    rng = np.random.default_rng(7)
    graph = chain(nir.Linear(rng.normal(size=(5, 6))), lif(5), nir.Linear(rng.normal(size=(3, 5))), li(3), inputs=(6,))
    frames = np.cumsum(rng.normal(size=(9, 7, 2, 3)) / 8, axis=1).clip(0, 1)
    np.savez(tmp_path / "walks.npz", frames=frames, label=np.arange(9) % 3)
    return save(tmp_path, graph), load_data(f"npz:{tmp_path / 'walks.npz'}")


OPTIONS = {"dt": 1e-4, "encoding": Encoding.DELTA}


def test_frames_of_a_file_reach_the_hardware(recorded, tmp_path):
    model, data = recorded
    assert data.x.shape == (9, 7, 6) and data.is_frames and not data.is_spikes and data.steps == 7
    prepared = prepare(model, data, ModelOptions(delta_threshold=1, **OPTIONS))
    design = prepared.design
    assert design.params.engines[0] == DeltaParams(inputs=6, steps=7, threshold=1, payload=UNSIGNED)
    folder = generate(tmp_path / "out", kind="network", params=design.params, design=design, choices=prepared.choices)
    assert folder.params == design.params and folder.design.network.input == design.network.input
    assert folder.manifest["choices"]["nir"]["delta_threshold"] == 1

    answer = evaluate(prepared, data, Backend.RTL, simulator=QUICK, cache=Cache(root=tmp_path))
    assert answer.mismatches == 0 and len(np.unique(answer.result.outputs)) > 3
    # the float network gets the same changes
    sent = changes(prepared.integers(data.x), 1)
    given = run_float(prepared.network, data.x).stages[0].outputs
    alone = run_float(as_spikes(prepared.network), sent).stages[0].outputs
    assert (given == alone).all() and given.any()


def as_spikes(network):
    """The network without its encoding."""
    return replace(network, input=InputSpec(inputs=network.input.inputs, steps=network.input.steps))


def test_larger_thresholds_send_less(recorded):
    model, data = recorded
    sent = []
    for threshold in (0, 2, 5):
        design = prepare(model, data, ModelOptions(delta_threshold=threshold, **OPTIONS))
        sent.append(int(run(design.design, design.integers(data.x)).counters["0.values"].sum()))
    assert sent[0] > sent[1] > sent[2] > 0


def test_what_cannot_be_used_is_refused(recorded):
    model, data = recorded
    with pytest.raises(InputError, match="walks has a frame for each step, which only --encoding delta takes"):
        prepare(model, data, ModelOptions(dt=1e-4))
    with pytest.raises(InputError, match="--encoding delta takes a frame for each step, but digits has one"):
        digits = load_data("digits")
        graph = chain(nir.Linear(np.ones((3, 64))), li(3), inputs=(64,))
        prepare(save(model.parent, graph), digits, ModelOptions(**OPTIONS))
    with pytest.raises(InputError, match="delta-threshold must be an integer from 0 to 14, not 15"):
        prepare(model, data, ModelOptions(delta_threshold=15, **OPTIONS))
    with pytest.raises(InputError, match="delta-threshold must be an integer from 0 to 14, not 15"):
        DeltaParams(inputs=3, steps=2, threshold=15, payload=UNSIGNED)
    with pytest.raises(InputError, match="delta encoding needs unsigned input values"):
        DeltaParams(inputs=3, steps=2, payload=IntFormat(bits=4, signed=True))
    with pytest.raises(InputError, match="delta encoding needs the delta encoder"):
        EncoderParams(inputs=3, steps=2, encoding=Encoding.DELTA)
    with pytest.raises(InputError, match="must be the first engine, with dense host input"):
        AcceleratorParams(name="a", engines=params_of(3, 2, 0).engines, host_input=HostInput.TOKENS)
    delta = DeltaParams(inputs=3, steps=2, payload=UNSIGNED)
    with pytest.raises(InputError, match=r"samples of shape \(2, 3\), not \(3, 3\)"):
        run_delta(delta, np.zeros((1, 3, 3), dtype=int))
    with pytest.raises(InputError, match="values from 0 to 16 do not fit 0 to 15"):
        run_delta(delta, np.full((1, 2, 3), 16) * [0, 1, 1])
