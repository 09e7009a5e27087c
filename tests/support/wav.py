"""Wav files for tests."""

import wave

import numpy as np

RATE = 100
"""Of `tospike.gen.data.fsdd`, a sample of this rate is 80 values."""


def write_wav(path, samples, *, rate=RATE, width=2, channels=1):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        raw = (np.asarray(samples, np.int64) + (128 if width == 1 else 0)).astype("<i8").view(np.uint8)
        file.writeframes(raw.reshape(-1, 8)[:, :width].tobytes())
