"""Networks and sequences of frames as files, for delta ANNs."""

import numpy as np
from support.networks import write_networks

from tospike.gen.data.datasets import load_data


def write_sequences(folder):
    """Writes an ANN of 6 inputs, walks of 4 frames of 2 x 3 values, their last frames, and spike trains."""
    write_networks(folder)
    rng = np.random.default_rng(8)
    frames = np.cumsum(rng.normal(size=(24, 4, 2, 3)) / 4, axis=1).clip(0, 1)
    label = np.arange(24) % 3
    np.savez(folder / "walks.npz", frames=frames, label=label)
    np.savez(folder / "last.npz", x=frames[:, -1], y=label)
    np.savez(folder / "spikes.npz", spikes=rng.random((24, 7, 2)) < 0.4, label=label)
    return folder


def data_of(folder, name):
    return load_data(f"npz:{folder / name}.npz")
