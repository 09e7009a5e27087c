"""From the samples of a data set to the input of a network's first stage: quantised, and encoded in time steps."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import IntFormat, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.cochlea.hearing import heard
from tospike.sim.encoders.changes import changes
from tospike.sim.encoders.codes import coded
from tospike.sim.network import InputSpec
from tospike.sim.network.time_bins import running_frames, sum_frames


def quantize_values(values: ArrayLike, fmt: IntFormat, scale: float) -> NDArray[np.int64]:
    """Return ``round(values / scale)``, ties to even, saturated to ``fmt``, for values of any shape."""
    rounded = np.rint(np.asarray(values, dtype=np.float64) / scale)
    return to_int64(np.clip(rounded, fmt.min, fmt.max), "values of the data, in units of their scale")


def as_frames(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the samples of a data set in the network's order, without time for an ANN.

    An ANN gets the time-binned sums of a spike train, a delta ANN the last frame of a sequence. Sound is what a cochlea
    hears of it.
    """
    if spec.front_end is not None:
        return heard(spec.front_end, x)
    if x.ndim == 3 and (spec.time_bins or spec.partial_inferences):
        x = sum_frames(x, spec.time_bins) if spec.time_bins else x[:, -1]
    return _ordered(spec, x)


def as_partial_inferences(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the (N, partial inferences, inputs) frames of a delta ANN.

    A spike train gives its running sums after each time bin; a sequence of frames is unchanged, and a single frame is a
    sequence of one.
    """
    if x.ndim == 3:
        return _ordered(spec, running_frames(x, spec.time_bins) if spec.time_bins else x)
    return _ordered(spec, x[:, None])


def _ordered(spec: InputSpec, x: NDArray[np.generic]) -> NDArray[np.generic]:
    return x[..., list(spec.order)] if spec.order and x.shape[-1] == len(spec.order) else x


def quantize_input(spec: InputSpec, values: ArrayLike) -> NDArray[np.int64]:
    """Quantise values of the data set, of any shape, to the integers that a quantised network takes."""
    assert spec.format is not None  # every quantised network has one
    if spec.grid is not None:
        levels = spec.grid.levels(_scaled(spec, np.asarray(values)))
        return to_int64(levels, "values of the data, in units of their scale")
    integers = quantize_values(np.asarray(values, dtype=np.float64) - spec.offset, spec.format, spec.scale)
    return integers if spec.clamp is None else np.clip(integers, *spec.clamp)


def _scaled(spec: InputSpec, values: NDArray[np.generic]) -> NDArray[np.floating]:
    """Return ``(values - offset) / scale``; before a trained quantiser in float32, operator by operator as in the file,
    so that the same values are ties."""
    if spec.grid is None or not spec.grid.single or not spec.affine:
        return (values.astype(np.float64) - spec.offset) / spec.scale
    single = values.astype(np.float32)
    for gain, bias in spec.affine:
        single = (single.astype(np.float64) * gain + bias).astype(np.float32)
    return single


def encode(spec: InputSpec, x: ArrayLike) -> NDArray[np.generic]:
    """Return the samples as the first stage of a network receives them.

    Parameters
    ----------
    spec
        The network's input. With a ``format``, values are quantised first.
    x
        (N, samples) sound, if there is a cochlea; else (N, inputs) values; (N, steps, inputs) spikes if
        ``spec.encoding`` is ``None`` and ``spec.steps`` > 1, or values if ``spec.encoding`` takes frames. With
        ``spec.time_bins``, (N, steps, channels) spikes, too.

    Returns
    -------
    (N, inputs) for an ANN; else (N, steps, inputs): spikes, or with direct encoding the same values in each step.

    Raises
    ------
    InputError
        The shape does not fit, or the encoding takes unsigned integers and ``spec.format`` is not unsigned.
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
    """Return the samples as the first stage of a float network receives them: as :func:`encode`, but quantised only if
    the code takes integers."""
    if spec.encoding is not None and spec.encoding.code.takes_integers:
        return encode(spec, x).astype(np.float64) * spec.payload_unit
    encoded = encode(replace(spec, format=None), x)
    # the steps of a direct code share memory (stride 0): keep that
    same = encoded.ndim == 3 and encoded.strides[1] == 0
    return np.broadcast_to(encoded[:, :1].astype(np.float64), encoded.shape) if same else encoded.astype(np.float64)
