"""NIR neurons that nothing weighs: behind the Input, a pool, a Scale, or other neurons; and batches of one."""

from itertools import pairwise

import nir
import numpy as np
import pytest

from tospike.gen.data.datasets import load_data
from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.sim.network import Conv2d, Dense
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

RNG = np.random.default_rng(12)
STEPS = 9
POOL = nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
FLAT = nir.Flatten({"input": np.array([3, 2, 2])}, 0, -1)
SCALE = np.linspace(0.25, 2, 4)


def fires(size):
    return nir.IF(r=np.ones(size), v_threshold=np.full(size, 2.0), v_reset=np.zeros(size))


def network(folder, shape, *nodes):
    named = {"input": nir.Input({"input": np.array(shape)})}
    named |= {f"n{index}": node for index, node in enumerate(nodes)}
    named["output"] = nir.Output({"output": np.array([1])})  # exporters write other shapes here: nobody needs it
    path = folder / "net.nir"
    nir.write(path, nir.NIRGraph(named, list(pairwise(named)), type_check=False))
    return path


def spikes_of(drive):
    """Of IF neurons with threshold 2 and reset to zero: (N, steps, neurons)."""
    v, sent = np.zeros(drive[:, 0].shape), []
    for step in drive.swapaxes(0, 1):
        v = v + step
        sent.append(v > 2)
        v = np.where(v > 2, 0, v)
    return np.stack(sent, axis=1).astype(float)


def pooled(x):
    return x.reshape(*x.shape[:2], 3, 2, 2, 2, 2).sum(axis=(4, 6)).reshape(*x.shape[:2], 12)


CASES = {
    "input": ((4,), (fires(4),), Dense, spikes_of),
    "scale": ((4,), (nir.Scale(SCALE), fires(4)), Dense, lambda x: spikes_of(SCALE * x)),
    "two scales": ((4,), (nir.Scale(SCALE), nir.Scale(SCALE), fires(4)), Dense, lambda x: spikes_of(SCALE**2 * x)),
    "neurons": ((4,), (fires(4), fires(4)), Dense, lambda x: spikes_of(spikes_of(x))),
    "image": ((3, 2, 2), (fires(12),), Conv2d, spikes_of),
    "pool": ((3, 4, 4), (POOL, fires(12)), Conv2d, lambda x: spikes_of(pooled(x))),
    "pool and flatten": ((3, 4, 4), (POOL, FLAT, fires(12)), Conv2d, lambda x: spikes_of(pooled(x))),
    "pool and scale": (
        (3, 4, 4),
        (POOL, nir.Scale(np.arange(1.0, 13) / 4), FLAT, fires(12)),
        Dense,
        lambda x: spikes_of(pooled(x) * np.arange(1.0, 13) / 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_identity(tmp_path, case):
    shape, nodes, kind, expected = CASES[case]
    path = network(tmp_path, shape, *nodes)
    x = RNG.integers(0, 2, (5, STEPS, int(np.prod(shape))))
    made = import_nir(path, NirOptions(encoding=None, steps=STEPS))
    assert isinstance(made.stages[0].synapses, kind)
    np.testing.assert_array_equal(run_float(made, x).stages[-1].outputs, expected(x))


def test_the_hardware_computes_it(tmp_path):
    x = RNG.integers(0, 2, (24, STEPS, 48)).astype(np.uint8)
    counts = spikes_of(spikes_of(pooled(x))).sum(axis=1)
    np.savez(tmp_path / "d.npz", spikes=x, label=np.argmax(counts, axis=1))
    data = load_data(f"npz:{tmp_path / 'd.npz'}")
    path = network(tmp_path, (3, 4, 4), POOL, fires(12), FLAT, fires(12))
    evaluation = evaluate(prepare(path, data, ModelOptions()), data, Backend.RTL)
    assert evaluation.mismatches == 0 and evaluation.accuracy == 1
    np.testing.assert_array_equal(evaluation.result.outputs, counts)


@pytest.mark.parametrize(
    ("shape", "nodes", "step"),
    [
        ((1, 4), (nir.Linear(np.eye(4)), fires(4)), (4,)),
        ((1, 4), (fires(4),), (4,)),
        ((1, 1, 4), (nir.Linear(np.eye(4)), fires(4)), (4,)),
        ((1, 3, 4, 4), (POOL, fires(12)), (3, 4, 4)),
        ((20, 4), (nir.Scale(SCALE), nir.Linear(np.eye(4)), fires(4)), (4,)),
        ((20, 3, 4, 4), (POOL, fires(12)), (3, 4, 4)),
    ],
)
def test_a_batch_in_the_shape_of_the_input_is_left_out_and_said(tmp_path, shape, nodes, step):
    made = import_nir(network(tmp_path, shape, *nodes), NirOptions())
    assert made.input.inputs == np.prod(step)
    what = "several samples or steps" if shape[0] > 1 else "a batch of one"
    assert made.warnings == (f"node 'input' (Input) has shape {shape}, read as {what}: a step has shape {step}",)
    assert import_nir(network(tmp_path, step, *nodes), NirOptions()).warnings == ()
