"""The codes that turn a frame into time steps, written as they are defined.

Each takes (N, inputs) values, the number of steps, the bits of a value and a seed, and returns (N, steps, inputs)
payloads. If the code takes integers, values are from 0 to ``2**bits - 1``, and a 0 never sends anything.
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
    """Send the value itself in each step; all steps share memory (stride 0)."""
    return np.broadcast_to(values[:, None, :], (len(values), steps, values.shape[1]))


def once(values: NDArray[Any], steps: int, bits: int, seed: int) -> NDArray[Any]:
    """Send the value itself in the first step."""
    trains = np.zeros((len(values), steps, values.shape[1]), dtype=values.dtype)
    trains[:, 0] = values
    return trains


def rate(values: Ints, steps: int, bits: int, seed: int) -> NDArray[np.uint8]:
    """Encode as a deterministic rate: one phase accumulator of ``bits`` bits per value, a spike on each carry.

    The accumulator is 0 at the start of a sample; a value x spikes ``floor(x * steps / 2**bits)`` times, evenly spaced.
    """
    # After t steps the accumulator has carried floor(x * t / 2**bits) times.
    values = values.astype(np.int16 if steps << bits < 1 << 15 else np.int64)
    carried = np.zeros_like(values)
    spikes = np.zeros((len(values), steps, values.shape[1]), dtype=np.uint8)
    for step in range(steps):
        carries = (values * (step + 1)) >> bits
        spikes[:, step] = carries - carried
        carried = carries
    return spikes


def stochastic(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Encode as a random rate: a spike where the value exceeds a random number of ``bits`` bits.

    The sequence of random numbers restarts with each sample; in each step, each non-zero value takes the next number.
    """
    present = values > 0
    counts = present.sum(axis=1)
    numbers = random_numbers(seed, steps * int(counts.max(initial=0))) & ((1 << bits) - 1)
    ranks = np.cumsum(present, axis=1) - 1
    index = np.arange(steps)[None, :, None] * counts[:, None, None] + ranks[:, None, :]
    if numbers.size == 0:
        return np.zeros(index.shape, dtype=np.int64)
    return (present[:, None, :] & (values[:, None, :] > numbers[np.maximum(index, 0)])).astype(np.int64)


def ttfs(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Encode as the time to the first spike.

    A value x spikes once, in step ``floor((2**bits - 1 - x) * steps / 2**bits)``.
    """
    when = (((1 << bits) - 1 - values) * steps) >> bits
    return ((values > 0)[:, None, :] & (when[:, None, :] == np.arange(steps)[None, :, None])).astype(np.int64)


def phase(values: Ints, steps: int, bits: int, seed: int) -> Ints:
    """Send the bits of the value, the most significant first, over and over; the payload is the weight of the bit."""
    masks = 1 << (bits - 1 - np.arange(steps) % bits)
    return values[:, None, :] & masks[None, :, None]


CODES: dict[NamedCode, Callable[[NDArray[Any], int, int, int], NDArray[Any]]] = {
    Encoding.DIRECT: direct,
    Encoding.ONCE: once,
    Encoding.RATE: rate,
    Encoding.STOCHASTIC: stochastic,
    Encoding.TTFS: ttfs,
    Encoding.PHASE: phase,
}
"""Keyed by encoding. Delta encoding, which takes a sequence of frames, is in `tospike.sim.encoders.changes`."""


def coded(encoding: Encoding, values: ArrayLike, steps: int, bits: int, seed: int = 1) -> NDArray[Any]:
    """Encode (N, inputs) values as (N, steps, inputs) payloads, with a code that takes one frame.

    Raises
    ------
    InputError
        ``steps`` is out of range, or the code takes ``bits``-bit integers and a value does not fit.
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
