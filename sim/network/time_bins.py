"""Time binning: spike trains as frames of sums, for networks without time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require


def sum_frames(spikes: NDArray[Any], frames: int) -> NDArray[Any]:
    """Sum the spikes of each channel over each of ``frames`` equal parts of the time, and concatenate the sums.

    One frame is the sum over all steps; as many frames as steps are all spikes in one long vector. The channels
    (polarity, y, x) of an event camera become an image with ``frames`` times as many channels.

    Parameters
    ----------
    spikes
        (N, steps, channels).

    Returns
    -------
    (N, frames * channels). Frame f begins at step ``floor(f * steps / frames)``.

    Raises
    ------
    InputError
        There are fewer steps than frames.
    """
    samples, steps, channels = spikes.shape
    require(1 <= frames <= steps, f"{steps} time steps cannot be summed to {frames} frames: give 1 to {steps} frames")
    starts = np.arange(frames) * steps // frames
    wide = np.int64 if spikes.dtype.kind in "iub" else spikes.dtype
    parts = np.split(spikes, starts[1:], axis=1)
    return np.stack([part.sum(axis=1, dtype=wide) for part in parts], axis=1).reshape(samples, frames * channels)


def running_frames(spikes: NDArray[Any], frames: int) -> NDArray[Any]:
    """Return the frames of `sum_frames` as they become known: after each part of the time, the later sums still 0.

    Parameters
    ----------
    spikes
        (N, steps, channels).

    Returns
    -------
    (N, frames, frames * channels); the last one is the result of `sum_frames`.

    Raises
    ------
    InputError
        There are fewer steps than frames.
    """
    sums = sum_frames(spikes, frames).reshape(len(spikes), 1, frames, -1)
    known = np.tri(frames, dtype=np.int64)[:, :, None]
    return (sums * known.astype(sums.dtype)).reshape(len(spikes), frames, -1)
