"""The steps in which a layer fires, where that is not in all of them."""

from dataclasses import dataclass

from tospike.hw.params.check import require_range

MAX_STEPS = 1 << 16
"""Of a sample whose steps a layer counts."""


@dataclass(frozen=True, kw_only=True)
class FiringPhase:
    """A layer accumulates first, adds its bias once, and fires afterwards, so that it answers all that it received.

    ::

        step          0 ...    first - 1 | first ... first + steps - 1 | ...
        events     accumulate            | accumulate, too             |
        TICK       passes                | update: fire and reset      | passes

    It sends at most ``steps`` spikes, in whatever order its input came: a quantised activation function. The firing
    phase of a layer is the accumulating phase of the next one.
    """

    first: int
    """Steps before the phase."""
    steps: int
    """Steps of the phase; 0: it never fires, and its membranes are read at the END."""

    def __post_init__(self) -> None:
        require_range("first step of the firing phase", self.first, 0, MAX_STEPS)
        require_range("steps of the firing phase", self.steps, 0, MAX_STEPS)

    @property
    def end(self) -> int:
        """The first step after the phase."""
        return self.first + self.steps

    def covers(self, step: int) -> bool:
        """Return whether the layer fires at the end of a step, counted from 0."""
        return self.first <= step < self.end
