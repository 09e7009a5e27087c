"""Convert parameters and networks to JSON and back.

A dataclass becomes an object with its fields and, under ``type``, a tag that does not change when its class is renamed;
enums become their values, arrays nested lists. `decode` rebuilds them by the type hints of the fields, so everything
that is read back has been validated.
"""

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np

from tospike.hw import params
from tospike.hw.params import InputError, require
from tospike.hw.params.added import is_left_out
from tospike.sim import design, network
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import grid

CLASSES: Mapping[str, type] = {
    "accelerator": params.AcceleratorParams,
    "activation": params.ActivationParams,
    "adaptation": params.AdaptationParams,
    "array": params.ArrayParams,
    "beats": params.BeatFormat,
    "change": params.ChangeParams,
    "cochlea": params.CochleaParams,
    "conv": params.ConvParams,
    "conv_layer": params.ConvLayer,
    "dataflow_dense": params.DataflowDenseParams,
    "dataflow_pool": params.DataflowPoolParams,
    "delay": params.DelayParams,
    "delta": params.DeltaParams,
    "delta_ann": params.DeltaAnnParams,
    "dense_layer": params.DenseLayer,
    "encoder": params.EncoderParams,
    "event_ann": params.EventAnnParams,
    "firing_phase": params.FiringPhase,
    "frame_buffer": params.FrameBufferParams,
    "graded_spikes": params.ValueSpikesParams,
    "host_events": params.HostEventParams,
    "image_window": params.ImageWindow,
    "integer": params.IntFormat,
    "leak": params.LeakParams,
    "noise": params.NoiseParams,
    "register": params.RegisterParams,
    "requantizer": params.RequantizeParams,
    "spike_count": params.SpikeCountParams,
    "spiking": params.SpikingParams,
    "systolic": params.SystolicParams,
    "tokens": params.TokenFormat,
    "unrolled": params.UnrolledParams,
    "unrolled_layer": params.UnrolledLayer,
    "weight_window": params.EventWindow,
    "accumulator": network.Accumulator,
    "float_activation": network.Activation,
    "add": network.Add,
    "average_pool": network.AveragePool2d,
    "conv2d": network.Conv2d,
    "dense": network.Dense,
    "grid": grid.QuantGrid,
    "input": network.InputSpec,
    "max_pool": network.MaxPool2d,
    "membrane": network.SpikingNeuron,
    "network": network.Network,
    "requantize": network.Requantize,
    "pointwise": network.Pointwise,
    "stage": network.Stage,
    "sum_pool": network.SumPool2d,
    "window": network.Window,
    "design": design.Design,
    **{f"{neuron.tag}_neuron": neuron for neuron in params.NEURONS},
}
"""Classes by their tags in files. A tag never changes, so that a class can be renamed."""
TAGS: Mapping[type, str] = {cls: tag for tag, cls in CLASSES.items()}


def encode(value: Any) -> Any:
    """Return ``value`` as JSON types."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if not is_left_out(f, value)}
        return {"type": TAGS[type(value)], **{name: encode(held) for name, held in fields.items()}}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def decode(data: Any, hint: Any = None, where: str = "the design's description") -> Any:
    """Return the inverse of `encode`.

    Parameters
    ----------
    data
        The parsed JSON.
    hint
        The type that it must have; by default one of `CLASSES`.
    where
        How messages name it.

    Raises
    ------
    InputError
        It describes none of `CLASSES`, or a value has another type than its field.
    """
    if hint is None:
        return _object(data, where)
    union = typing.get_origin(hint) in (types.UnionType, typing.Union)
    for option in typing.get_args(hint) if union else (hint,):
        if _fits(data, option):
            return _value(data, option, where)
    raise InputError(f"{where} cannot be {str(data)[:40]!r}")


def _fits(data: Any, option: Any) -> bool:
    """Return whether the JSON type matches the type of a field."""
    if option is types.NoneType:
        return data is None
    if option == network.Array:
        return isinstance(data, list)
    if option == grid.Reals:
        return isinstance(data, list | int | float) and not isinstance(data, bool)
    if typing.get_origin(option) is tuple:
        kinds = typing.get_args(option)
        return isinstance(data, list) and (kinds[-1] is Ellipsis or len(data) == len(kinds))
    if dataclasses.is_dataclass(option):
        named = CLASSES.get(str(data.get("type"))) if isinstance(data, dict) else None
        return named is not None and issubclass(named, typing.cast(type, option))
    if option is bool or isinstance(data, bool):
        return option is bool and isinstance(data, bool)
    if isinstance(option, type) and issubclass(option, enum.Enum):
        return any(member.value == data and type(member.value) is type(data) for member in option)
    if option is float:
        return isinstance(data, int | float) and math.isfinite(data)
    return isinstance(option, type) and isinstance(data, option)


def _value(data: Any, option: Any, where: str) -> Any:
    """Return a value whose type fits."""
    if option == network.Array:
        return _integers(data, where)
    if option == grid.Reals:
        values = np.array(data)
        good = values.dtype.kind in "iuf" and bool(np.isfinite(values).all())
        require(good, f"{where} holds values other than numbers")
        return values.astype(np.float64)
    if typing.get_origin(option) is tuple:
        kinds = typing.get_args(option)
        each = [kinds[0]] * len(data) if kinds[-1] is Ellipsis else kinds
        return tuple(decode(item, kind, where) for item, kind in zip(data, each, strict=True))
    if dataclasses.is_dataclass(option):
        return _object(data, where)
    if option is types.NoneType:
        return None
    return option(data) if option is float or (isinstance(option, type) and issubclass(option, enum.Enum)) else data


def _integers(data: list[Any], where: str) -> np.ndarray[Any, Any]:
    values = np.array(data)
    require(values.dtype.kind in "iu" or not values.size, f"{where} holds values other than integers")
    require(values.dtype != np.uint64, f"{where} holds integers beyond 64 bits")
    return to_int64(values, where)


def _object(data: Any, where: str) -> Any:
    named = data.get("type") if isinstance(data, dict) else None
    cls = CLASSES.get(named) if isinstance(named, str) else None
    if cls is None:
        raise InputError(f"unknown type {str(named)[:40]!r} in {where}")
    hints = typing.get_type_hints(cls)
    given = {name: item for name, item in data.items() if name != "type"}
    fields = {field.name: field for field in dataclasses.fields(cls)}
    unknown = sorted(given.keys() - fields.keys())
    missing = [
        name
        for name, field in fields.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING and name not in given
    ]
    require(
        not unknown and not missing,
        f"the description of {named!r} does not fit this version: {', '.join(unknown + missing)[:80]}",
    )
    return cls(**{name: decode(item, hints[name], f"{named}.{name}") for name, item in given.items()})
