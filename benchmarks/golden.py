"""``python -m benchmarks.golden [--mnist DIR] [--snn FILE.nir --events FILE.npz]``: speed of golden models.

The digits need no file; DIR has MNIST's idx files, FILE.nir is the N-MNIST network of the NIR paper (Sinabs), FILE.npz
holds recordings. Results, counters and exact cycles on one processor, by processor time; beside them, in turn
in the same run, onnxruntime with one thread, if it is installed, on the same ONNX file in floating point.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from tospike.gen.data.datasets import DataSet, load_data
from tospike.gen.nir.options import Framework
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.sim import accelerator as golden

EXAMPLES = Path(__file__).parent.parent / "examples"
STEPS = 300
"""Of a recording, of 1 ms each."""
RECORDINGS = 32
REPEATS = 5
"""Of a measurement; the median counts."""
SHORTEST = 0.1
"""Seconds of processor time of a measurement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A network and what it runs on."""

    model: Path
    data: DataSet
    options: ModelOptions


def cases(mnist: Path | None, snn: Path | None, events: Path | None) -> Iterator[Case]:
    """Yield what the given files allow."""
    digits = load_data("digits")
    for model in ("digits_ann.onnx", "digits_snn.nir"):
        yield Case(model=EXAMPLES / model, data=digits, options=ModelOptions())
    if mnist is not None:
        images = load_data(f"mnist:{mnist}")
        yield Case(model=EXAMPLES / "mnist_ann.onnx", data=images, options=ModelOptions())
        yield Case(model=EXAMPLES / "mnist_snn.nir", data=images, options=ModelOptions(weight_bits=6, lanes=16))
    if snn is not None and events is not None:
        recordings = load_data(f"npz:{events}", time_bin_us=1000, steps=STEPS, every=4).first(RECORDINGS)
        yield Case(model=snn, data=recordings, options=ModelOptions(framework=Framework.SINABS, steps=STEPS))


def rates(case: Case) -> tuple[float, float | None]:
    """Return the samples per second of the golden model and of onnxruntime, ``None`` without it."""
    prepared = prepare(case.model, case.data, case.options)
    design, x = prepared.design, prepared.integers(case.data.x)
    runs = [lambda: golden.run(design, x), _onnxruntime(case)]
    taken: list[list[float]] = [[], []]
    for _ in range(REPEATS):
        for times, run in zip(taken, runs, strict=True):
            if run is not None:
                times.append(_seconds(run))
    ours, theirs = (len(x) / statistics.median(times) if times else None for times in taken)
    assert ours is not None
    return ours, theirs


def _onnxruntime(case: Case) -> Callable[[], Any] | None:
    """Return what runs the network in onnxruntime, if there is one and it can."""
    try:
        import onnxruntime
    except ImportError:
        return None
    if case.model.suffix != ".onnx":
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(case.model), options, providers=["CPUExecutionProvider"])
    wanted = session.get_inputs()[0]
    x = case.data.x.reshape(len(case.data.x), *(size for size in wanted.shape[1:])).astype(np.float32)
    return lambda: session.run(None, {wanted.name: x})


def _seconds(run: Callable[[], object]) -> float:
    """Return the processor time of a run, a mean over as many as take long enough."""
    run_count, start = 0, time.process_time()
    while (taken := time.process_time() - start) < SHORTEST:
        run()
        run_count += 1
    return taken / run_count


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("mnist", "snn", "events"):
        parser.add_argument(f"--{name}", type=Path)
    table = Table("", "samples", "golden model, 1/s", "onnxruntime float, 1/s")
    with threadpool_limits(1):
        for case in cases(**vars(parser.parse_args())):
            ours, theirs = rates(case)
            table.add_row(
                case.model.stem,
                f"{len(case.data.x):,}",
                f"{ours:,.3g}" if ours < 100 else f"{ours:,.0f}",
                f"{theirs:,.0f}" if theirs else "–",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
