"""The codes that make time steps of one frame, from their definitions.

Each takes (N, inputs) values, the steps, the bits of a value and a seed, and gives (N, steps, inputs) payloads. If the
code takes integers, values are from 0 to ``2**bits - 1``, and a 0 never sends anything.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import Encoding, require, require_range
from tospike.hw.params.engines.encoding import NamedCode
from tospike.sim.arithmetic import Ints
from tospike.sim.encoders.random import random_numbers


def direct(values: NDArray[Any], steps: int, bits: int, seed: int) -> NDArray[Any]:
    """Send the value itself in each step; the steps are one array (stride 0)."""
    return np.broadcast_to(values[:, None, :], (len(values), steps, values.shape[1]))


def rate(values: Ints, steps: int, bits: int, seed: int) -> NDArray[np.uint8]:
    """Encode by deterministic rates: one phase accumulator of ``bits`` bits per value, a spike on each carry.

    The accumulator starts at 0 for each sample; a value x spikes ``floor(x * steps / 2**bits)`` times, spread evenly.
    """
    # After t steps the accumulator has carried floor(x * t / 2**bits) times.
    carried = np.zeros_like(values)
    spikes = np.zeros((len(values), steps, values.shape[1]), dtype=np.uint8)
    for step in range(steps):
        carries = (values * (step + 1)) >> bits
        spikes[:, step] = carries - carried
        carried = carries
    return spikes


def stochastic(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Encode by random rates: a spike where the value is above a random number of as many bits.

    Each sample begins the sequence anew; it has a number for each step and each value that is not 0, in that order.
    """
    present = values > 0
    counts = present.sum(axis=1)
    numbers = random_numbers(seed, steps * int(counts.max(initial=0))) & ((1 << bits) - 1)
    ranks = np.cumsum(present, axis=1) - 1
    place = np.arange(steps)[None, :, None] * counts[:, None, None] + ranks[:, None, :]
    if numbers.size == 0:
        return np.zeros(place.shape, dtype=np.int64)
    return (present[:, None, :] & (values[:, None, :] > numbers[np.maximum(place, 0)])).astype(np.int64)


def ttfs(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Encode by the time to the first spike: a value x spikes once, in step ``floor((2**bits - 1 - x) * steps /
    2**bits)``."""
    when = (((1 << bits) - 1 - values) * steps) >> bits
    return ((values > 0)[:, None, :] & (when[:, None, :] == np.arange(steps)[None, :, None])).astype(np.int64)


def phase(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Send the bits of the value, the highest first, over and over: the payload is the bit's weight."""
    masks = 1 << (bits - 1 - np.arange(steps) % bits)
    return values[:, None, :] & masks[None, :, None]


CODES: dict[NamedCode, Callable[[NDArray[Any], int, int, int], NDArray[Any]]] = {
    Encoding.DIRECT: direct,
    Encoding.RATE: rate,
    Encoding.STOCHASTIC: stochastic,
    Encoding.TTFS: ttfs,
    Encoding.PHASE: phase,
}
"""By its name. A sequence of frames has no code of its own here: `tospike.sim.encoders.changes`."""


def coded(encoding: Encoding, values: ArrayLike, steps: int, bits: int, seed: int = 1) -> NDArray[Any]:
    """Return (N, steps, inputs) payloads for (N, inputs) values, for an encoding of one frame.

    Raises
    ------
    InputError
        The code takes ``bits``-bit integers, and a value does not fit.
    """
    require_range("steps", steps, 1, 1 << 12)
    x = np.asarray(values)
    if encoding.code.takes_integers:
        x = np.asarray(values, dtype=np.int64)
        require(
            not x.size or (x.min() >= 0 and not x.max() >> bits),
            f"{encoding.value} encoding takes values from 0 to {(1 << bits) - 1}, not {x.min(initial=0)} to "
            f"{x.max(initial=0)}: use an unsigned input",
        )
    return CODES[encoding](x, steps, bits, seed)
