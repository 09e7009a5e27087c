"""A delta ANN in a study: its energy, its bit-matched QNN, its points of equal accuracy, a whole report."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.delta_ann import CHAINS, U4, chain, walks
from support.sequences import data_of, write_sequences
from support.simulators import QUICK

from tospike.compare.energy.break_even import spike_activity
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counts.models import MODELS
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import load_technology
from tospike.compare.study.engines import describe, option_changes
from tospike.compare.study.entry import Prices, published
from tospike.compare.study.layers import ann_bits
from tospike.compare.study.variations.matched_qnn import matched_qnn_design
from tospike.compare.study.variations.trial import Trials
from tospike.gen.emit.random_design import random_design
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.place.options import Engine
from tospike.sim import accelerator as golden

HOROWITZ = load_technology("horowitz45")


@pytest.fixture
def sequences(tmp_path):
    return write_sequences(tmp_path)


def priced(params, x):
    """(parts of its energy, the result, what its engines did) of samples."""
    design = random_design(params, seed=3)
    result = golden.run(design, x)
    energy = counter_energy(HOROWITZ, params, result.counters, result.cycles)
    return energy.summary().parts, result, engine_activities(design, x, result)


def test_what_stays_costs_neither_weights_nor_products():
    params = CHAINS["three layers"]
    x = walks(params, 6, seed=1)
    still = np.repeat(x[:, -1:], 4, axis=1)
    moving, resting = (priced(params, frames)[0] for frames in (x, still))
    lone = priced(chain(U4, (5, 11, 9, 4), lanes=4, frames=1), x[:, -1:])[0]
    assert resting["mac"] < moving["mac"] and resting["weights"] < moving["weights"]
    assert resting["weights"] > lone["weights"], "each frame needs its multipliers"
    assert resting["activations"] > 1.5 * lone["activations"], "and compares all activations"


def test_counters_tell_every_access():
    params = CHAINS["three layers"]
    x = walks(params, 6, seed=1)
    _, result, activities = priced(params, x)
    encoder, first, _, last = engine_work(params, result.counters)
    total = {a.term: 0 for a in (*first.accesses, *last.accesses)}
    for access in first.accesses:
        total[access.term] = total[access.term] + access.count * (access.capacity_bits > 0)
    sent, frames = result.counters["1.activations"], params.input_frames
    assert (total["multiplier_read"] == 11 * frames).all()
    assert (total["activation_read"] == 11 * frames + sent + frames + 1).all()
    assert (total["activation_write"] == result.counters["1.stored"] + sent + frames + 1).all()
    assert (total["bias_read"] == 3).all(), "three words, once"
    assert (last.busy == result.counters["3.values"] + 1).all(), "the last layer updates on the END only"
    assert (encoder.busy == x[0].size).all()
    assert [activity.name for activity in activities] == ["0 delta", "1 event", "2 event", "3 event"]
    layers = [layer for activity in activities for layer in activity.layers]
    assert [(layer.inputs, layer.outputs, layer.steps, layer.spiking) for layer in layers] == [
        (5, 11, frames, False),
        (11, 9, frames, False),
        (9, 4, frames, False),
    ]
    assert (layers[1].events == result.counters["2.values"]).all() and (layers[0].sent == layers[1].events).all()
    assert set(published(activities)) == set(MODELS)


def test_changes_are_not_in_the_unit_of_published_break_even_points():
    def layers(frames):
        activities = priced(chain(U4, (5, 7, 4), lanes=4, frames=frames), np.full((2, frames, 5), 9))[2]
        return [layer for activity in activities for layer in activity.layers]

    spiking = [replace(layer, spiking=True, binary=True) for layer in layers(1)]
    assert spike_activity(layers(1), spiking).density is not None
    assert spike_activity(layers(3), spiking).density is None


@pytest.fixture
def both(sequences):
    """(paths, prepared networks, data, options) of a delta ANN and an SNN on recordings."""
    data, options = data_of(sequences, "spikes"), ModelOptions(engine=Engine.DELTA, time_bins=3, dt=1e-4)
    paths = {"ann": sequences / "a.onnx", "snn": sequences / "r.nir"}
    write_snn(paths["snn"])
    prepared = {kind: prepare(path, data, options.of_kind(spiking=kind == "snn")) for kind, path in paths.items()}
    return paths, prepared, data, options


def write_snn(path):
    """2 inputs, as the recordings have."""
    import nir

    rng = np.random.default_rng(2)
    graph = nir.NIRGraph.from_list(
        nir.Linear(weight=rng.normal(size=(4, 2))),
        nir.LIF(tau=np.full(4, 4e-4), r=np.full(4, 4.0), v_leak=np.zeros(4), v_threshold=np.full(4, 0.6)),
        nir.Linear(weight=rng.normal(size=(3, 4))),
        nir.LI(tau=np.full(3, 4e-4), r=np.full(3, 4.0), v_leak=np.zeros(3)),
    )
    nir.write(path, graph)


def test_it_is_described_and_changed_one_parameter_at_a_time(both):
    ann = both[1]["ann"]
    assert describe(ann) == (
        "6-5-3, spikes summed in 3 time bins, ReLU, 8-bit activations, 8-bit weights, event engines that skip "
        "unchanged values in 3 frames, 5 lanes per layer"
    )
    assert ann_bits(ann.design.params) == (8, 8), "not the 9 of a difference"
    changes = dict(option_changes(ann))
    assert changes["ANN: changes of more than 4"] == {"delta_threshold": 4}
    assert "ANN: 10 lanes" in changes and "ANN: 4-bit activations" in changes


def test_the_twin_and_other_trials_are_delta_anns_too(both):
    paths, prepared, data, options = both
    prices = Prices(model=MODELS["horowitz45"], technologies=(HOROWITZ,))
    qnn = matched_qnn_design(paths["ann"], prepared["snn"], data, options.of_kind(spiking=False), prices)
    assert "3-bit activations" in qnn.description and "unchanged values in 3 frames" in qnn.description
    assert qnn.counters_pj.total > 0
    each = {kind: options.of_kind(spiking=kind == "snn") for kind in paths}
    trials = Trials(prepared, paths, data, each, HOROWITZ)
    own, coarse, narrow = (trials.run("ann", given) for given in ({}, {"delta_threshold": 100}, {"weight_bits": 4}))
    assert coarse.mean_pj < own.mean_pj and narrow.mean_pj < own.mean_pj
    assert trials.run("ann", {"act_bits": 2, "delta_threshold": 100}) is None, "no change is so large"


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["recordings", "frames"])
def test_a_whole_report(sequences, workload):
    write_snn(sequences / "r.nir")
    given = {
        "recordings": "--snn r.nir --data npz:spikes.npz --time-bins 3 --dt 1e-4",
        "frames": "--snn s.nir --data npz:walks.npz --encoding delta --delta-threshold 2",
    }[workload]
    command = f"compare mine --ann a.onnx {given} --engine delta --lanes 2 --out report --pair --no-synth"
    command += f" --rtl-samples 6 --simulator {QUICK}"
    done = subprocess.run(
        [sys.executable, "-m", "tospike", *command.split()],
        cwd=sequences,
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((sequences / "report" / "report.json").read_text())
    ann, snn = report["designs"]
    skipped = {"recordings": "unchanged values", "frames": "changes of up to 2"}[workload]
    assert f"that skip {skipped} in" in ann["description"] and ann["mismatches"] == snn["mismatches"] == 0
    assert ann["counters_pj"]["rtl"] == pytest.approx(np.mean(ann["counters_pj"]["samples"][:6]), rel=1e-5)
    assert report["matched_qnn"]["ratio"] > 0 and report["iso_accuracy"]["ratio"] > 0
    assert any(change["change"] == "ANN: changes of more than 18" for change in report["sensitivity"]) == (
        workload == "frames"
    )
    assert report["break_even"] is None
