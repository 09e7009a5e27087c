"""Golden models of the encoder engines: payloads by `codes` and `changes`, and the counts."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import DeltaParams, EncoderParams, IntFormat, require
from tospike.sim.compiled.counting import count_nonzero
from tospike.sim.encoders.changes import changes, differences
from tospike.sim.encoders.codes import coded
from tospike.sim.engine import EngineRun


def run_encoder(params: EncoderParams, frames: NDArray[np.integer]) -> EngineRun:
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
    fmt = params.payload
    _check_values(frames, fmt)

    return count_encoded(params, frames, coded(params.encoding, frames, params.steps, fmt.bits, params.seed))


def count_encoded(params: EncoderParams, frames: NDArray[np.integer], trains: NDArray[np.integer]) -> EngineRun:
    """Return the run of an encoder that sends (N, ``params.steps``, inputs) ``trains`` for (N, inputs) ``frames``."""
    recorded = count_nonzero(frames)
    values = recorded * params.steps if params.encoding.code.sends_all else count_nonzero(trains)
    ones = np.ones(len(frames), dtype=np.int64)
    kept = recorded if params.encoding.code.keeps else 0 * recorded
    scanned = kept * (params.steps - 1)
    return EngineRun(
        sent=trains,
        counters={"values": values, "ticks": params.steps * ones, "samples": ones},
        operations={
            "activation_read": scanned,
            "activation_write": kept + (scanned if params.state_bits else 0),  # states are written back
        },
    )


def run_delta(params: DeltaParams, frames: NDArray[np.integer]) -> EngineRun:
    """Turn sequences of frames into spike trains of their changes.

    Parameters
    ----------
    params
        The delta encoder.
    frames
        (N, steps, inputs) integers in ``params.payload``.

    Raises
    ------
    InputError
        A shape or a value does not fit ``params``.
    """
    shape = (params.steps, params.inputs)
    require(frames.shape[1:] == shape, f"a delta encoder takes samples of shape {shape}, not {frames.shape[1:]}")
    _check_values(frames, params.payload)
    trains = (differences if params.amounts else changes)(frames.astype(np.int64), params.threshold)
    ones = np.ones(len(frames), dtype=np.int64)
    sent = np.count_nonzero(trains, axis=2).astype(np.int64)
    written = params.inputs + sent[:, 1:].sum(axis=1)  # the first frame is stored in full
    return EngineRun(
        sent=trains,
        counters={"values": sent.sum(axis=1), "ticks": params.steps * ones, "samples": ones, "written": written},
        operations={"activation_read": params.steps * params.inputs * ones, "activation_write": written},
    )


def _check_values(values: NDArray[np.integer], fmt: IntFormat) -> None:
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    require(fmt.min <= low and high <= fmt.max, f"values from {low} to {high} do not fit {fmt.min} to {fmt.max}")
