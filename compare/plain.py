"""Typed results as plain data for JSON, and back.

A result is a frozen dataclass. Its fields are the keys, but for one that tells its own (`renamed`), and for figures
that were not asked for (`absent`), whose keys are left out.
"""

from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar

from tospike.hw.params import InputError

T = TypeVar("T")


def absent(empty: Callable[[], Any] = lambda: None) -> Any:
    """A field that is ``empty()``, and has no key in JSON then: nobody asked for that figure."""
    return field(default_factory=empty, metadata={"exclude_if": lambda value: value == empty()})


def renamed(key: str) -> Any:
    """A field that has another ``key`` in JSON."""
    return field(metadata={"alias": key})


def to_plain(value: Any) -> Any:
    """Return a dataclass, or a list of them, as dicts, lists, numbers and texts.

    Raises
    ------
    ValueError
        A value is not of its field's type: JSON would say what the type does not.
    """
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return _adapter(type(value)).dump_python(value, mode="json", by_alias=True, warnings="error")


def from_plain(kind: type[T], data: Any, where: str) -> T:
    """Return what `to_plain` made ``data`` of.

    Parameters
    ----------
    kind
        The dataclass.
    data
        As JSON gives it.
    where
        What it was read from, for the message.

    Raises
    ------
    InputError
        A key is missing, or its value is of another type; the message names the first one.
    """
    import pydantic

    try:
        found: T = _adapter(kind).validate_python(data)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "it"
        raise InputError(f"{where} does not hold what tospike writes there: {key}: {first['msg'].lower()}") from None
    return found


_ADAPTERS: dict[type, Any] = {}


def _adapter(kind: type) -> Any:
    """Pydantic's view of a class, made once."""
    import pydantic  # takes longer than all the rest of a command that needs none

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = pydantic.TypeAdapter(kind)
    return _ADAPTERS[kind]
