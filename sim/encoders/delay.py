"""Golden model of delays of whole time steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import DelayParams, require
from tospike.sim.engine import EngineRun


def delayed(trains: NDArray[Any], delays: NDArray[Any]) -> NDArray[Any]:
    """Return ``y[:, t, i] = x[:, t - delays[i], i]``, 0 where that is before the first step.

    Parameters
    ----------
    trains
        (N, T, inputs).
    delays
        (inputs,) steps, not negative. What would come after the last step is lost.
    """
    sent = np.zeros(trains.shape, dtype=trains.dtype)
    steps = trains.shape[1]
    for delay in np.unique(delays).tolist():
        if delay < steps:
            late = np.flatnonzero(delays == delay)
            sent[:, delay:, late] = trains[:, : steps - delay, late]
    return sent


class DelayLine:
    """:func:`delayed`, step by step."""

    def __init__(self, delays: NDArray[Any], samples: int):
        self._delays = delays
        self._past = np.zeros((int(delays.max()) + 1, samples, len(delays)))
        self._now = -1

    def step(self, values: NDArray[Any]) -> NDArray[Any]:
        """(N, inputs) values that arrive when ``values`` are sent."""
        slots = len(self._past)
        self._now = (self._now + 1) % slots
        self._past[self._now] = values
        return self._past[(self._now - self._delays) % slots, :, np.arange(len(self._delays))].T


def run_delay(params: DelayParams, delays: NDArray[np.integer], trains: NDArray[np.integer]) -> EngineRun:
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
    # what comes too late for a step is scanned all the same, to drop it
    late = np.zeros((samples, params.longest, params.inputs), dtype=trains.dtype)
    whole = delayed(np.concatenate([trains, late], axis=1), delays)
    sent = whole[:, :steps]
    ones = np.ones(samples, dtype=np.int64)
    came = np.count_nonzero(trains, axis=(1, 2)).astype(np.int64)
    scanned = params.inputs * np.count_nonzero(whole.any(axis=2), axis=1).astype(np.int64)
    counters = {
        "values": came,
        "ticks": steps * ones,
        "samples": ones,
        "scanned": scanned,
        "sent": np.count_nonzero(sent, axis=(1, 2)).astype(np.int64),
    }
    # each payload is written, and cleared when it is read
    operations = {"activation_read": scanned, "activation_write": 2 * came}
    return EngineRun(sent=sent, counters=counters, operations=operations)
