"""Golden model of the encoder engine: its spike trains are `sim.encoding`'s, its counts are here."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import EncoderParams, require
from tospike.sim.arithmetic import Ints
from tospike.sim.encoding import coded


@dataclass(frozen=True, kw_only=True, eq=False)
class EncoderRun:
    """What an encoder did for N frames."""

    trains: NDArray[np.integer]
    """(N, steps, inputs) payloads; a view of the frames (stride 0) with direct encoding."""
    counters: dict[str, Ints]
    """The hardware's counters, (N,) each."""
    operations: dict[str, Ints]
    """Operation counts, (N,) each."""


def run_encoder(params: EncoderParams, frames: NDArray[np.integer]) -> EncoderRun:
    """Turn frames into spike trains.

    Parameters
    ----------
    params
        The encoder.
    frames
        (N, inputs) integers in ``params.payload``.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    require(
        frames.ndim == 2 and frames.shape[1] == params.inputs,
        f"an encoder takes frames of shape ({params.inputs},), not {frames.shape[1:]}",
    )
    low, high = int(frames.min(initial=0)), int(frames.max(initial=0))
    fmt = params.payload
    require(fmt.min <= low and high <= fmt.max, f"values from {low} to {high} do not fit {fmt.min} to {fmt.max}")

    trains: NDArray[np.integer]
    recorded = np.count_nonzero(frames, axis=1).astype(np.int64)
    if params.encoding.takes_integers:
        trains = coded(params.encoding, frames, params.steps, fmt.bits, params.seed)
        values = np.count_nonzero(trains, axis=(1, 2)).astype(np.int64)
    else:
        trains = np.broadcast_to(frames[:, None, :], (len(frames), params.steps, params.inputs))
        values = recorded * params.steps
    ones = np.ones(len(frames), dtype=np.int64)
    scanned = recorded * (params.steps - 1)
    return EncoderRun(
        trains=trains,
        counters={"values": values, "ticks": params.steps * ones, "samples": ones},
        operations={
            "activation_read": scanned,
            "activation_write": recorded + (scanned if params.phase_bits else 0),  # the phases go back
        },
    )
