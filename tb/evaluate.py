"""Run a trained network on samples: in floating point, by the golden model, in RTL."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.pipeline import Prepared
from tospike.gen.place.streaming import frame_weights
from tospike.gen.quantize.result import Quantized
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError, option, same_option
from tospike.sim import accelerator as golden
from tospike.sim.cycles.back_to_back import back_to_back
from tospike.sim.network import Array, Network
from tospike.sim.network.reference import run_float
from tospike.tb.inference import Backend, Inference, Simulation
from tospike.tb.plausible import costly_rounding, guessing, quiet_stages, silence, silent_stages
from tospike.tb.replay.replay import COUNTER_RANGE, patience, replay
from tospike.tb.simulators import Simulator, SimulatorOptions

Labels = NDArray[np.int64] | None


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of an evaluation: what computes the outputs, and what else to report."""

    backend: Backend = option(Backend.GOLDEN, "What computes the outputs")
    simulator: Simulator = same_option(SimulatorOptions, "simulator", help="RTL: simulator of the Verilog")
    exact_trace: bool = option(False, "SNN: compare float and golden spikes, layer by layer")
    reference: Path | None = option(
        None, "SNN: compare float with a framework's layer_0, layer_1, ... in this npz file"
    )
    spikes: bool = option(False, "SNN, with --json: also the spikes of each layer")
    outputs: Path | None = option(None, "Write outputs (samples, classes) of all test samples as npz")
    """int64, or float64 with ``Backend.FLOAT``."""
    as_file: bool = option(False, "With --outputs: what the ONNX file computes from them, by the names of its outputs")


def file_outputs(network: Network, found: Inference, quantized: Quantized | None) -> dict[str, Array]:
    """Return what the network's file computes from the outputs: probabilities, labels, in its types and layout.

    Parameters
    ----------
    quantized
        The integer network that computed the outputs; ``None`` in floating point.

    Raises
    ------
    InputError
        The network is not an ONNX file, or the hardware sends only a class.
    """
    if network.answers is None:
        raise InputError(f"--as-file is for ONNX files, but {network.name!r} is none: leave it out")
    if found.outputs.shape[1] != network.outputs:
        raise InputError("--as-file needs the outputs, not the class that --argmax sends: leave one of them out")
    outputs = found.outputs if quantized is None else quantized.real_outputs(found.outputs)
    return network.answers.arrays(outputs)


def evaluate(
    prepared: Prepared,
    data: DataSet,
    backend: Backend,
    *,
    samples: int | None = None,
    simulator: str = "verilator",
    cache: Cache | None = None,
    progress: Callable[[int], None] | None = None,
) -> Inference:
    """Run the first ``samples`` test samples (all by default); RTL gives a `Simulation`.

    Raises
    ------
    InputError
        ``samples`` is out of range; no engine can run the network, unless in floating point; a simulator is missing or
        fails.
    """
    data = data.first(samples)
    if backend is Backend.FLOAT:
        return float_inference(prepared.network, data.x, data.labels)
    if isinstance(prepared.planned, InputError):
        raise InputError(f"{prepared.planned}; --backend float alone needs no hardware")
    if backend is Backend.GOLDEN:
        return golden_inference(prepared, data.x, data.labels)
    return simulate(prepared, data.x, data.labels, simulator=simulator, cache=cache, progress=progress)


def float_inference(network: Network, x: Array, labels: Labels = None) -> Inference:
    """Run (N, ...) samples in floating point."""
    run = run_float(network, x, trace=False)

    def find_doubts() -> tuple[str, ...]:
        silent = quiet_stages(network, run.sends)
        return *silence(silent, len(x)), *_guessing(network, run.predictions, labels)

    return Inference(
        backend=Backend.FLOAT,
        predictions=run.predictions,
        outputs=run.outputs,
        labels=labels,
        find_doubts=find_doubts,
    )


def _guessing(network: Network, predictions: Array, labels: Labels) -> tuple[str, ...]:
    return () if labels is None else guessing(network, predictions == labels, labels)


def golden_inference(prepared: Prepared, x: Array, labels: Labels = None) -> Inference:
    """Run (N, ...) samples through the golden model.

    Raises
    ------
    InputError
        No engine can run the network.
    """
    design, network = prepared.design, prepared.network
    integers = prepared.integers(x)
    result = golden.run(design, integers)

    def find_doubts() -> tuple[str, ...]:
        silent = silent_stages(network, design, result)
        return (
            *silence(silent, len(x)),
            *_guessing(network, result.predictions, labels),
            *costly_rounding(network, x, result.predictions),
        )

    return Inference(
        backend=Backend.GOLDEN,
        predictions=result.predictions,
        outputs=result.outputs,
        labels=labels,
        cycles=result.cycles,
        back_to_back=back_to_back(design, integers),
        result=result,
        find_doubts=find_doubts,
    )


def simulate(
    prepared: Prepared,
    x: Array,
    labels: Labels = None,
    *,
    simulator: str = "verilator",
    cache: Cache | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Run (N, ...) samples through the generated Verilog, and compare with the golden model.

    Raises
    ------
    InputError
        No engine can run the network, the simulator is missing or fails, or the design does not answer.
    """
    expected = golden_inference(prepared, x, labels)
    result = expected.result
    assert result is not None  # not a float evaluation
    design = prepared.design
    verilog, _, _ = build(design.params, pack(design))
    weights = frame_weights(design)
    integers = prepared.integers(x)
    options: dict[str, Any] = {
        "weights": weights,
        "limit": patience(result.cycles, weights),
        "simulator": simulator,
        "cache": cache,
    }
    got = replay(verilog, design.params, integers, **options, progress=progress)
    late = np.zeros(len(x), dtype=bool)
    if (leaving := expected.back_to_back) is not None:
        count = len(leaving.departures)
        streamed = replay(verilog, design.params, integers[:count], **options, stream=True)
        late = (streamed.outputs != result.outputs[:count]).any(axis=1) | (streamed.cycles != leaving.departures)
    totals = {name: int(values.sum()) for name, values in result.counters.items()}
    totals["cycles"] = int(result.cycles.sum())
    return Simulation(
        backend=Backend.RTL,
        predictions=replace(result, outputs=got.outputs).predictions,
        outputs=got.outputs,
        labels=labels,
        cycles=got.cycles,
        back_to_back=expected.back_to_back,
        result=result,
        find_doubts=lambda: expected.warnings,
        golden=expected,
        totals=got.counters,
        differs=(got.outputs != result.outputs).any(axis=1) | (got.cycles != result.cycles),
        late=late,
        differing_totals=tuple(name for name, value in got.counters.items() if value != totals[name] % COUNTER_RANGE),
    )
