"""Runs a workload through both circuits: golden model, RTL, synthesis, energy, verdict."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tospike.compare.energy.break_even import spike_activity
from tospike.compare.energy.counted import counted_energy
from tospike.compare.energy.levels import differences
from tospike.compare.energy.model import EnergyModel, energy
from tospike.compare.energy.models import MODELS
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.operations import HOROWITZ_45, operation_model
from tospike.compare.energy.technology import Technology, load_technology, shipped
from tospike.compare.verdict import judge
from tospike.compare.workload import Workload
from tospike.gen.cache import Cache
from tospike.gen.data import DataSet, load_data
from tospike.gen.folder import generate
from tospike.gen.prepare import Prepared, prepare
from tospike.hw.params import EncoderParams, SystolicParams, require
from tospike.sim.network import Result
from tospike.synth.flow import synthesize
from tospike.synth.report import FpgaReport
from tospike.tb.evaluate import Backend, distribution, evaluate, mean_operations

QUESTION = "Spikes or not, on digital hardware?"

Progress = Callable[[str, str], None]
"""Takes a design's name and what is being done for it."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """How to measure."""

    target: str = "ecp5-85k"
    speed: int | None = None
    seed: int = 1
    simulator: str = "verilator"
    rtl_samples: int | None = None
    """``None``: every test sample."""
    model: EnergyModel = HOROWITZ_45
    """Level 1: prices of operation counts."""
    technology: Technology = field(default_factory=lambda: load_technology("horowitz45"))
    """Level 2: prices of what the hardware's counters say; the shipped ones give the range."""
    cache: Cache

    @property
    def technologies(self) -> tuple[Technology, ...]:
        """The chosen technology, and those that come with tospike."""
        others = (load_technology(name) for name in shipped())
        return (self.technology, *(other for other in others if other.name != self.technology.name))


def run_study(
    workload: Workload, out: Path, options: StudyOptions, *, command: str, progress: Progress = lambda name, step: None
) -> dict[str, Any]:
    """Measures both designs of a workload, side by side on two threads, and judges.

    Parameters
    ----------
    workload
        What to compare.
    out
        Folder; the generated designs go into ``out/ann`` and ``out/snn``.
    options
        How to measure.
    command
        What the user typed, for the report.
    progress
        Told of every step.

    Returns
    -------
    dict
        The report: see :mod:`tospike.compare.report`.

    Raises
    ------
    InputError
        Whatever is wrong with the networks, the data or the tools.
    """
    data = load_data(workload.data)
    prepared = {kind: prepare(getattr(workload, kind), data, workload.options) for kind in ("ann", "snn")}
    for kind, item in prepared.items():
        require(
            item.network.is_spiking == (kind == "snn"),
            f"{getattr(workload, kind)}, given as --{kind}, is {'an SNN' if item.network.is_spiking else 'an ANN'}",
        )
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [
            pool.submit(_measure, kind, prepared[kind], data, out / kind, options, progress) for kind in ("ann", "snn")
        ]
        designs = [job.result() for job in jobs]
    layers = [[layer for engine in design.pop("engines") for layer in engine.layers] for design in designs]
    activity = spike_activity(*layers)
    seconds = {f"{design['name']} {step}": value for design in designs for step, value in design.pop("seconds").items()}
    tools = {name: version for design in designs for name, version in design["fpga"].get("tools", {}).items()}
    return {
        "workload": {
            "name": workload.name,
            "description": workload.description,
            "samples": len(data.x),
            "split": data.split,
        },
        "question": QUESTION,
        "verdict": judge(designs, workload=workload.name),
        "designs": designs,
        "activity": asdict(activity) if activity else None,
        "models": {name: model.source for name, model in MODELS.items()},
        "constants": options.model.describe(),
        "technology": {
            "name": options.technology.name,
            "description": options.technology.description,
            "constants": {name: asdict(constant) for name, constant in options.technology.describe().items()},
        },
        "provenance": {
            "tospike": metadata.version("tospike"),
            "command": command,
            "tools": tools,
            "seeds": {"placement": options.seed},
            "seconds": seconds,
        },
    }


def _measure(
    kind: str, prepared: Prepared, data: DataSet, folder: Path, options: StudyOptions, progress: Progress
) -> dict[str, Any]:
    name = prepared.network.name
    params = prepared.design.params
    seconds: dict[str, float] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        progress(name, step)
        start = time.monotonic()
        result = work()
        seconds[step] = round(time.monotonic() - start, 1)
        return result

    reference = timed("float", lambda: evaluate(prepared, data, Backend.FLOAT))
    golden = timed("golden model", lambda: evaluate(prepared, data, Backend.GOLDEN))
    timed(
        "Verilog",
        lambda: generate(folder, kind="network", params=params, design=prepared.design, choices=prepared.choices),
    )
    rtl = timed(
        "RTL simulation",
        lambda: evaluate(
            prepared, data, Backend.RTL, samples=options.rtl_samples, simulator=options.simulator, cache=options.cache
        ),
    )
    report = timed(
        "synthesis",
        lambda: synthesize(
            folder,
            target=options.target,
            speed=options.speed,
            seed=options.seed,
            cache=options.cache,
            progress=lambda line: progress(name, line),
        ),
    )
    progress(name, "done")
    assert golden.result is not None
    result: Result = golden.result
    engines = engine_activities(prepared.design, prepared.integers(data.x), result)
    energies = {
        technology.name: counted_energy(technology, params, result.counters, result.cycles).summary()
        for technology in options.technologies
    }
    assert rtl.counters is not None
    read = counted_energy(options.technology, params, rtl.counters, rtl.counters["cycles"])
    same_prices = energy(operation_model(options.technology, source=options.technology.description), engines)
    counted = energies[options.technology.name]
    return {
        "name": name,
        "kind": kind,
        "description": describe(prepared),
        "accuracy": {"float": reference.accuracy, "golden": golden.accuracy, "rtl": rtl.accuracy},
        "rtl_samples": len(rtl.correct),
        "mismatches": rtl.mismatches,
        "cycles": distribution(result.cycles),
        "cycles_samples": result.cycles.tolist(),
        "fpga": report.to_json(),
        "latency_us": distribution(result.cycles / report.fmax_mhz) if isinstance(report, FpgaReport) else None,
        "operations": mean_operations(result),
        "energy_pj": energy(options.model, engines).summary(),
        "counted_pj": {
            **counted,
            # what the counters that were read from the RTL cost, per sample that ran there
            "rtl": float(read.total.sum()) / len(rtl.correct),
            "technologies": {name: found["total"] for name, found in energies.items()},
            "technology_samples": {name: found["samples"] for name, found in energies.items()},
        },
        "levels": [
            asdict(difference)
            for difference in differences(
                {name: float(values.mean()) for name, values in same_prices.terms.items()}, counted["terms"]
            )
        ],
        "published_pj": {name: float(energy(model, engines).total.mean()) for name, model in MODELS.items()},
        "engines": engines,
        "choices": prepared.choices,
        "seconds": seconds,
    }


def describe(prepared: Prepared) -> str:
    """A design in a line: sizes, neuron, widths, engines."""
    network, params = prepared.quantized.network, prepared.design.params
    sizes = "-".join(str(size) for size in (network.input.inputs, *(s.synapses.outputs for s in network.stages)))
    if not network.is_spiking:
        engine = next(e for e in params.engines if isinstance(e, SystolicParams))
        array = engine.array
        flow = {"os": "output", "ws": "weight"}[array.dataflow.value]
        return (
            f"{sizes}, ReLU, {array.act.bits}-bit activations, {array.weight_bits}-bit weights, "
            f"{array.rows} x {array.cols} {flow}-stationary array"
        )
    encoders = [e for e in params.engines if isinstance(e, EncoderParams)]
    event = [e for e in params.engines if not isinstance(e, EncoderParams | SystolicParams)]
    encoding = f"{encoders[0].encoding.value} encoding" if encoders else "spike input"
    bits = np.max([e.weight_bits for e in event])
    return (
        f"{sizes}, {event[0].neuron.kind.value.upper()} neurons, {network.input.steps} steps, {encoding}, "
        f"{bits}-bit weights, {event[0].lanes} lanes per layer"
    )
