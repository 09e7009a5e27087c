"""The designs that look at a stream, and what their looks cost by their golden models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.cost_model import Resources, Technology
from tospike.compare.energy.counters.energy import counter_energy, resources_of
from tospike.compare.energy.counters.hardware import engine_work
from tospike.compare.energy.counters.registers import register_bits
from tospike.compare.stream.power import Circuit, Load
from tospike.compare.stream.replay import Stream
from tospike.gen.pipeline import Prepared
from tospike.hw.params import AcceleratorParams, require
from tospike.sim import accelerator as golden
from tospike.sim.arithmetic import Ints
from tospike.sim.cycles.steps import step_cycles
from tospike.sim.network.output_order import predicted
from tospike.sim.result import Result

RELOAD_PJ_PER_BIT = 1.0
"""Of a weight that is loaded again after power was off: from a memory on the chip; from outside, 10 to 100 times."""
MOST_LOOKS = 4096
"""Looks of one rate that are computed: the frames of a delta ANN's sample."""
_BATCH_VALUES = 1 << 26
"""Values of the windows that are computed at a time."""
Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """What a design answers at each look, and what it does in a second."""

    answers: Labels
    load: Load
    counters: tuple[str, ...]
    """Names of the design's counters."""
    state: str
    """What it keeps from one look to the next, in words."""


def whole_windows(prepared: Prepared, stream: Stream, looks: Labels, technology: Technology) -> Looks:
    """Each look computes its whole window anew: arrays, event ANNs, and SNNs that start from reset."""
    answers, cycles, pj = list[Labels](), list[Ints](), 0.0
    size = max(1, _BATCH_VALUES // (stream.window * stream.samples[0].size))
    for first in range(0, len(looks), size):
        x = prepared.integers(stream.windows(looks[first : first + size]))
        part = golden.run(prepared.design, x)
        answers.append(part.predictions)
        pj += _work(technology, prepared.design.params, part)
        cycles.append(part.cycles)
    of_each = np.concatenate(cycles)
    return Looks(
        answers=np.concatenate(answers),
        load=_load(stream, looks, pj, float(of_each.sum()), of_each),
        counters=tuple(part.counters),
        state="none: each look computes its window",
    )


def changed_windows(
    prepared: Prepared, stream: Stream, looks: Labels, technology: Technology, *, same: Prepared
) -> Looks:
    """Each look computes what has changed in its window since the last look: a delta ANN.

    Parameters
    ----------
    same
        The same network on an engine that computes whole windows: with a threshold of 0, a delta ANN computes the same
        answers, of which it sends the last one.

    Raises
    ------
    InputError
        There are more than `MOST_LOOKS`, or the last answer is another one.
    """
    count = len(looks)
    require(count <= MOST_LOOKS, f"{count} looks are more than {MOST_LOOKS} of a delta ANN: give fewer --recordings")
    design = prepared.design
    encoder, *layers = design.params.engines
    encoder = replace(encoder, steps=count)  # type: ignore[call-arg]  # a delta encoder's frames
    design = replace(design, params=replace(design.params, engines=(encoder, *layers)))
    windows = stream.windows(looks)
    answers = golden.run(same.design, same.integers(windows)).predictions
    frames = prepared.integers(windows)[None, :, -1]
    result = golden.run(design, frames)
    require(int(result.predictions[0]) == int(answers[-1]), "a delta ANN with a threshold has answers of its own")
    pj, cycles = _work(technology, design.params, result), float(result.cycles.sum())
    return Looks(
        answers=answers,
        load=_load(stream, looks, pj, cycles, step_cycles(design, frames)),
        counters=tuple(result.counters),
        state="activations and accumulators of the last look",
    )


def carried_state(prepared: Prepared, stream: Stream, looks: Labels, technology: Technology) -> Looks:
    """Membranes are never reset: each step of the stream is computed once; a look counts the spikes in its window."""
    design = prepared.design
    x = prepared.integers(stream.samples[None, : looks[-1]])
    spikes = golden.spike_trains(design, x)[-1][0]
    counts = np.concatenate((np.zeros((1, spikes.shape[1]), np.int64), np.cumsum(spikes, axis=0, dtype=np.int64)))
    silence, result = golden.run(design, x[:, : stream.window]), golden.run(design, x)
    pj = _work(technology, design.params, result) - _work(technology, design.params, silence)
    cycles = float(result.cycles.sum() - silence.cycles.sum())
    load = _load(stream, looks, pj, cycles, step_cycles(design, x))
    return Looks(
        answers=predicted(counts[looks] - counts[looks - stream.window]),
        load=replace(load, spacing_us=stream.step_us),
        counters=tuple(result.counters),
        state="membranes, never reset",
    )


def _load(stream: Stream, looks: Labels, pj: float, cycles: float, of_each: Ints) -> Load:
    """Return the load of ``looks``, given the energy and cycles of the time that they watch.

    ``of_each`` are the cycles of each look, frame or step alone.
    """
    seconds = stream.watched(looks)
    return Load(
        looks=len(looks) / seconds,
        pj=pj / seconds,
        cycles=cycles / seconds,
        longest=float(of_each.max()),
        spacing_us=stream.spacing_us(looks),
    )


def _work(technology: Technology, params: AcceleratorParams, result: Result) -> float:
    """Return the pJ of all samples, without leakage."""
    counters = {name: float(values.sum()) for name, values in result.counters.items()}
    found = counter_energy(technology, params, counters, float(result.cycles.sum()))
    return float((found.total - found.static).sum())


def circuit(technology: Technology, params: AcceleratorParams, counters: Iterable[str], *, carries: bool) -> Circuit:
    """Return what a design costs in a second without work, or to wake up.

    Parameters
    ----------
    counters
        Names of its counters.
    carries
        Whether it must keep its state from look to look.
    """
    nothing = dict.fromkeys(counters, 0.0)
    idle = counter_energy(technology, params, nothing, 1.0)
    kept = replace(_resources(params, nothing), units=())
    return Circuit(
        idle_pj=float((idle.total - idle.static)[0]),
        leakage_nw=technology.static_nw(_resources(params, nothing)),
        retained_nw=technology.static_nw(kept),
        reload_pj=RELOAD_PJ_PER_BIT * sum(kept.memory_bits),
        carries_state=carries,
    )


def _resources(params: AcceleratorParams, counters: Mapping[str, float]) -> Resources:
    return resources_of(engine_work(params, counters), sum(register_bits(params).values()))
