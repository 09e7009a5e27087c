"""Read wav files of one channel."""

import io
import wave

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require

WAV = "wav file of one channel, PCM of 8, 16, 24 or 32 bits"
"""Name of such a file in messages."""
FASTEST = 1_000_000
"""Most samples per second."""


def decode_wav(raw: bytes) -> tuple[NDArray[np.float32], int]:
    """Return the samples, from -1 to 1, and the sample rate in Hz of a wav file's bytes.

    Raises
    ------
    InputError
        It has several channels, is empty, or ends early. `wave.Error` passes through, as for compressed samples:
        `tospike.gen.files.reading` converts it.
    """
    with wave.open(io.BytesIO(raw)) as file:
        channels, width, rate, count = file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()
        require(channels == 1, f"it has {channels} channels: mix them to one")
        require(count >= 1, "it has no samples: leave it out")
        require(1 <= rate <= FASTEST, f"it states {rate} samples per second: 1 to {FASTEST:,} are supported")
        data = file.readframes(count)
    require(len(data) == count * width, f"it states {count} samples but has {len(data) // width}: download it again")
    if width == 1:  # unsigned, unlike all others
        return np.frombuffer(data, np.uint8).astype(np.float32) / np.float32(128) - np.float32(1), rate
    # bytes below the sample's make any width one of 32 bits
    words = np.zeros((count, 4), np.uint8)
    words[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(count, width)
    return (words.view("<i4")[:, 0] / 2.0**31).astype(np.float32), rate
