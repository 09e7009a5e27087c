"""Designs of one function, counted and timed with what one of them computed: the same as if each had run."""

import numpy as np
import pytest
from support.networks import write_networks

from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.sim import accelerator
from tospike.sim.accelerator import run

ANN = (
    {},
    {"cols": 3},
    {"rows": 2, "cols": 2},
    {"dataflow": "ws"},
    {"engine": "event", "lanes": 1},
    {"engine": "event", "lanes": 3},
    {"engine": "dataflow", "fold": 4},
    {"engine": "dataflow", "fold": 30},
)
SNN = (
    {"lanes": 1},
    {"lanes": 3},
    {"lanes": 64},
    {"engine": "register"},
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    write_networks(folder)
    return folder, load_data(f"npz:{folder / 'd.npz'}")


@pytest.mark.parametrize(("file", "variants"), [("a.onnx", ANN), ("s.nir", SNN)])
@pytest.mark.parametrize("batch", [1 << 29, 400])
def test_counts_and_cycles_are_those_of_a_run(small, file, variants, batch, monkeypatch):
    monkeypatch.setattr(accelerator, "BATCH_SPIKES", batch)
    folder, data = small
    traces = {}
    for given in variants:
        prepared = prepare(folder / file, data, ModelOptions(given))
        x = prepared.integers(data.x)
        assert same(run(prepared.design, x, traces), run(prepared.design, x))
    assert traces


def test_active_updates_run_anew(small):
    folder, data = small
    traces = {}
    for given in ({"lanes": 2}, {"lanes": 3}, {"lanes": 2, "update": "all"}):
        prepared = prepare(folder / "s.nir", data, ModelOptions(given))
        x = prepared.integers(data.x)
        assert same(run(prepared.design, x, traces), run(prepared.design, x))


def same(found, known):
    for values, others in ((found.counters, known.counters), (found.operations, known.operations)):
        assert values.keys() == others.keys()
        assert all(np.array_equal(values[name], others[name]) for name in others)
    return np.array_equal(found.outputs, known.outputs) and np.array_equal(found.cycles, known.cycles)
