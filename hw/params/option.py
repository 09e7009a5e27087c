"""Options: fields of frozen dataclasses that own their help and their range, so that each is written once.

Whoever offers them, be it a command line, a file or a function, reads here what they are called, what they mean and
what they take.
"""

import functools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from tospike.hw.params.check import InputError, require

_KEY = "option"
_MANY = 1 << 20
"""What help does not tell digit by digit."""
REQUIRED: Any = MISSING
"""The default of an option that must be given."""

Options = TypeVar("Options")


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a field says of itself."""

    help: str
    """A sentence without its full stop; empty where another class, which has the same option, says it."""
    low: float | None = None
    """The least number that it takes; checked by `check_options`, as the two below are."""
    high: float | None = None
    """The largest."""
    above: float | None = None
    """The largest number that it does not take, instead of ``low``."""
    unset: str = ""
    """What the default means, where its value does not say it."""
    name: str = ""
    """Its name for users, with underscores; by default the field's."""
    kinds: frozenset[str] = frozenset()
    """``ann``, ``snn``: the networks in which each layer can have its own."""
    layers_only: bool = False
    """Whether there is none for a whole network."""
    by_layer: bool = False
    """Whether a command line also takes it as ``LAYER=VALUE,...``."""
    field: str = ""
    """The field's name."""
    default: Any = None
    type: Any = None
    """What its values are, without ``None``; of several, which make a tuple, each."""
    is_several: bool = False
    """Whether it may be given more than once."""
    metavar: str | None = None
    """What stands for its value in help, where its type does not say it."""
    panel: str | None = None
    """The heading under which a command lists it: ``PANEL`` of its class."""

    @property
    def flag(self) -> str:
        """Its name on a command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is MISSING

    @property
    def range(self) -> str:
        """``1 to 8``, or nothing."""
        most = None if self.high is None or self.high >= _MANY else self.high
        if self.above is not None:
            return f"above {self.above}" + (f", up to {most}" if most is not None else "")
        if self.low is None:
            return ""
        return f"{self.low} to {most}" if most is not None else f"{self.low} or more"

    @property
    def shown(self) -> str:
        """Its default in help; nothing where it has none, or is off."""
        if self.unset:
            return self.unset
        if isinstance(self.default, bool):
            return "yes" if self.default else ""
        return "" if self.default is None or self.default is MISSING or self.default == () else f"{self.default}"

    @property
    def choices(self) -> tuple[str, ...]:
        """Its values, where they have names."""
        return tuple(self.type) if issubclass(self.type, StrEnum) else ()

    @property
    def text(self) -> str:
        """Help, default and range in a line."""
        return self._line(self.help)

    @property
    def text_with_choices(self) -> str:
        """The same with all choices."""
        return self._line(f"{self.help}: {', '.join(self.choices)}")

    def _line(self, what: str) -> str:
        brackets = "; ".join(filter(None, (self.shown, self.range)))
        return f"{what} [{brackets}]." if brackets else f"{what}."

    def parse(self, value: object, what: str) -> Any:
        """``value``, a text or of the option's own type, as that type; its range is checked elsewhere.

        Raises
        ------
        InputError
            It is none; the message begins with ``what``.
        """
        if self.is_several:
            several = value if isinstance(value, list | tuple) else (value,)
            return tuple(replace(self, is_several=False).parse(each, what) for each in several)
        parsed = self._parsed(value)
        if parsed is None:
            raise InputError(f"{what} must be {self.takes}, not {value!r}")
        return parsed

    def check(self, value: object) -> None:
        """Refuse a value that is out of its range, or no number where it has one.

        Raises
        ------
        InputError
            It is.
        """
        if self.low is None and self.above is None:
            return
        number = isinstance(value, int if self.type is int else int | float) and not isinstance(value, bool)
        good = (
            number
            and math.isfinite(value)  # type: ignore[arg-type]
            and (self.low is None or value >= self.low)  # type: ignore[operator]
            and (self.above is None or value > self.above)  # type: ignore[operator]
            and (self.high is None or value <= self.high)  # type: ignore[operator]
        )
        require(good, f"{self.name.replace('_', '-')} must be {self.takes}, not {value!r}")

    def _parsed(self, value: object) -> Any:
        """``None``: it is no such value."""
        is_number = isinstance(value, Real) and not isinstance(value, bool)  # NumPy's, too
        try:
            if self.type is bool:
                return {"true": True, "false": False}.get(str(value).lower()) if not is_number else None
            if isinstance(value, str):  # an enum, a number, a path or a text is made of one
                return self.type(value)
            if self.type is Path:
                return value if isinstance(value, Path) else None
            good = is_number and (self.type is float or (self.type is int and isinstance(value, Integral)))
            return self.type(value) if good else None
        except ValueError:
            return None

    @property
    def takes(self) -> str:
        """What its values are, in words."""
        if self.choices:
            *most, last = self.choices
            return f"{', '.join(most)} or {last}"
        what = {int: "an integer", float: "a number", bool: "true or false", str: "text", Path: "a path"}[self.type]
        if self.above is not None:
            return f"{what} above {self.above}" + (f" and at most {self.high}" if self.high is not None else "")
        if self.low is not None:
            return (
                f"{what} from {self.low} to {self.high}" if self.high is not None else f"{what} of at least {self.low}"
            )
        return what


def option(
    default: Any,
    help: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    unset: str = "",
    name: str = "",
    per_layer: str = "",
    layers_only: bool = False,
    by_layer: bool = False,
) -> Any:
    """Return a field of a dataclass that is an option.

    Parameters
    ----------
    default
        Its default, or `REQUIRED`.
    per_layer
        ``ann``, ``snn`` or both with a space between them: `Option.kinds`.
    help, low, high, above, unset, name, layers_only, by_layer
        See `Option`.
    """
    found = Option(
        help=help,
        low=low,
        high=high,
        above=above,
        unset=unset,
        name=name,
        kinds=frozenset(per_layer.split()),
        layers_only=layers_only,
        by_layer=by_layer,
    )
    return field(default=default, metadata={_KEY: found})


def same_option(cls: type, name: str, default: Any = ..., **changes: Any) -> Any:
    """Return a field that is an option as another class has it, but for its default and ``changes`` of `Option`.

    Parameters
    ----------
    cls, name
        The class, and its field.
    default
        Its default here; the other's if not given.
    """
    (there,) = (each for each in fields(cls) if each.name == name)
    said = replace(there.metadata[_KEY], **changes)
    return field(default=there.default if default is ... else default, metadata={_KEY: said})


def options_of(cls: type) -> Mapping[str, Option]:
    """Return the options of a class, by their names for users."""
    found: Mapping[str, Option] = _read_options(cls)
    return found


@functools.cache
def _read_options(cls: Any) -> Mapping[str, Option]:
    hints = typing.get_type_hints(cls)
    found: dict[str, Option] = {}
    for each in fields(cls):
        if _KEY in each.metadata:
            said, hint = each.metadata[_KEY], hints[each.name]
            if isinstance(hint, types.UnionType):
                (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
            is_several = typing.get_origin(hint) is tuple
            name = said.name or each.name
            found[name] = replace(
                said,
                name=name,
                field=each.name,
                default=each.default,
                type=typing.get_args(hint)[0] if is_several else hint,
                is_several=is_several,
                panel=getattr(cls, "PANEL", None),
            )
    return found


def options_given(cls: type[Options], given: Mapping[str, Any]) -> Options:
    """Return an instance of an option class, of what a user gave by names; ``None`` as the value: not given.

    Raises
    ------
    InputError
        There is no such option, it cannot have that value, or one is missing that must be given.
    """
    known, values = options_of(cls), {}
    for name, value in given.items():
        require_known("option", name, known)
        if value is not None:
            values[known[name].field] = known[name].parse(value, known[name].flag)
    for each in known.values():
        require(not each.is_required or each.field in values, f"{each.flag} is missing: {each.help}")
    return cls(**values)


def check_options(options: Any) -> None:
    """Refuse what is out of an option's range.

    Raises
    ------
    InputError
        A number is.
    """
    for each in options_of(type(options)).values():
        value = getattr(options, each.field)
        if not (value is None and each.default is None):
            each.check(value)


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
