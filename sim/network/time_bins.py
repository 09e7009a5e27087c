"""Spike trains as frames of sums: how a network without time takes them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require


def sum_frames(spikes: NDArray[Any], frames: int) -> NDArray[Any]:
    """Return the spikes per channel in each of ``time_bins`` equal parts of the time, one part after the other.

    With one frame that is the sum over all steps, with as many as there are steps all the spikes as one long vector.
    An image sensor's channels (polarity, y, x) become an image of ``time_bins`` times as many channels.

    Parameters
    ----------
    spikes
        (N, steps, channels).

    Returns
    -------
    (N, frames * channels). Frame f begins with step ``floor(f * steps / time_bins)``.

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
    """Return what `sum_frames` would give if the time had ended with each of its parts: those not yet come are 0.

    Parameters
    ----------
    spikes
        (N, steps, channels).

    Returns
    -------
    (N, frames, frames * channels). The last one is that of the whole time.

    Raises
    ------
    InputError
        There are fewer steps than frames.
    """
    sums = sum_frames(spikes, frames).reshape(len(spikes), 1, frames, -1)
    come = np.tri(frames, dtype=np.int64)[:, :, None]
    return (sums * come.astype(sums.dtype)).reshape(len(spikes), frames, -1)
