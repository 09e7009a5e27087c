"""Bits of masks."""

import numpy as np
from numpy.typing import NDArray


def set_bits(masks: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row and the bit number of each bit that is set, row by row, from the lowest bit.

    Parameters
    ----------
    masks
        (N, bytes) the bytes of N masks, the lowest first; ``bytes`` is a power of 2.
    """
    found = np.flatnonzero(np.unpackbits(masks, axis=1, bitorder="little").view(np.bool_))
    bits = 8 * masks.shape[1]
    return found >> (bits.bit_length() - 1), found & (bits - 1)
