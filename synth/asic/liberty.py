"""Parse Liberty text into groups: syntax only.

::

    cell (INVX1) { area : 16; pin(A) { capacitance : 0.0094; } values ("1, 2", "3, 4"); }
    ^ kind ^ args  ^ attribute     ^ group inside              ^ complex attribute
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tospike.hw.params import InputError

_NOISE = re.compile(r"/\*.*?\*/|//[^\n]*|\\\s*\n", re.DOTALL)
_STATEMENT = re.compile(
    r"""\s*;*\s*(?:
        (?P<kind>\w+)\s*\((?P<args>(?:"[^"]*"|[^()"])*)\)\s*(?P<opens>\{)? |
        (?P<name>\w+)\s*:\s*(?P<value>"[^"]*"|[^;\n}]*) |
        (?P<closes>\})
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """``kind (args) { ... }``."""

    kind: str
    args: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    """Simple attributes; the last of several with the same name."""
    complex: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def of(self, kind: str) -> Iterator["Group"]:
        """Yield the inner groups of one kind."""
        return (group for group in self.groups if group.kind == kind)

    def number(self, name: str, default: float = 0.0) -> float:
        """Return a simple attribute as a number.

        Raises
        ------
        InputError
            The attribute is not a number.
        """
        try:
            return float(self.attributes.get(name, default))
        except ValueError:
            raise InputError(
                f"the Liberty file's {self.kind} {' '.join(self.args)} has {name} {self.attributes[name]!r}, "
                "which is not a number"
            ) from None


def parse_liberty(text: str) -> Group:
    """Return the ``library`` group.

    Raises
    ------
    InputError
        The text is truncated or has an invalid statement.
    """
    text = _NOISE.sub(" ", text)
    file = Group(kind="file", args=())
    open_groups = [file]
    position = 0
    while match := _STATEMENT.match(text, position):
        position = match.end()
        here = open_groups[-1]
        if match["closes"]:
            if here is file:
                break
            open_groups.pop()
        elif match["name"]:
            here.attributes[match["name"]] = _plain(match["value"])
        elif match["opens"]:
            group = Group(kind=match["kind"], args=_split(match["args"]))
            here.groups.append(group)
            open_groups.append(group)
        else:
            here.complex[match["kind"]] = _split(match["args"])
    rest = text[position:].strip(" \t\r\n;")
    library = next(file.of("library"), None)
    if rest or len(open_groups) > 1 or library is None:
        where = f"at {rest[:40]!r}" if rest else "where it ends"
        raise InputError(f"the Liberty file cannot be read {where}")
    return library


def _plain(value: str) -> str:
    return value.strip().strip('"').strip()


def _split(args: str) -> tuple[str, ...]:
    """Return the arguments; those in quotes may contain commas."""
    return tuple(_plain(item) for item in re.findall(r'"[^"]*"|[^,\s"][^,"]*', args))
