"""Convert typed results to plain data for JSON, and back.

A result is a frozen dataclass. Its fields are the keys, except that `renamed` fields have another key, and the keys of
figures that were not requested (`absent`) are omitted.
"""

from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar

from tospike.hw.params import InputError

T = TypeVar("T")


def absent(empty: Callable[[], Any] = lambda: None) -> Any:
    """Declare a field with the default ``empty()``, which has no key in JSON: the figure was not requested."""
    return field(default_factory=empty, metadata={"exclude_if": lambda value: value == empty()})


def renamed(key: str) -> Any:
    """Declare a field with another ``key`` in JSON."""
    return field(metadata={"alias": key})


def to_plain(value: Any) -> Any:
    """Convert a dataclass, or a list of them, to dicts, lists, numbers and strings.

    Raises
    ------
    ValueError
        A value does not have its field's type, so JSON would not match the type.
    """
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return _adapter(type(value)).dump_python(value, mode="json", by_alias=True, warnings="error")


def from_plain(kind: type[T], data: Any, where: str) -> T:
    """Convert ``data`` from `to_plain` back to a dataclass.

    Parameters
    ----------
    kind
        The dataclass.
    data
        Parsed JSON.
    where
        Source of the data, for the message.

    Raises
    ------
    InputError
        A key is missing, or its value has another type; the message names the first one.
    """
    import pydantic

    try:
        found: T = _adapter(kind).validate_python(data)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "it"
        raise InputError(f"{where} is not as tospike writes it: {key}: {first['msg'].lower()}") from None
    return found


_ADAPTERS: dict[type, Any] = {}


def _adapter(kind: type) -> Any:
    """Return Pydantic's adapter of a class, cached."""
    import pydantic  # importing it takes longer than many commands

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = pydantic.TypeAdapter(kind)
    return _ADAPTERS[kind]
