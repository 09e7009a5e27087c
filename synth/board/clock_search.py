"""Search for the highest clock at which a design closes timing.

::

    all seeds at the start --> fmax of the best --> highest clock below it --> seeds until one closes --> ...

A route at one clock tells what to expect of the next, but each has another netlist (PLL, serial port), so only its own
route proves it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tospike.synth.board.clock import Clock

ROUNDS = 6
"""Most clocks to try."""
_GAIN = 1.02
"""Least ratio of a clock to one that closes for which it is worth another round."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A routed design."""

    clock: Clock
    seed: int
    fmax_mhz: float

    @property
    def margin(self) -> float:
        """By how much the frequency after routing exceeds the clock, relatively."""
        return self.fmax_mhz / self.clock.mhz - 1

    @property
    def slack_ns(self) -> float:
        """By how much the longest path is shorter than the clock's period."""
        return 1e3 / self.clock.mhz - 1e3 / self.fmax_mhz


Route = Callable[[Clock, Sequence[int]], Sequence[Attempt]]
"""Routes with several seeds at the same time."""


def first_to_close(
    clock: Clock, seeds: Sequence[int], route: Route, *, margin: float, jobs: int, alone: int = 0
) -> list[Attempt]:
    """Try seeds, as many as ``jobs`` at a time, the first ``alone`` ones one by one, until one closes.

    Return all attempts, the one that closes best first.
    """
    attempts: list[Attempt] = []
    while len(attempts) < len(seeds) and not any(each.margin >= margin for each in attempts):
        size = 1 if len(attempts) < alone else jobs
        attempts += route(clock, seeds[len(attempts) : len(attempts) + size])
    return sorted(attempts, key=lambda each: -each.fmax_mhz)


def highest(
    clocks: Sequence[Clock], start: Clock, seeds: Sequence[int], route: Route, *, margin: float, jobs: int
) -> tuple[Attempt | None, list[Attempt]]:
    """Return the attempt with the highest clock of ``clocks`` that closes, or ``None``, and all attempts.

    Parameters
    ----------
    clocks
        In ascending order.
    start
        Where to begin, with all seeds.
    margin
        Least ratio of the frequency after routing to the clock, minus one.
    """
    best: Attempt | None = None
    attempts: list[Attempt] = []
    tried: list[float] = []
    clock: Clock | None = start
    while clock is not None and len(tried) < ROUNDS:
        tried.append(clock.mhz)
        made = sorted(
            route(clock, seeds) if not attempts else first_to_close(clock, seeds, route, margin=margin, jobs=jobs),
            key=lambda each: -each.fmax_mhz,
        )
        attempts += made
        if made[0].margin >= margin:
            best = made[0]
        known = [each.seed for each in made]
        seeds = [*known, *(seed for seed in seeds if seed not in known)]  # the most promising first
        reach, floor = made[0].fmax_mhz / (1 + margin), best.clock.mhz * _GAIN if best else 0
        candidates = [each for each in clocks if floor < each.mhz <= reach and each.mhz not in tried]
        clock = candidates[-1] if candidates else None
    return best, attempts
