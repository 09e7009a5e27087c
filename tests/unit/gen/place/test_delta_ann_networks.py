"""Trained ANNs as delta ANNs: frames of a file, recordings, lone frames; options, files, errors."""

import json

import numpy as np
import pytest
from support.command_line import tospike
from support.paths import EXAMPLES
from support.sequences import data_of, write_sequences
from support.simulators import QUICK

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate, read
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.tools.cache import Cache
from tospike.hw.params import DeltaParams, Encoding, InputError, NeuronUpdate, WeightSource
from tospike.sim import accelerator as golden
from tospike.sim.encoders.encoding import as_frames
from tospike.sim.network.reference import run_float
from tospike.sim.network.time_bins import running_frames, sum_frames
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

ANN = [engine for engine in Engine if "ann" in engine.kinds]
DELTA = ModelOptions(engine=Engine.DELTA)


@pytest.fixture
def sequences(tmp_path):
    return write_sequences(tmp_path)


def test_the_last_frame_of_a_sequence_is_answered(sequences):
    walks, last = data_of(sequences, "walks"), data_of(sequences, "last")
    changing, plain = prepare(sequences / "a.onnx", walks, DELTA), prepare(sequences / "a.onnx", last, ModelOptions())
    design = changing.design
    assert design.params.engines[0] == DeltaParams(
        inputs=6, steps=4, amounts=True, payload=plain.design.network.input.format
    )
    assert design.params.engines[-1].update is NeuronUpdate.ACTIVE
    assert changing.choices["partial inferences"] == 4
    assert (run_float(changing.network, walks.x).outputs == run_float(plain.network, last.x).outputs).all()
    x = changing.integers(walks.x)
    assert x.shape == (24, 4, 6) and (x[:, -1] == plain.integers(last.x)).all()
    answers = golden.run(design, x)
    assert (answers.outputs == golden.run(plain.design, plain.integers(last.x)).outputs).all()
    changed = np.count_nonzero(np.diff(x, axis=1, prepend=0), axis=(1, 2))
    assert (answers.counters["1.values"] == changed).all(), "nothing else is computed"


def test_parts_of_a_recording_come_one_after_the_other():
    spikes = np.random.default_rng(1).integers(0, 2, (3, 7, 2)).astype(np.uint8)
    looks = running_frames(spikes, 3)
    assert looks.shape == (3, 3, 6)
    assert (looks[:, -1] == sum_frames(spikes, 3)).all()
    for end, steps in enumerate((2, 4)):
        cut = spikes.copy()
        cut[:, steps:] = 0
        assert (looks[:, end] == sum_frames(cut, 3)).all()


def test_a_recording_gets_the_answer_that_its_sums_get(sequences):
    data = data_of(sequences, "spikes")
    both = [
        prepare(sequences / "a.onnx", data, ModelOptions(engine=kind, time_bins=3))
        for kind in (Engine.DELTA, Engine.SYSTOLIC)
    ]
    assert both[0].integers(data.x).shape == (24, 3, 6)
    assert (as_frames(both[0].network.input, data.x) == sum_frames(data.x, 3)).all()
    delta, plain = (golden.run(one.design, one.integers(data.x)) for one in both)
    assert (delta.outputs == plain.outputs).all() and delta.outputs.any()
    right, wanted = (evaluate(one, data, Backend.FLOAT).correct for one in both)
    assert (right == wanted).all()


def test_a_lone_frame_is_the_event_ann_with_a_tick():
    data = load_data("digits")
    made = {kind: prepare(EXAMPLES / "digits_ann.onnx", data, ModelOptions(engine=kind)) for kind in ANN}
    results = {}
    for kind, one in made.items():
        results[kind] = golden.run(one.design, one.integers(data.x[:100]))
        assert (results[kind].outputs == results[Engine.SYSTOLIC].outputs).all()
    delta, event = results[Engine.DELTA], results[Engine.EVENT]
    assert (delta.operations["mac"] == event.operations["mac"]).all()
    assert (delta.counters["1.values"] == event.counters["0.values"]).all()
    classes = plan(made[Engine.DELTA].quantized.network, PlanOptions(engine=Engine.DELTA, argmax=True))
    assert (golden.run(classes, made[Engine.DELTA].integers(data.x[:100])).predictions == delta.predictions).all()


def test_rtl_answers_as_the_golden_model_and_thresholds_save_work(sequences, tmp_path):
    data = data_of(sequences, "walks")
    every, fewer = (
        prepare(sequences / "a.onnx", data, ModelOptions(engine=Engine.DELTA, delta_threshold=threshold))
        for threshold in (0, 12)
    )
    assert fewer.choices["hardware"]["delta_threshold"] == 12
    answer = evaluate(fewer, data, Backend.RTL, simulator=QUICK, cache=Cache(root=tmp_path))
    assert answer.mismatches == 0
    counters = golden.run(every.design, every.integers(data.x)).counters
    assert all(answer.counters[f"{engine}.values"].sum() < counters[f"{engine}.values"].sum() for engine in (1, 2))


def test_a_folder_keeps_the_design(sequences, tmp_path):
    prepared = prepare(sequences / "a.onnx", data_of(sequences, "walks"), DELTA)
    made = generate(
        tmp_path / "d", kind="network", params=prepared.design.params, design=prepared.design, choices=prepared.choices
    )
    again = read(made.path)
    assert again.params == prepared.design.params and again.design.network.input == prepared.design.network.input


def test_what_a_delta_ann_cannot_be_is_refused(sequences):
    walks = data_of(sequences, "walks")
    with pytest.raises(InputError, match="for an ANN --engine delta: give that, or data with x, y"):
        prepare(sequences / "a.onnx", walks, ModelOptions())
    with pytest.raises(InputError, match="delta-threshold must be an integer from 0 to 254, not 255"):
        _ = prepare(sequences / "a.onnx", walks, ModelOptions(engine=Engine.DELTA, delta_threshold=255)).design
    with pytest.raises(InputError, match="--delta-threshold is for spiking networks"):
        prepare(sequences / "a.onnx", data_of(sequences, "last"), ModelOptions(delta_threshold=1))
    with pytest.raises(InputError, match="leave --engine delta out"):
        network = prepare(sequences / "a.onnx", walks, DELTA).quantized.network
        plan(network, PlanOptions(engine=Engine.DELTA, weights=WeightSource.STREAM))


def test_both_networks_of_a_study_may_share_the_threshold():
    given = ModelOptions(engine=Engine.DELTA, delta_threshold=3, encoding=Encoding.DELTA)
    assert given.of_kind(spiking=False).plan.delta_threshold == 3
    assert given.of_kind(spiking=True).delta_threshold == 3
    assert ModelOptions(delta_threshold=3).of_kind(spiking=False).delta_threshold is None


@pytest.mark.slow
def test_a_generated_design_is_verified_with_stalls(sequences):
    command = "generate network a.onnx --data npz:walks.npz --engine delta --delta-threshold 2 --lanes 2 --out d"
    made = tospike(*command.split(), cwd=sequences)
    assert made.returncode == 0, made.stderr
    manifest = json.loads((sequences / "d" / "manifest.json").read_text())
    assert manifest["choices"]["hardware"]["engine"] == "delta"
    assert manifest["choices"]["hardware"]["delta_threshold"] == 2
    checked = tospike("verify", "d", cwd=sequences)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
def test_the_command_line_evaluates_recordings(sequences):
    command = "evaluate a.onnx --data npz:spikes.npz --time-bins 3 --engine delta --backend rtl --json e.json"
    done = tospike(*command.split(), "--simulator", QUICK, cwd=sequences)
    assert done.returncode == 0, done.stderr
    assert json.loads((sequences / "e.json").read_text())["mismatches"] == 0
