"""Turns a frame of values into time steps: what the encoder engine must send."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import IntFormat, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.encoders.changes import changes
from tospike.sim.encoders.codes import coded
from tospike.sim.network import InputSpec
from tospike.sim.network.time_bins import running_frames, sum_frames


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
    is_train = spec.encoding.code.takes_frames if spec.encoding is not None else spec.steps > 1
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
    fmt, code = spec.format, spec.encoding.code
    require(
        not code.takes_integers or (fmt is not None and not fmt.signed),
        f"{spec.encoding.value} encoding needs an unsigned integer input: give its bits and scale",
    )
    if code.takes_frames:
        return changes(values.astype(np.int64, casting="same_kind"), spec.delta_threshold)
    return coded(spec.encoding, values, spec.steps, 0 if fmt is None else fmt.bits, spec.seed)


def encode_float(spec: InputSpec, x: ArrayLike) -> NDArray[np.float64]:
    """Return the samples as a float network's first stage gets them: :func:`encode`, quantised only where the code
    needs it."""
    if spec.encoding is not None and spec.encoding.code.takes_integers:
        return encode(spec, x).astype(np.float64) * spec.payload_unit
    encoded = encode(replace(spec, format=None), x)
    # the steps of a direct code are one array (stride 0), and stay one
    same = encoded.ndim == 3 and encoded.strides[1] == 0
    return np.broadcast_to(encoded[:, :1].astype(np.float64), encoded.shape) if same else encoded.astype(np.float64)
