"""Options: fields of frozen dataclasses that own their help and their range, so that each is written once.

Whoever offers them, be it a command line or a file, reads here what they are called, what they mean and what they take.
"""

import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from numbers import Integral, Real
from typing import Any

from tospike.hw.params.check import InputError, require, require_range

_KEY = "option"
_MANY = 1 << 20
"""What help does not tell digit by digit."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a field says of itself."""

    help: str
    """A sentence without its full stop; empty where another class, which has the same option, says it."""
    low: int | None = None
    """The least integer that it takes; checked by `check_options`."""
    high: int | None = None
    """The largest."""
    unset: str = ""
    """What the default means, where its value does not say it."""
    name: str = ""
    """Its name for users, with underscores; by default the field's."""
    kinds: frozenset[str] = frozenset()
    """``ann``, ``snn``: the networks in which each layer can have its own."""
    layers_only: bool = False
    """Whether there is none for a whole network."""
    field: str = ""
    """The field's name."""
    default: Any = None
    type: Any = None
    """What its values are, without ``None``."""

    @property
    def flag(self) -> str:
        """Its name on a command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def range(self) -> str:
        """``1 to 8``, or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low} to {self.high}" if self.high < _MANY else f"{self.low} or more"

    @property
    def text(self) -> str:
        """Help, default and range in a line."""
        default = self.default.value if isinstance(self.default, StrEnum) else self.default
        if self.type is bool:
            default = "yes" if default else None
        shown = self.unset or ("" if default is None else f"{default}")
        brackets = "; ".join(filter(None, (shown, self.range)))
        return f"{self.help} [{brackets}]." if brackets else f"{self.help}."

    def parse(self, value: object, what: str) -> Any:
        """``value``, a text or of the option's own type, as that type; its range is checked elsewhere.

        Raises
        ------
        InputError
            It is none; the message begins with ``what``.
        """
        parsed = self._parsed(value)
        if parsed is None:
            raise InputError(f"{what} must be {self._takes()}, not {value!r}")
        return parsed

    def _parsed(self, value: object) -> Any:
        """``None``: it is no such value."""
        is_number = isinstance(value, Real) and not isinstance(value, bool)  # NumPy's, too
        try:
            if self.type is bool:
                return {"true": True, "false": False}.get(str(value).lower()) if not is_number else None
            if isinstance(value, str):  # an enum, a number or a text is made of one
                return self.type(value)
            good = is_number and (self.type is float or (self.type is int and isinstance(value, Integral)))
            return self.type(value) if good else None
        except ValueError:
            return None

    def _takes(self) -> str:
        if issubclass(self.type, StrEnum):
            return " or ".join(self.type)
        if self.low is not None:
            return f"an integer from {self.low} to {self.high}"
        return {int: "an integer", float: "a number", bool: "true or false", str: "text"}[self.type]


def option(
    default: Any,
    help: str = "",
    *,
    low: int | None = None,
    high: int | None = None,
    unset: str = "",
    name: str = "",
    per_layer: str = "",
    layers_only: bool = False,
) -> Any:
    """Return a field of a dataclass that is an option.

    Parameters
    ----------
    default
        Its default.
    per_layer
        ``ann``, ``snn`` or both with a space between them: `Option.kinds`.
    help, low, high, unset, name, layers_only
        See `Option`.
    """
    found = Option(
        help=help,
        low=low,
        high=high,
        unset=unset,
        name=name,
        kinds=frozenset(per_layer.split()),
        layers_only=layers_only,
    )
    return field(default=default, metadata={_KEY: found})


def options_of(cls: type) -> dict[str, Option]:
    """Return the options of a class, by their names for users."""
    hints = typing.get_type_hints(cls)
    found = {}
    for each in fields(cls):
        if _KEY in each.metadata:
            said, hint = each.metadata[_KEY], hints[each.name]
            if isinstance(hint, types.UnionType):
                (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
            name = said.name or each.name
            found[name] = replace(said, name=name, field=each.name, default=each.default, type=hint)
    return found


def check_options(options: Any) -> None:
    """Refuse what is out of an option's range.

    Raises
    ------
    InputError
        An integer is.
    """
    for each in fields(options):
        said: Option | None = each.metadata.get(_KEY)
        value = getattr(options, each.name)
        if said is not None and said.low is not None and not (value is None and each.default is None):
            require_range((said.name or each.name).replace("_", "-"), value, said.low, said.high or 0)


def of_layer(options: Any, layer: str) -> Any:
    """Return the options of one layer, of a class with a field ``layers``: what each layer has otherwise, by its name.

    Raises
    ------
    InputError
        What the layer has is out of range; the message names the layer.
    """
    own = options.layers.get(layer)
    if own is None:
        return options if not options.layers else replace(options, layers={})
    try:
        return replace(options, layers={}, **own)
    except InputError as error:
        raise InputError(f"layer {layer!r}: {error}") from None


def require_known(what: str, name: str, known: Iterable[str]) -> None:
    """Refuse a name that is not among ``known``, and tell the nearest one.

    Raises
    ------
    InputError
        It is not; the message begins with ``what``.
    """
    names = list(known)
    if name in names:
        return
    near = get_close_matches(name, names, 1, 0.5)
    others = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names) or 'none'}"
    require(False, f"{what} {name!r} is unknown: {others}")
