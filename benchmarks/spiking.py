"""What the spiking side is measured by; each function gives rows of the JSON file."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.measure import SEED, Row, Say
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.bare import generate_component
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import Readout, SpikingParams
from tospike.hw.spiking.engine import EventEngine
from tospike.hw.spiking.layout import memories
from tospike.sim.accelerator import run
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions
from tospike.synth.report import FpgaReport
from tospike.tb.spikes import bench_spikes

MODEL = Path(__file__).parent.parent / "examples" / "digits_snn.nir"
STEPS = 20


def rates(core: SpikingParams, over: Sequence[float], say: Say) -> list[Row]:
    """Cycles and synaptic operations of random spike trains in RTL: see `tospike.tb.spikes.bench_spikes`."""
    say(f"rates: {core.inputs} x {core.neurons}, {core.lanes} lanes")
    counted = replace(core, readout=Readout.COUNT, count_bits=16)
    return bench_spikes(counted, over, steps=STEPS, seed=SEED)


def _peak(core: SpikingParams) -> float:
    """Return the synaptic operations per cycle of a dense spike train, measured in RTL.

    Raises
    ------
    RuntimeError
        RTL and golden model differ.
    """
    (row,) = bench_spikes(replace(core, readout=Readout.COUNT, count_bits=16), [1.0], steps=STEPS, seed=SEED)
    if not row["golden_match"]:
        raise RuntimeError(f"the core of {core.lanes} lanes differs from its golden model")
    return float(row["sop_per_event_cycle"])


def area(cores: Iterable[tuple[str, SpikingParams]], say: Say) -> list[Row]:
    """Area and post-route clock of each complete core, writable, without the host port, by target; and its synaptic
    operations per second, as many per cycle as its RTL reaches."""
    rows = []
    for target, core in cores:
        say(f"synthesis: core {core.inputs} x {core.neurons}, {core.lanes} lanes for {target}")
        writable = replace(core, writable=True)
        engine = EventEngine(writable, {shape.name: () for shape in memories(writable)})
        with tempfile.TemporaryDirectory(prefix="tospike-") as folder:
            design = Path(folder) / "design"
            generate_component(
                design, kind="spiking-core", component=engine, name="spiking_core", params=writable, choices={}
            )
            report = synthesize(design, SynthOptions(target=target, seed=SEED))
        assert isinstance(report, FpgaReport)
        rows.append(
            {
                "inputs": core.inputs,
                "neurons": core.neurons,
                "lanes": core.lanes,
                **{key: value for key, value in report.to_json().items() if key not in ("engines", "placed", "limits")},
                "gsop_per_second": report.fmax_mhz * _peak(core) / 1000,
            }
        )
    return rows


def accuracy(weight_bits: Iterable[int], steps: Iterable[int], say: Say) -> list[Row]:
    """The digits network, other weights and numbers of steps: golden model, all test images."""
    data = load_data("digits")
    rows = []
    for bits in weight_bits:
        for count in steps:
            say(f"accuracy: {bits}-bit weights, {count} steps")
            prepared = prepare(MODEL, data, ModelOptions(weight_bits=bits, steps=count))
            result = run(prepared.design, prepared.integers(data.x))
            rows.append(
                {
                    "weight_bits": bits,
                    "steps": count,
                    "accuracy": float(np.mean(result.predictions == data.y)),
                    "cycles": float(result.cycles.mean()),
                }
            )
    return rows
