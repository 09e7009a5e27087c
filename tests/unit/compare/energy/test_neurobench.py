"""NeuroBench's metrics, against a plain recomputation from the values that layers receive."""

import numpy as np
import pytest
from support.networks import write_networks

from tospike.compare.energy.neurobench import neurobench
from tospike.compare.energy.observe import engine_activities
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.sim import accelerator
from tospike.sim.systolic.layers import run_stages


def metrics(folder, name, **options):
    write_networks(folder)
    data = load_data(f"npz:{folder / 'd.npz'}")
    prepared = prepare(folder / name, data, ModelOptions(given=options))
    x = prepared.integers(data.x)
    result = accelerator.run(prepared.design, x)
    found = neurobench(prepared.quantized.network, engine_activities(prepared.design, x, result))
    return prepared.quantized.network, x, result, found


@pytest.mark.parametrize("engine", ["systolic", "event"])
def test_ann(tmp_path, engine):
    network, x, _, found = metrics(tmp_path, "a.onnx", engine=engine)
    hidden = run_stages(network, x)[0]
    weights = [stage.synapses.weight for stage in network.stages]
    assert found.synaptic_operations.dense == 6 * 5 + 5 * 3
    expected = 5 * np.count_nonzero(x, axis=1).mean() + 3 * np.count_nonzero(hidden, axis=1).mean()
    assert found.synaptic_operations.effective_macs == pytest.approx(expected)
    assert found.synaptic_operations.effective_acs == 0 == found.membrane_updates
    assert found.activation_sparsity == pytest.approx(np.mean(hidden == 0))
    assert found.connection_sparsity == pytest.approx(sum((w == 0).sum() for w in weights) / 45)
    assert found.footprint >= 45, "a byte for each weight"


def test_snn(tmp_path):
    _, x, result, found = metrics(tmp_path, "s.nir", steps=7)
    spikes = result.counters["2.values"].mean()  # engine 0 is the encoder
    assert found.synaptic_operations.effective_acs == pytest.approx(3 * spikes)
    assert found.synaptic_operations.effective_macs == pytest.approx(7 * 5 * np.count_nonzero(x, axis=1).mean())
    assert found.synaptic_operations.dense == 7 * 45
    assert found.activation_sparsity == pytest.approx(1 - spikes / (7 * 5))
    assert found.membrane_updates == 7 * (5 + 3)
    assert found.zero_weights_counted
