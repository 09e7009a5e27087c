"""The example networks through the generated Verilog, and matrix products timed in it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tospike.compare.study.workload import named
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.beats import dense_beats, token_beats
from tospike.gen.emit.memory_init import shapes
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, InputError, WeightSource
from tospike.tb.evaluate import evaluate
from tospike.tb.gemm import bench_gemm, scale_sim_cycles
from tospike.tb.inference import Backend
from tospike.tb.replay import replay as replay_module

DIGITS = named("digits", ModelOptions())
STATED = json.loads((Path(DIGITS.ann).parent / "digits.json").read_text())


@pytest.fixture(scope="module")
def data():
    return load_data("digits")


@pytest.mark.parametrize("kind", ["ann", "snn"])
def test_digits_in_rtl(data, kind):
    """Outputs, cycles and counters of the Verilog equal the golden model's."""
    prepared = prepare(getattr(DIGITS, kind), data, ModelOptions())
    floating = evaluate(prepared, data, Backend.FLOAT)
    golden = evaluate(prepared, data, Backend.GOLDEN)
    rtl = evaluate(prepared, data, Backend.RTL, samples=40)
    assert floating.accuracy == pytest.approx(STATED[kind]["float_accuracy"])
    assert floating.accuracy >= {"ann": 0.97, "snn": 0.96}[kind]
    assert abs(golden.accuracy - floating.accuracy) <= 0.01
    assert rtl.mismatches == 0
    np.testing.assert_array_equal(rtl.correct, golden.correct[:40])
    assert rtl.summary()["golden_accuracy"] == rtl.accuracy
    assert "golden_accuracy" not in golden.summary() and golden.warnings == floating.warnings == ()
    assert rtl.summary()["cycles"]["mean"] == np.mean(golden.result.cycles[:40])


@pytest.mark.parametrize("kind", ["ann", "snn"])
def test_the_class_alone_in_rtl(data, kind):
    whole = evaluate(prepare(getattr(DIGITS, kind), data, ModelOptions()), data, Backend.GOLDEN)
    prepared = prepare(getattr(DIGITS, kind), data, ModelOptions(argmax=True))
    golden = evaluate(prepared, data, Backend.GOLDEN)
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert golden.result.outputs.shape == (len(data.x), 1)
    np.testing.assert_array_equal(golden.correct, whole.correct)
    np.testing.assert_array_equal(rtl.correct, golden.correct[:20])
    assert rtl.mismatches == 0


def test_streamed_weights_in_rtl(data):
    """Two beats for each word: a host that never waits cannot keep up, and the golden model knows by how much."""
    options = ModelOptions(weights=WeightSource.STREAM, weight_stream_bits=64, cols=10)
    prepared = prepare(DIGITS.ann, data, options)
    stored = prepare(DIGITS.ann, data, replace(options, weights=None, weight_stream_bits=None))
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0
    cost = prepared.choices["weight_stream"]
    words = 64 * 4 + 32
    assert cost["beats"] == 2 * words
    assert cost["cycles_lost"] >= 64 * 4 - 2 * 32, "a full queue of 32 words hides the beats of as many others"
    lost = rtl.result.cycles[0] - evaluate(stored, data, Backend.GOLDEN, samples=1).result.cycles[0]
    assert lost == cost["cycles_lost"]
    assert [shape.name for shape in shapes(prepared.design)[0]] == ["channels", "layers"]


@pytest.mark.parametrize(("dataflow", "stored_bits"), [(Dataflow.OS, 1), (Dataflow.WS, 2)])
def test_weights_of_one_bit_in_rtl(data, dataflow, stored_bits):
    """A weight-stationary array needs weights of 0 at its edges, so it gets two bits."""
    options = ModelOptions(weight_bits=1, act_bits=1, dataflow=dataflow, rows=2 if dataflow is Dataflow.WS else 1)
    prepared = prepare(DIGITS.ann, data, options)
    array = prepared.design.params.engines[0].array
    assert (array.weight_bits, array.act.bits) == (stored_bits, 1)
    rtl = evaluate(prepared, data, Backend.RTL, samples=20)
    assert rtl.mismatches == 0


def test_a_golden_model_that_is_wrong_is_noticed(data, monkeypatch):
    prepared = prepare(DIGITS.ann, data, ModelOptions())
    real = replay_module.replay

    def off_by_one(*args, **kwargs):
        got = real(*args, **kwargs)
        return replace(
            got, cycles=got.cycles + (np.arange(len(got.cycles)) == 2), counters={**got.counters, "0.macs": 0}
        )

    monkeypatch.setattr("tospike.tb.evaluate.replay", off_by_one)
    assert evaluate(prepared, data, Backend.RTL, samples=5).mismatches == 3, "alone, back to back, a counter"


@pytest.mark.parametrize(
    ("dataflow", "gemm", "limit"),
    [
        pytest.param(Dataflow.OS, (64, 64, 64), 4400, marks=pytest.mark.slow),
        pytest.param(Dataflow.WS, (64, 64, 64), 4400, marks=pytest.mark.slow),
        (Dataflow.OS, (5, 9, 13), 200),
    ],
)
def test_gemm_in_rtl(dataflow, gemm, limit):
    m, n, k = gemm
    result = bench_gemm(ArrayParams(rows=8, cols=8, dataflow=dataflow), DenseLayer(rows=m, outputs=n, inputs=k), seed=1)
    assert result["golden_match"]
    assert result["bound"] <= result["cycles"] <= limit
    assert result["utilisation"] == pytest.approx(m * n * k / (64 * result["cycles"]))


@pytest.mark.parametrize(
    ("dataflow", "gemm", "cycles"),
    [
        (Dataflow.OS, (8, 8, 8), 21),
        (Dataflow.OS, (64, 64, 64), 4991),
        (Dataflow.OS, (128, 10, 784), 25535),
        (Dataflow.WS, (64, 64, 64), 5503),
        (Dataflow.WS, (100, 50, 70), 7685),
    ],
)
def test_scale_sim_formula(dataflow, gemm, cycles):
    """As SCALE-Sim 3.0.0 printed them."""
    m, n, k = gemm
    array = ArrayParams(rows=8, cols=8, dataflow=dataflow)
    assert scale_sim_cycles(array, DenseLayer(rows=m, outputs=n, inputs=k)) == cycles


def test_sample_counts_are_checked(data):
    prepared = prepare(DIGITS.ann, data, ModelOptions())
    for samples in (0, 450):
        with pytest.raises(InputError, match=f"samples must be from 1 to 449 .* not {samples}"):
            evaluate(prepared, data, Backend.GOLDEN, samples=samples)


def test_beats():
    dense = list(dense_beats(np.array([1, -1, 2, 3, 255])))
    assert [(b.data, b.last) for b in dense] == [(0x0302FF01, False), (0x000000FF, True)]
    tokens = list(token_beats(np.array([[0, 1], [0, 0]])))
    assert [(b.data, b.last) for b in tokens] == [
        (0x0001_0001, False),
        (0x4000_0000, False),
        (0x4000_0000, False),
        (0x8000_0000, True),
    ]
