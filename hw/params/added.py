"""Fields that were added to a class of parameters after designs of it had been generated."""

from dataclasses import Field
from types import MappingProxyType
from typing import Any

ADDED = MappingProxyType({"added": True})
"""Metadata of a field that files leave out at its default: the description of an older design, and so its configuration
hash, stay as they are."""


def is_left_out(each: Field[Any], owner: Any) -> bool:
    """Return whether files leave out this field of ``owner``."""
    if each.metadata != ADDED:
        return False
    value = getattr(owner, each.name)
    return type(value) is type(each.default) and bool(value == each.default)  # an array is no default
