"""Parameters and networks to JSON and back.

A dataclass becomes an object with its fields and, under ``type``, its class; enums become their values, arrays
nested lists. `decode` rebuilds them by the type hints of the fields, so whatever is read back has been validated.
"""

import dataclasses
import enum
import types
import typing
from typing import Any

import numpy as np

from tospike.hw import params
from tospike.hw.params import InputError
from tospike.sim import design, grid, network

CLASSES = {
    cls.__name__: cls
    for module in (params, network, design)
    for cls in vars(module).values()
    if dataclasses.is_dataclass(cls) and isinstance(cls, type)
}


def encode(value: Any) -> Any:
    """``value`` as JSON types."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def decode(data: Any, hint: Any = None) -> Any:
    """The inverse of `encode`.

    Raises
    ------
    InputError
        If the data do not describe one of our classes.
    """
    if isinstance(data, dict):
        cls = CLASSES.get(data.get("type", ""))
        if cls is None:
            raise InputError(f"unknown type {data.get('type')!r} in the design's description")
        hints = typing.get_type_hints(cls)
        try:
            return cls(**{name: decode(item, hints.get(name)) for name, item in data.items() if name != "type"})
        except TypeError as error:
            raise InputError(f"the description of {cls.__name__} does not fit this version: {error}") from None
    if data is None:
        return None
    for option in typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,):
        if isinstance(option, type) and issubclass(option, enum.Enum):
            return option(data)
        if option == network.Array:
            return np.array(data, dtype=np.int64)
        if option == grid.Reals:
            return np.array(data, dtype=np.float64)
        if typing.get_origin(option) is tuple:
            return tuple(decode(item, typing.get_args(option)[0]) for item in data)
    return data
