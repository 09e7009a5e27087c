"""The number of spikes at which the gates of a network's SNN would need as much energy as those of its ANN."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.gates.summary import GateReport
from tospike.sim.network import Array

RESAMPLES = 2000
_SEED = 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GatePlace:
    """Break-even of a network in the gates of a library."""

    library: str
    samples: int
    n_star: Mapping[DelayModel, tuple[float, float, float] | None]
    """Result of `gate_break_even` by delay model, in spikes per activation."""


def place_in_gates(ann: GateReport | None, snn: GateReport | None, n: Array) -> GatePlace | None:
    """Return ``gates`` of a report's break-even; ``None`` if gates were not measured.

    Parameters
    ----------
    ann, snn
        Both designs.
    n
        Spikes per activation of each sample, for at least the measured samples.
    """
    if ann is None or snn is None:
        return None
    found = {}
    for delays in snn.delays:
        snn_pj, ann_pj = (np.array(side.delays[delays].samples) for side in (snn, ann))
        found[delays] = gate_break_even(n[: len(snn_pj)], snn_pj, ann_pj)
    return GatePlace(library=snn.library, samples=snn.samples, n_star=found)


def gate_break_even(spikes: Floats, snn_pj: Floats, ann_pj: Floats) -> tuple[float, float, float] | None:
    """Return the spikes per sample at which a straight line through the samples' energies meets the ANN's mean.

    No spikes are scaled; the samples differ in their spikes.

    Parameters
    ----------
    spikes, snn_pj, ann_pj
        (N,) figures of the same samples.

    Returns
    -------
    tuple or None
        The number of spikes, and a 90 % bootstrap interval over the samples. ``None`` if no sample has as few or as
        many spikes, or if energy does not rise with the spikes.
    """
    picks = np.random.default_rng(_SEED).integers(0, len(spikes), (RESAMPLES, len(spikes)))
    found = _meeting(spikes, snn_pj, ann_pj)
    if not spikes.min() <= found <= spikes.max():
        return None
    drawn = _meeting(spikes[picks], snn_pj[picks], ann_pj[picks])
    low, high = np.percentile(drawn[np.isfinite(drawn)], (5, 95))
    return float(found), float(low), float(high)


def _meeting(spikes: Floats, snn_pj: Floats, ann_pj: Floats) -> Floats:
    """Return where the least-squares line over the last axis meets the ANN's mean; NaN if the line does not rise."""
    apart = spikes - spikes.mean(axis=-1, keepdims=True)
    slope = (apart * snn_pj).sum(axis=-1) / np.maximum((apart**2).sum(axis=-1), np.finfo(float).tiny)
    rising = np.where(slope > 0, slope, np.nan)
    return spikes.mean(axis=-1) + (ann_pj.mean(axis=-1) - snn_pj.mean(axis=-1)) / rising
