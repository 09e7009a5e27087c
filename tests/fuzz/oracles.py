"""What must hold for every network: float equals the reference, integers are near to float, RTL equals the integers."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import nir
import numpy as np
import onnx
import onnxruntime
from fuzz.nir_networks import DT, STEPS, random_nir, simulate
from fuzz.onnx_networks import random_onnx, random_quantized_onnx

from tospike.gen.data.datasets import DataSet
from tospike.gen.nir.importer import import_nir
from tospike.gen.nir.options import NirOptions
from tospike.gen.onnx.importer import import_onnx
from tospike.gen.pipeline import Prepared
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.quantize.network import quantize
from tospike.gen.quantize.options import QuantizeOptions
from tospike.hw.params import InputError
from tospike.sim import accelerator as golden
from tospike.sim.network import Activation, Dense, Network
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

FLOAT = 1e-5
"""Of the largest output: onnxruntime computes in float32."""
TIE = 1e-9
"""A membrane this near to its threshold may spike in one order of additions and not in another."""
ANN_ERROR = 0.05
"""Root mean square error of an ANN of 8 bits, the most it can have, over its outputs' range, zero included."""
SNN_ERROR = 0.01
"""Of the spikes of a stage, at 16 bits, over all samples; and SNN_SPIKES, for one early spike can lead to a few."""
SNN_SPIKES = 5
MAX_STATE_BITS = 32
TIES = 0.005
"""Part of the levels of a network on integers that may differ from onnxruntime's."""
INEXACT, MOST_LEVELS = 0.08, 8
"""The same of its integers if they cannot be exact (sums of different scales), and the most levels they are off by."""


def check_ann(seed: int, folder: Path) -> float:
    """Float equals onnxruntime; integers of 8 bits are near to it: their error, of the outputs' range."""
    network, x, expected = _ann(seed, folder)
    outputs = run_float(network, x, trace=False).outputs
    size = float(np.abs(expected).max())
    assert np.abs(outputs - expected).max() <= FLOAT * size, f"float differs from onnxruntime, seed {seed}"

    quantized = quantize(network, x)
    prepared = Prepared(network=network, quantized=quantized, planned=InputError("not planned"), choices={})
    logits = run_integers(quantized.network, prepared.integers(x)) * quantized.stages[-1].unit
    span = max(expected.max(), 0.0) - min(expected.min(), 0.0)
    error = float(np.sqrt(np.mean(np.square(logits - outputs)))) / max(span, np.finfo(float).tiny)
    assert error <= ANN_ERROR, f"integers are off by {error:.1%} of the range, seed {seed}"
    return error


def check_quantized(seed: int, folder: Path) -> float:
    """On integers, float and integers give onnxruntime's levels; a few sums are ties that float32 decides. Return the
    part of the levels in which the integers differ."""
    model, x, is_exact = random_quantized_onnx(seed)
    path = folder / "net.onnx"
    onnx.save(model, path)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": x})
    network, flat = import_onnx(path), x.reshape(len(x), -1)
    last = network.stages[-1].neuron
    assert isinstance(last, Activation) and last.grid is not None
    step = float(last.grid.scale) if expected.dtype == np.float32 else 1.0
    quantized = quantize(network, flat)
    prepared = Prepared(network=network, quantized=quantized, planned=InputError("not planned"), choices={})
    assert network.answers is not None
    off = []
    for real in (
        run_float(network, flat, trace=False).outputs,
        quantized.real_outputs(run_integers(quantized.network, prepared.integers(flat))),
    ):
        (got,) = network.answers.arrays(real).values()
        levels = np.rint((got.astype(np.float64) - expected) / step)
        off.append(float(np.mean(levels != 0)))
        assert np.abs(levels).max() <= MOST_LEVELS, f"levels are off by {np.abs(levels).max():g}, seed {seed}"
    assert off[0] <= TIES, f"float differs from onnxruntime in {off[0]:.2%} of the levels, seed {seed}"
    exact = is_exact and not any(report.inexact_channels for report in quantized.stages)
    assert off[1] <= (TIES if exact else INEXACT), f"integers differ in {off[1]:.2%} of the levels, seed {seed}"
    return off[1]


def check_snn(seed: int, folder: Path) -> None:
    """Float equals the reference spike for spike; integers of 16 bits send as many spikes."""
    case = _snn(seed, folder)
    run = run_float(case.network, case.x)
    if case.nearest > TIE:
        for stage, (name, spikes) in zip(run.stages, case.spikes.items(), strict=True):
            assert np.array_equal(stage.outputs, spikes), (
                f"float spikes of {name} differ from the reference, seed {seed}"
            )
        membrane, size = run.stages[-1].membrane, max(1.0, float(np.abs(case.membrane).max()))
        assert membrane is not None and np.abs(membrane - case.membrane).max() <= TIE * size

    quantized = quantize(case.network, case.x, QuantizeOptions(weight_bits=16, decay_bits=16))
    design = plan(quantized.network, PlanOptions())
    prepared = Prepared(network=case.network, quantized=quantized, planned=design, choices={})
    counters = golden.run(design, prepared.integers(case.x)).counters
    sent = [int(counts.sum()) for name, counts in counters.items() if name.endswith(".spikes")]
    for got, (name, spikes) in zip(sent, case.spikes.items(), strict=True):
        wanted = int(spikes.sum())
        assert abs(got - wanted) <= SNN_ERROR * wanted + SNN_SPIKES, f"{name}: {got} spikes, not {wanted}, seed {seed}"


def check_ann_rtl(seed: int, folder: Path, samples: int = 6) -> None:
    """RTL equals golden on the systolic or the conv engine; networks of dense layers run on event engines by turns."""
    network, x, _ = _ann(seed, folder)
    quantized = quantize(network, x, QuantizeOptions(weight_bits=2 + seed % 7))
    is_dense = all(isinstance(stage.synapses, Dense) for stage in network.stages)
    engine = Engine.EVENT if is_dense and seed % 2 else Engine.SYSTOLIC
    hardware = PlanOptions(rows=1 + seed % 3, cols=1 + seed % 4, lanes=1 + seed % 3, engine=engine)
    design = plan(quantized.network, hardware)
    _check_rtl(Prepared(network=network, quantized=quantized, planned=design, choices={}), x[:samples])


def check_snn_rtl(seed: int, folder: Path, samples: int = 6) -> int:
    """RTL equals golden with states as narrow as their constants allow; how often they saturated."""
    case = _snn(seed, folder)
    quantized = None
    for bits in range(4, MAX_STATE_BITS + 1):
        with contextlib.suppress(InputError):  # a threshold or a bias that needs more
            quantized = quantize(case.network, case.x, QuantizeOptions(state_bits=bits))
            break
    assert quantized is not None
    design = plan(quantized.network, PlanOptions(lanes=1 + seed % 4))
    prepared = Prepared(network=case.network, quantized=quantized, planned=design, choices={})
    counters = golden.run(design, prepared.integers(case.x)).counters
    saturations = sum(counts for name, counts in counters.items() if name.endswith(".saturations"))
    return _check_rtl(prepared, case.x[np.argsort(-saturations)[:samples]])


def _check_rtl(prepared: Prepared, x: np.ndarray) -> int:
    """How often states saturated."""
    y = np.zeros(len(x), dtype=np.int64)
    data = DataSet(name="fuzz", split="", x=x, y=y, train_x=x, train_y=y)
    found = evaluate(prepared, data, Backend.RTL)
    assert found.mismatches == 0
    return int(found.summary()["saturations"])


# ---------------------------------------------------------------------------------------------------- imports


def _ann(seed: int, folder: Path) -> tuple[Network, np.ndarray, np.ndarray]:
    """The float network, (N, values) samples, and what onnxruntime makes of them."""
    model, x = random_onnx(seed)
    path = folder / f"ann_{seed}.onnx"
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"x": x})
    return import_onnx(path), x.reshape(len(x), -1), expected.reshape(len(x), -1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Snn:
    network: Network
    x: np.ndarray
    spikes: dict[str, np.ndarray]
    membrane: np.ndarray
    nearest: float


def _snn(seed: int, folder: Path) -> _Snn:
    """The float network, its samples, and what the reference makes of them."""
    case = random_nir(seed)
    path = folder / f"snn_{seed}.nir"
    nir.write(path, case.graph)
    options = NirOptions.from_description({**vars(case.rules), "dt": DT, "encoding": "none", "steps": STEPS})
    run = simulate(case)
    return _Snn(
        network=import_nir(path, options), x=case.x, spikes=run.spikes, membrane=run.membrane, nearest=run.nearest
    )
