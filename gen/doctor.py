"""``tospike doctor``: which tools were found, whether they work, what is missing and how to get it."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.table import Table

from tospike.gen.tool import Tool
from tospike.gen.tools import SPECS, look
from tospike.gen.trial_build import TRIALS, attempt


@dataclass(frozen=True, kw_only=True)
class ToolStatus:
    """One line of the list."""

    name: str
    purpose: str
    optional: bool
    tool: Tool | None
    advice: str
    """What to do when the tool is missing; empty when it is not."""

    @property
    def is_fine(self) -> bool:
        """Whether the tool is there, or nobody needs it."""
        return self.tool is not None or self.optional


def doctor() -> list[ToolStatus]:
    """The state of every tool, in the order of their use."""
    states = []
    for name, spec in SPECS.items():
        tool, advice = look(name)
        states.append(ToolStatus(name=name, purpose=spec.purpose, optional=spec.optional, tool=tool, advice=advice))
    return states


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Something small that was really done."""

    name: str
    problem: str
    """Empty when it worked."""


def try_all() -> Iterator[Trial]:
    """Use the tools on something small, one purpose at a time."""
    for name in TRIALS:
        yield Trial(name=name, problem=attempt(name))


def render(states: list[ToolStatus]) -> Table:
    """The list as a table for a terminal; it tells everything without colour too."""
    table = Table(title="tospike doctor", title_justify="left")
    for heading in ("tool", "version", "from", "for", "to do"):
        table.add_column(heading, overflow="fold")
    for state in states:
        if state.tool is not None:
            style, version, source = "", state.tool.version, state.tool.source
        else:
            style, version, source = ("dim", "not found (optional)", "") if state.optional else ("red", "MISSING", "")
        table.add_row(state.name, version, source, state.purpose, state.advice, style=style)
    return table
