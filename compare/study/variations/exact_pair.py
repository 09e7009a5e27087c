"""The controls of an exact pair: an ANN that skips zeros as spikes do, and the SNN without its phases.

The networks of an exact pair compute the same function, so accuracy is no part of the question. What is left of "spikes
or not" is whether k spikes cost less than one payload of value k, and what the phases are worth.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tospike.compare.report.design import Accuracy, DesignReport
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.variations import ExactPairReport, FreeRunning, RatioInterval
from tospike.compare.search.shape import shape_of_design
from tospike.compare.study.entry import Prices, golden_entry
from tospike.compare.study.measure import Measured
from tospike.compare.verdict.ratio import energy_ratio
from tospike.gen.data.datasets import DataSet
from tospike.gen.exact.free_running import free_running
from tospike.gen.exact.prove import prove_equal
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.gen.place.options import Place
from tospike.hw.params import InputError
from tospike.sim.network import Dense
from tospike.sim.network.reference import run_float
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactControls:
    """What a study adds for an exact pair."""

    report: ExactPairReport
    designs: tuple[DesignReport, ...]
    """The ANN on event engines, if the compared one is not."""


def exact_controls(
    ann: Prepared, snn: Measured, compared: Prepared, file: Path, data: DataSet, given: ModelOptions, prices: Prices
) -> ExactControls | None:
    """Run the controls of an exact pair; ``None`` if the networks are none.

    Parameters
    ----------
    ann, compared
        The compared ANN and SNN.
    snn
        What was measured of the SNN.
    file, given
        The SNN's file, and its options.
    data
        Test samples.
    prices
        Prices of operations and counters.
    """
    if not is_exact(ann, compared):
        return None
    phase = compared.quantized.network.stages[0].firing
    assert phase is not None  # each layer of an exact pair has one
    free = _free_running(compared, snn, data)
    event, ratio = None, None
    is_dense = all(isinstance(stage.synapses, Dense) for stage in compared.quantized.network.stages)
    if is_dense and shape_of_design(ann, ann.design.params).engine != "event":  # which takes no windows of an ANN
        event = _event_ann(file, data, given, prices)
        found = energy_ratio(*(np.array([each.counters_pj.samples]) for each in (event, snn.design)))
        ratio = RatioInterval(ratio=found.ratio, interval=found.interval)
    report = ExactPairReport(
        steps=phase.steps,
        samples=len(data.x),
        event_ann=ratio,
        free_running=free,
        sentence=_sentence(phase.steps, ratio, free, len(data.x)),
    )
    return ExactControls(report=report, designs=() if event is None else (event,))


def turned(report: ExactPairReport, ratio: float) -> str:
    """Return what the ANN on event engines makes of a verdict's ``ratio``, if it turns it; else an empty text."""
    event = report.event_ann
    if event is None or (event.ratio - 1) * (ratio - 1) >= 0:
        return ""
    times = significant(event.ratio)
    return f" The same ANN on event engines turns it: against that, the SNN needs {times} times the energy."


def is_exact(ann: Prepared, snn: Prepared) -> bool:
    """Return whether two networks have the same outputs on all inputs."""
    try:
        prove_equal(ann.quantized.network, snn.quantized.network)
    except InputError:
        return False
    return True


def _event_ann(file: Path, data: DataSet, given: ModelOptions, prices: Prices) -> DesignReport:
    """Return the ANN on event engines: every layer of the SNN as the one of the ANN that equals it."""
    prepared = prepare(file, data, given.but(place=Place.EVENT))
    golden, reference = (evaluate(prepared, data, backend) for backend in (Backend.GOLDEN, Backend.FLOAT))
    return golden_entry(prepared, data.x, golden, prices).report(
        name="event ANN",
        kind="ann",
        accuracy=Accuracy(of_float=reference.accuracy, golden=golden.accuracy, rtl=None),
        rtl_samples=0,
        mismatches=None,
    )


def _free_running(snn: Prepared, measured: Measured, data: DataSet) -> FreeRunning:
    """Run the SNN without its phases on all samples."""
    network = free_running(snn.quantized.network)
    found = run_float(network, snn.integers(data.x), trace=False)
    differ = (found.outputs != network.input.steps * measured.result.outputs).any(axis=1)
    return FreeRunning(accuracy=float(np.mean(found.predictions == data.y)), mismatches=int(differ.sum()))


def _sentence(steps: int, event: RatioInterval | None, free: FreeRunning, samples: int) -> str:
    against = ""
    if event is not None:
        low, high = (significant(end) for end in event.interval)
        against = (
            f" Against the ANN on event engines, which sends k as one payload, the SNN needs "
            f"{significant(event.ratio)} times the energy ({low} to {high} over inputs)."
        )
    return (
        f"The networks are an exact pair: the same outputs on every input, with up to {steps} spikes for an activation."
        f"{against} Without its phases the SNN has other outputs on {free.mismatches} of {samples} samples, and "
        f"{percent(free.accuracy)}."
    )
