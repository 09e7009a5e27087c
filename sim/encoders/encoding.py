"""Turns a frame of values into time steps: what the encoder engine must send."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import Encoding, IntFormat, require, require_range
from tospike.sim.arithmetic import to_int64
from tospike.sim.encoders.codes import changes, phase_payloads, stochastic_spikes, ttfs_spikes
from tospike.sim.network import InputSpec
from tospike.sim.network.time_bins import running_frames, sum_frames

Code = Callable[[NDArray[np.int64], int, int], NDArray[np.integer]]
"""Takes (N, inputs) values, steps and bits; gives (N, steps, inputs) payloads."""


def quantize_values(values: ArrayLike, fmt: IntFormat, scale: float) -> NDArray[np.int64]:
    """Return ``round(values / scale)``, ties to even, saturated to ``fmt``. Any shape."""
    rounded = np.rint(np.asarray(values, dtype=np.float64) / scale)
    return to_int64(np.clip(rounded, fmt.min, fmt.max), "values of the data, in units of their scale")


def as_frames(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the samples of the data set in the network's order: where an ANN takes spike trains, their sums; of the
    frames of a delta ANN the last; all others as they are."""
    if x.ndim == 3 and (spec.time_bins or spec.partial_inferences):
        x = sum_frames(x, spec.time_bins) if spec.time_bins else x[:, -1]
    return _ordered(spec, x)


def as_partial_inferences(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return (N, looks, inputs) frames of a delta ANN: of a spike train what has come of its sums after each part of
    the time; a sequence of frames as it is, a lone frame as one of them."""
    if x.ndim == 3:
        return _ordered(spec, running_frames(x, spec.time_bins) if spec.time_bins else x)
    return _ordered(spec, x[:, None])


def _ordered(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    return x[..., list(spec.order)] if spec.order and x.shape[-1] == len(spec.order) else x


def quantize_input(spec: InputSpec, values: ArrayLike) -> NDArray[np.int64]:
    """Return the values of the data set as the integers that a quantised network takes. Any shape."""
    assert spec.format is not None  # a quantised network has one
    if spec.grid is not None:
        levels = spec.grid.levels(_scaled(spec, np.asarray(values)))
        return to_int64(levels, "values of the data, in units of their scale")
    integers = quantize_values(np.asarray(values, dtype=np.float64) - spec.offset, spec.format, spec.scale)
    return integers if spec.clamp is None else np.clip(integers, *spec.clamp)


def _scaled(spec: InputSpec, values: NDArray[np.generic]) -> NDArray[np.floating]:
    """Return ``(values - offset) / scale``; before a quantiser in float32 as the file computes it, for its ties are
    ours."""
    if spec.grid is None or not spec.grid.single or not spec.affine:
        return (values.astype(np.float64) - spec.offset) / spec.scale
    single = values.astype(np.float32)
    for gain, bias in spec.affine:
        single = (single.astype(np.float64) * gain + bias).astype(np.float32)
    return single


def rate_spikes(values: ArrayLike, steps: int, bits: int) -> NDArray[np.integer]:
    """Encode by deterministic rates: one phase accumulator of ``bits`` bits per value, a spike on each carry.

    The accumulator starts at 0 for each sample; a value x spikes ``floor(x * steps / 2**bits)`` times, spread evenly.

    Parameters
    ----------
    values
        (N, inputs) integers, 0 to ``2**bits - 1``.
    steps
        Number of time steps.
    bits
        Width of the values and of the accumulators.

    Returns
    -------
    (N, steps, inputs), 0 or 1.

    Raises
    ------
    InputError
        A value does not fit ``bits`` unsigned bits.
    """
    return coded(Encoding.RATE, values, steps, bits)


def _rate(x: NDArray[np.int64], steps: int, bits: int) -> NDArray[np.uint8]:
    # After t steps the accumulator has carried floor(x * t / 2**bits) times.
    carried = np.zeros_like(x)
    spikes = np.zeros((len(x), steps, x.shape[1]), dtype=np.uint8)
    for step in range(steps):
        carries = (x * (step + 1)) >> bits
        spikes[:, step] = carries - carried
        carried = carries
    return spikes


def coded(encoding: Encoding, values: ArrayLike, steps: int, bits: int, seed: int = 1) -> NDArray[np.integer]:
    """Return (N, steps, inputs) payloads for (N, inputs) values, for an encoding of one frame of ``bits``-bit integers.

    Raises
    ------
    InputError
        A value does not fit.
    """
    x = np.asarray(values, dtype=np.int64)
    require_range("steps", steps, 1, 1 << 12)
    require(
        not x.size or (x.min() >= 0 and not x.max() >> bits),
        f"{encoding.value} encoding takes values from 0 to {(1 << bits) - 1}, not {x.min(initial=0)} to "
        f"{x.max(initial=0)}: use an unsigned input",
    )
    if encoding is Encoding.STOCHASTIC:
        return stochastic_spikes(x, steps, bits, seed)
    codes: dict[Encoding, Code] = {
        Encoding.RATE: _rate,
        Encoding.TTFS: ttfs_spikes,
        Encoding.PHASE: phase_payloads,
    }
    return codes[encoding](x, steps, bits)


def encode(spec: InputSpec, x: ArrayLike) -> NDArray[np.generic]:
    """Return the samples as a network's first stage gets them.

    Parameters
    ----------
    spec
        The network's input. With a ``format``, values are quantised first; without, they pass as its docstring says.
    x
        (N, inputs) values; (N, steps, inputs) spikes when ``spec.encoding`` is ``None`` and ``spec.steps`` > 1, or
        values when ``spec.encoding`` takes frames. With ``spec.time_bins``, (N, steps, channels) spikes too.

    Returns
    -------
    (N, inputs) for an ANN; else (N, steps, inputs): spikes, or with direct encoding the values in each of the steps.

    Raises
    ------
    InputError
        The shape does not fit, or an encoding of integers lacks an unsigned format.
    """
    values = as_frames(spec, np.asarray(x))
    is_train = spec.encoding.takes_frames if spec.encoding is not None else spec.steps > 1
    shape = (spec.steps, spec.inputs) if is_train else (spec.inputs,)
    require(
        values.shape[1:] == shape,
        f"the network takes samples of shape {shape}, not {values.shape[1:]}: use data that fit it",
    )
    if spec.format is not None:
        values = quantize_input(spec, values)
    elif (spec.scale, spec.offset) != (1.0, 0.0):
        values = _scaled(spec, values)
    if spec.format is None and spec.grid is not None:
        values = spec.grid.nearest(values)
    if spec.encoding is None:
        return values
    if spec.encoding is Encoding.DIRECT:
        return np.broadcast_to(values[:, None, :], (len(values), spec.steps, spec.inputs))
    fmt = spec.format
    require(
        fmt is not None and not fmt.signed,
        f"{spec.encoding.value} encoding needs an unsigned integer input: give its bits and scale",
    )
    assert fmt is not None
    if spec.encoding is Encoding.DELTA:
        return changes(values.astype(np.int64, casting="same_kind"), spec.delta_threshold)
    return coded(spec.encoding, values, spec.steps, fmt.bits, spec.seed)


def encode_float(spec: InputSpec, x: ArrayLike) -> NDArray[np.float64]:
    """Return the samples as a float network's first stage gets them: :func:`encode`, quantised only where the code
    needs it."""
    if spec.encoding is not None and spec.encoding.takes_integers:
        return encode(spec, x).astype(np.float64) * spec.payload_unit
    encoded = encode(replace(spec, format=None), x)
    # the steps of a direct code are one array (stride 0), and stay one
    same = encoded.ndim == 3 and encoded.strides[1] == 0
    return np.broadcast_to(encoded[:, :1].astype(np.float64), encoded.shape) if same else encoded.astype(np.float64)
