"""Golden model of delays by whole time steps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import DelayParams, require
from tospike.sim.arithmetic import Ints
from tospike.sim.engine import EngineRun


def delayed(trains: NDArray[Any], delays: NDArray[Any]) -> NDArray[Any]:
    """Return ``y[:, t, i] = trains[:, t - delays[i], i]``, 0 where ``t < delays[i]``.

    Parameters
    ----------
    trains
        (N, T, inputs) payloads; those delayed beyond the last step are lost.
    delays
        (inputs,) steps, not negative.
    """
    sent = np.zeros(trains.shape, dtype=trains.dtype)
    steps = trains.shape[1]
    for delay in np.unique(delays).tolist():
        if delay < steps:
            inputs = np.flatnonzero(delays == delay)
            sent[:, delay:, inputs] = trains[:, : steps - delay, inputs]
    return sent


class DelayLine:
    """:func:`delayed`, step by step."""

    def __init__(self, delays: NDArray[Any], samples: int):
        self._delays = delays
        self._past = np.zeros((int(delays.max()) + 1, samples, len(delays)))
        self._now = -1

    def step(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the (N, inputs) values that leave in the step in which ``values`` enter."""
        slots = len(self._past)
        self._now = (self._now + 1) % slots
        self._past[self._now] = values
        return self._past[(self._now - self._delays) % slots, :, np.arange(len(self._delays))].T


@dataclass(frozen=True, kw_only=True, eq=False)
class DelayRun(EngineRun):
    """The output and the counts of a delay engine for N samples."""

    dropping: Ints
    """(N,): entries and slots that are scanned after the END, to drop what is left."""


def run_delay(params: DelayParams, delays: NDArray[np.integer], trains: NDArray[np.integer]) -> DelayRun:
    """Delay spike trains.

    Parameters
    ----------
    params
        The engine.
    delays
        (inputs,) steps, 0 to ``params.longest``.
    trains
        (N, T, inputs) payloads in ``params.payload``.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    require(
        trains.ndim == 3 and trains.shape[2] == params.inputs and delays.shape == (params.inputs,),
        f"a delay engine takes samples of shape (steps, {params.inputs}) and ({params.inputs},) delays, not "
        f"{trains.shape[1:]} and {delays.shape}",
    )
    low, high, fmt = int(trains.min(initial=0)), int(trains.max(initial=0)), params.payload
    require(fmt.min <= low and high <= fmt.max, f"payloads from {low} to {high} do not fit {fmt.min} to {fmt.max}")
    least, most = int(delays.min()), int(delays.max())
    require(least >= 0 and most <= params.longest, f"delays from {least} to {most} do not fit 0 to {params.longest}")
    samples, steps, _ = trains.shape
    # payloads delayed beyond the last step are scanned, too, to clear them
    padding = np.zeros((samples, params.longest, params.inputs), dtype=trains.dtype)
    whole = delayed(np.concatenate([trains, padding], axis=1), delays)
    sent = whole[:, :steps]
    ones = np.ones(samples, dtype=np.int64)
    values = np.count_nonzero(trains, axis=(1, 2)).astype(np.int64)
    scanned = params.inputs * np.count_nonzero(whole.any(axis=2), axis=1).astype(np.int64)
    counters = {
        "values": values,
        "ticks": steps * ones,
        "samples": ones,
        "scanned": scanned,
        "sent": np.count_nonzero(sent, axis=(1, 2)).astype(np.int64),
    }
    # each payload is written once, and cleared when it is read
    operations = {"activation_read": scanned, "activation_write": 2 * values}
    late = np.flip(np.logical_or.accumulate(np.flip(whole[:, steps:].any(axis=2), axis=1), axis=1), axis=1)
    slots = np.count_nonzero(late, axis=1)
    dropping = slots + params.inputs * np.count_nonzero(whole[:, steps:].any(axis=2), axis=1)
    return DelayRun(sent=sent, counters=counters, operations=operations, dropping=dropping.astype(np.int64))
