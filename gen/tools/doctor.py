"""Which tools were found, whether they work, what is missing and how to get it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tospike.gen.tools.programs import SPECS, look
from tospike.gen.tools.tool import Tool
from tospike.gen.tools.trial_build import TRIALS, attempt


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
    """Return the state of every tool, in the order of their use."""
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
