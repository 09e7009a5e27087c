"""The axes of a sweep: values for the fields of a point, of which every combination is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar

from tospike.compare.sweep.point import AXES, Point
from tospike.hw.params import Option, options_of, require, require_known


def grid(base: Point, axes: Mapping[str, Sequence[Any]]) -> tuple[Point, ...]:
    """Return every combination of the values of ``axes``, the last axis fastest; other fields as in ``base``.

    Raises
    ------
    InputError
        An axis is unknown, or has no or repeated values; or the hardware does not support a value.
    """
    for name, values in axes.items():
        require_known("axis", name, AXES)
        require(len(values) > 0, f"the axis {name} has no values")
        require(len(set(values)) == len(values), f"the axis {name} has a value twice")
    return tuple(replace(base, **dict(zip(axes, values, strict=True))) for values in product(*axes.values()))


def parse_values(name: str, text: str) -> tuple[Any, ...]:
    """Return ``4,8,16`` as values of the axis ``name``.

    Raises
    ------
    InputError
        A value does not have the type of the axis.
    """
    axis = options_of(Point)[name]
    return tuple(axis.parse(part.strip(), f"each value of {axis.flag}") for part in text.split(","))


class Axes:
    """The varied fields of a point; all others have their defaults.

    Parameters
    ----------
    given
        A value, or a string of comma-separated values, by field name; ``None``: not given.

    Raises
    ------
    InputError
        There is no such field, it takes only one value, or the value is invalid.
    """

    PANEL: ClassVar = "Layer and hardware: one value, or several separated by commas"
    ONE: ClassVar[frozenset[str]] = frozenset({"samples", "seed"})
    """Fields that take only one value."""
    LEFT_OUT: ClassVar[frozenset[str]] = frozenset()
    """Fields that cannot be chosen."""
    DEFAULTS: ClassVar[Mapping[str, str]] = {}
    """Defaults that differ from those of the point."""

    def __init__(self, given: Mapping[str, object]):
        known = self.options()
        for name in given:
            require_known("axis", name, known)
        self.given = {name: f"{value}" for name, value in given.items() if value is not None}
        chosen = {**self.DEFAULTS, **self.given}
        self.values = {name: parse_values(name, chosen[name]) for name in known if name in chosen}
        """The values of each given field."""
        for name in self.ONE & self.values.keys():
            require(len(self.values[name]) == 1, f"{known[name].flag} takes one value, not {chosen[name]!r}")

    @classmethod
    def options(cls) -> Mapping[str, Option]:
        """Return the fields that can be chosen, as options; those with several values are strings."""
        return {
            name: replace(
                each,
                type=each.type if name in cls.ONE else str,
                default=None,
                unset=cls.DEFAULTS.get(name, each.shown),
                metavar=None if name in cls.ONE else "A,B,...",
                panel=None if name in cls.ONE else cls.PANEL,
            )
            for name, each in options_of(Point).items()
            if name not in cls.LEFT_OUT
        }

    @property
    def points(self) -> tuple[Point, ...]:
        """Every combination of values, see `grid`."""
        return grid(Point(), self.values)

    @property
    def varied(self) -> list[str]:
        """The fields with several values."""
        return [name for name, values in self.values.items() if len(values) > 1]
