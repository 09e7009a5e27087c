"""The verdict: spikes or not, on the evidence of a study's designs.

Accuracy first: designs of different accuracy are not compared, unless one is ahead in both accuracy and energy.
Then energy per inference decides, with latency and area beside it: that of the hardware's counters (level 2), or of
operation counts where there are none. Every ratio is SNN over ANN: below 1 favours spikes. The interval of the energy
ratio says how far it depends on which inputs were measured, the range how far it depends on the technology; a winner
must win on both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tospike.compare.report.numbers import percent, significant
from tospike.hw.params import require

Design = Mapping[str, Any]
"""One entry of ``designs`` in report.json."""
Winner = Literal["ann", "snn", "tie", "undecided"]

ACCURACY_TOLERANCE = 0.01
"""Accuracies that differ by no more than this are comparable: one percentage point."""
CONFIDENCE = 0.90
AREA_RESOURCES = ("lut4", "carry", "ff", "bram", "dsp")
_RESAMPLES = 2000
_SEED = 1


def judge(designs: Sequence[Design], *, workload: str, tolerance: float = ACCURACY_TOLERANCE) -> dict[str, object]:
    """Judge the first ANN against the first SNN of ``designs``.

    Returns
    -------
    dict
        ``verdict`` of report.json: ``winner``, ``sentence``, ``reason`` (accuracy, energy or evidence) and
        ``margins``. A margin that could not be measured is ``None``.

    Raises
    ------
    InputError
        If a kind is missing.
    """
    ann, snn = _first(designs, "ann"), _first(designs, "snn")
    accuracy = _accuracy_margin(ann, snn, tolerance)
    margins: dict[str, Any] = {
        "accuracy": accuracy,
        "energy": _energy_margin(ann, snn),
        "latency": _latency_margin(ann, snn),
        "area": _area_margin(ann, snn),
    }
    mismatches = sum(int(design.get("mismatches") or 0) for design in (ann, snn))
    winner, reason = _winner(margins, mismatches)
    return {
        "winner": winner,
        "sentence": _sentence(workload, winner, reason, margins, mismatches),
        "reason": reason,
        "margins": margins,
    }


def _first(designs: Sequence[Design], kind: str) -> Design:
    found = [design for design in designs if design["kind"] == kind]
    kinds = ", ".join(design["kind"] for design in designs) or "nothing"
    require(len(found) > 0, f"a verdict needs one ANN and one SNN design, not {kinds}")
    return found[0]


def _winner(margins: Mapping[str, Any], mismatches: int) -> tuple[Winner, str]:
    """Return who wins, and what decided it."""
    energy, accuracy = margins["energy"], margins["accuracy"]
    if mismatches or energy is None:
        return "undecided", "evidence"
    bounds = [energy["ratio"], *(energy["interval"] or ()), *energy["technologies"].values()]
    cheaper: Winner = "ann" if min(bounds) > 1 else "snn" if max(bounds) < 1 else "tie"
    if accuracy["comparable"]:
        return cheaper, "energy"
    better: Winner = "snn" if accuracy["difference_points"] > 0 else "ann"
    return (cheaper if cheaper == better else "undecided"), "accuracy"


# --------------------------------------------------------------------------------------------------- margins


def _accuracy_margin(ann: Design, snn: Design, tolerance: float) -> dict[str, object]:
    """Compare what the hardware reached; or the golden model, unless the RTL of both ran on all samples."""
    basis = "rtl" if all(_ran_whole(design) for design in (ann, snn)) else "golden"
    values = {design["kind"]: float(design["accuracy"][basis]) for design in (ann, snn)}
    points = 100 * (values["snn"] - values["ann"])
    # Accuracies are counts over samples: 97 against 98 % must not become 1.0000000001 points.
    comparable = abs(points) <= 100 * tolerance + 1e-9
    return {
        "basis": basis,
        **values,
        "difference_points": points,
        "tolerance_points": 100 * tolerance,
        "comparable": comparable,
    }


def _ran_whole(design: Design) -> bool:
    """Whether the RTL ran on as many samples as the golden model, whose accuracy says more where it did not."""
    samples = len(design.get("cycles_samples", ()))
    return design["accuracy"].get("rtl") is not None and design.get("rtl_samples", samples) >= samples


def _energy_margin(ann: Design, snn: Design) -> dict[str, object] | None:
    """Ratio of means, its bootstrap interval, 5 to 95 % of the samples' own ratios, and every technology's ratio."""
    level = 2 if all(design.get("counted_pj") for design in (ann, snn)) else 1
    key = {1: "energy_pj", 2: "counted_pj"}[level]
    below, above = ann.get(key), snn.get(key)
    if below is None or above is None:
        return None
    samples = [np.asarray(part.get("samples", ()), dtype=np.float64) for part in (below, above)]
    paired = samples[0].shape == samples[1].shape and samples[0].size > 1
    prices = below.get("technologies", {})
    return {
        "level": level,
        "model": below.get("technology" if level == 2 else "model"),
        "ratio": float(above["total"] / below["total"]),
        "interval": bootstrap_ratio(samples[1], samples[0]) if paired else None,
        "confidence": CONFIDENCE,
        "per_sample": [float(q) for q in np.percentile(samples[1] / samples[0], (5, 95))] if paired else None,
        "technologies": {name: float(above["technologies"][name] / prices[name]) for name in prices},
    }


def bootstrap_ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> list[float]:
    """Return the interval of ``mean(above) / mean(below)`` by the percentile bootstrap over paired samples.

    B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979. The seed is
    fixed, so that the same samples give the same interval.
    """
    picks = np.random.default_rng(_SEED).integers(0, above.size, (_RESAMPLES, above.size))
    ratios = above[picks].mean(axis=1) / below[picks].mean(axis=1)
    tail = 50 * (1 - CONFIDENCE)
    return [float(q) for q in np.percentile(ratios, (tail, 100 - tail))]


def _latency_margin(ann: Design, snn: Design) -> dict[str, object]:
    """Ratio of mean latencies: in time where both were placed and routed, otherwise in cycles."""
    timed = all(design.get("latency_us") for design in (ann, snn))
    key, unit = ("latency_us", "us") if timed else ("cycles", "cycles")
    return {"unit": unit, "ratio": float(snn[key]["mean"] / ann[key]["mean"])}


def _area_margin(ann: Design, snn: Design) -> dict[str, float | None] | None:
    """Return one ratio for each resource; there is no honest exchange rate between LUTs, memories and DSPs."""
    if not (ann.get("fpga") and snn.get("fpga")):
        return None
    return {
        name: float(snn["fpga"][name] / ann["fpga"][name]) if ann["fpga"][name] else None for name in AREA_RESOURCES
    }


# -------------------------------------------------------------------------------------------------- sentence

_ADVICE = {"ann": "do not spike", "snn": "spike", "tie": "energy does not decide", "undecided": "undecided"}


def _sentence(workload: str, winner: Winner, reason: str, margins: Mapping[str, Any], mismatches: int) -> str:
    """Write the sentence that a researcher could quote."""
    start = f"On {workload}, {_ADVICE[winner]}"
    if mismatches:
        return f"{start}: RTL and golden model disagree on {mismatches} outputs, so no figure here can be trusted."
    accuracy = margins["accuracy"]
    reached = f"ANN {percent(accuracy['ann'])}, SNN {percent(accuracy['snn'])}"
    if margins["energy"] is None:
        return f"{start}: there is no energy for both designs (accuracy: {reached})."
    gap = abs(accuracy["difference_points"])
    if winner == "undecided":
        cheap = "SNN" if margins["energy"]["ratio"] < 1 else "ANN"
        return (
            f"{start}: the accuracies are {gap:.1f} points apart ({reached}), more than the "
            f"{accuracy['tolerance_points']:.1f} that would make them comparable, and the less accurate {cheap} is "
            f"the one that needs less energy (the {_energy_clause(margins)})."
        )
    if reason == "accuracy":
        premise = f"with {gap:.1f} points more accuracy as well ({reached}), the {winner.upper()} is ahead"
        return f"{start}: {premise}; the {_energy_clause(margins)}{_other_clauses(margins)}."
    return f"{start}: at comparable accuracy ({reached}) the {_energy_clause(margins)}{_other_clauses(margins)}."


def _energy_clause(margins: Mapping[str, Any]) -> str:
    energy = margins["energy"]
    notes = [f"{'RTL counters' if energy['level'] == 2 else 'operation counts'}, {energy['model']}"]
    if energy["interval"]:
        low, high = energy["interval"]
        notes.append(f"{100 * energy['confidence']:.0f} % interval {_range(low, high)} over inputs")
    if len(energy["technologies"]) > 1:
        ratios = energy["technologies"].values()
        notes.append(f"{_range(min(ratios), max(ratios))} over technologies")
    return f"SNN needs {significant(energy['ratio'])} times the ANN's energy per inference ({'; '.join(notes)})"


def _range(low: float, high: float) -> str:
    return f"{significant(low)} to {significant(high)}"


def _other_clauses(margins: Mapping[str, Any]) -> str:
    latency, area = margins["latency"], margins["area"]
    text = f", {significant(latency['ratio'])} times its {'latency' if latency['unit'] == 'us' else 'cycles'}"
    if area is None:
        return text + " (area was not measured)"
    return text + (f" and {significant(area['lut4'])} times its LUTs" if area["lut4"] is not None else "")
