"""Energy per inference by counts and by counters, as in a report. All energies are in picojoules."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from tospike.compare.energy.activity import Counts
from tospike.compare.energy.cost_model import Platform
from tospike.compare.plain import absent


@dataclass(frozen=True, kw_only=True)
class EnergyReport:
    """Energy per inference, in pJ."""

    total: float
    """Mean over the samples."""
    p5: float
    p50: float
    p95: float
    """Percentiles over the samples."""
    samples: tuple[float, ...]
    """Energy of each sample, rounded to a femtojoule."""


class Spread(TypedDict):
    """The fields of `EnergyReport`."""

    total: float
    p5: float
    p50: float
    p95: float
    samples: tuple[float, ...]


def spread(pj: Counts) -> Spread:
    """Return mean, percentiles and samples of (N,) energies in pJ."""
    p5, p50, p95 = np.percentile(pj, (5, 50, 95))
    return {
        "total": float(pj.mean()),
        "p5": float(p5),
        "p50": float(p50),
        "p95": float(p95),
        "samples": tuple(round(float(value), 3) for value in pj),
    }


def mean_terms(terms: Mapping[str, Counts]) -> dict[str, float]:
    """Return the mean of each term's (N,) energies, in pJ."""
    return {name: float(np.mean(values)) for name, values in terms.items()}


@dataclass(frozen=True, kw_only=True)
class OperationEnergyReport(EnergyReport):
    """Operation counts times an energy model."""

    model: str
    compute: float
    """Mean pJ of everything except memory accesses."""
    memory: float
    """Mean pJ of the memory accesses."""
    terms: Mapping[str, float]
    """Mean pJ by operation."""
    prices: Mapping[str, float]
    """Mean pJ of one operation."""
    unpriced: tuple[str, ...]
    """Operations that the model does not price."""


@dataclass(frozen=True, kw_only=True)
class CounterEnergyReport(EnergyReport):
    """The hardware's counters times a technology."""

    technology: str
    static: float
    """Mean pJ of clock and leakage."""
    parts: Mapping[str, float]
    """Mean pJ by part (`tospike.compare.energy.counters.energy.PARTS`); they add up to ``total``."""
    terms: Mapping[str, float]
    """Mean pJ by term."""
    area_um2: float
    """Memories, flip-flops and arithmetic, in square micrometres; no wires, no control logic."""
    busy: Mapping[str, float]
    """Mean fraction of the cycles in which each engine's datapath is busy."""
    gated: float | None = absent()
    """Mean pJ with ideal clock gating: no clock for an engine in cycles in which its datapath is idle."""
    technologies: Mapping[str, float] = absent(dict)
    """In a study: mean pJ by technology, the sum of the following two."""
    dynamic_pj: Mapping[str, float] = absent(dict)
    """Mean pJ of activity and clock by technology."""
    static_pj: Mapping[str, float] = absent(dict)
    """Mean pJ of leakage, or of an FPGA's static power, by technology."""
    technology_samples: Mapping[str, tuple[float, ...]] = absent(dict)
    """pJ of each sample by technology."""
    corner_pj: Mapping[str, tuple[float, ...]] = absent(dict)
    """Mean pJ by technology with each uncertain price at an end of its range, in every combination."""
    corner_dynamic_pj: Mapping[str, tuple[float, ...]] = absent(dict)
    """The same without static power."""
    platforms: Mapping[str, Platform] = absent(dict)
    """What each of them prices."""
    rtl: float | None = absent()
    """Mean pJ by the RTL's counters, over the samples that ran in RTL; ``None``: it has none."""
