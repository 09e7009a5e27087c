"""Report which tools were found, whether they work, and how to get missing ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from tospike.gen.tools.programs import SPECS, look
from tospike.gen.tools.tool import Tool
from tospike.gen.tools.trial_build import TRIALS, attempt


@dataclass(frozen=True, kw_only=True)
class ToolStatus:
    """The state of a tool."""

    name: str
    purpose: str
    optional: bool
    tool: Tool | None
    advice: str
    """What to do if the tool is missing; empty if it is not."""

    @property
    def is_fine(self) -> bool:
        """Whether the tool was found, or is optional."""
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
    """The result of a small build."""

    name: str
    problem: str
    """Empty if it worked."""


def try_all() -> Iterator[Trial]:
    """Try the tools on small builds, one per purpose."""
    for name in TRIALS:
        yield Trial(name=name, problem=attempt(name))
