"""Parts of engines that take beats or words, as the timing of dataflow engines sees them: see
`tospike.sim.dataflow.timing`."""

from typing import Protocol

BEFORE = -(1 << 40)
"""Long ago."""


class Stage(Protocol):
    """A part of an engine that takes beats or words."""

    def take(self, offer: int) -> int:
        """Return the cycle in which the next one is taken, if it is offered from cycle ``offer`` on."""
