"""Energy per second of a design that answers now and then, and idles in between.

A *look* is an answer for the window of the stream that ends now. In a second, a design does the work of its looks (and,
if it carries state, of the time steps between them), and is idle for the rest, in one of four modes::

    clocked     the clock runs: clock energy and deselected memories in every idle cycle, all leakage
    gated       no clock: all leakage
    retention   memories and flip-flops keep their contents at a fraction of their leakage, logic is off
    off         nothing leaks, but the weights are loaded again at each look; impossible with carried state

Energies are in picojoules, powers in nanowatts (1 nW for 1 s is 1 nJ), results in microjoules per second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params import require

CLOCKS_MHZ = (0.1, 1.0, 10.0, 100.0)
"""Clocks to choose from."""
RETENTION = 0.1
"""Leakage of memories and flip-flops that only keep their contents, as a fraction of that at work."""


class Idle(StrEnum):
    """What a design does between its looks."""

    CLOCKED = "clocked"
    GATED = "gated"
    RETENTION = "retention"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Load:
    """Work of a design in a second of stream, leakage apart."""

    looks: float
    pj: float
    """Energy of the work, with the clock in the cycles of the work."""
    cycles: float
    """Cycles with work."""
    longest: float
    """Cycles from the last input of a look to its answer, at most."""
    spacing_us: float
    """Shortest time between two inputs that are worked on: looks, or if state is carried steps."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """What a design costs whether or not it works."""

    idle_pj: float
    """Of a cycle without work in which the clock runs."""
    leakage_nw: float
    retained_nw: float
    """The part of the leakage that memories and flip-flops cause."""
    reload_pj: float
    """To load all weights again."""
    carries_state: bool


@dataclass(frozen=True, kw_only=True)
class Power:
    """A design at one clock and in one idle mode."""

    idle: Idle
    clock_mhz: float
    microjoules_per_second: float
    busy: float
    """Fraction of the time with work."""
    answer_us: float
    """From the last input of a look to its answer, at most."""


def power(
    load: Load, circuit: Circuit, *, clock_mhz: float, idle: Idle, retention: float = RETENTION, leakage: float = 1.0
) -> Power | None:
    """Return the energy per second at a clock; ``None``: the design cannot keep up, or cannot idle in that mode.

    Parameters
    ----------
    retention
        As `RETENTION`.
    leakage
        Factor of all leakage, to vary it.
    """
    answer_us = load.longest / clock_mhz
    if answer_us > load.spacing_us or (idle is Idle.OFF and circuit.carries_state):
        return None
    busy = load.cycles / (clock_mhz * 1e6)
    resting = 1 - busy
    static_nj = {
        Idle.CLOCKED: circuit.leakage_nw,
        Idle.GATED: circuit.leakage_nw,
        Idle.RETENTION: circuit.leakage_nw * busy + retention * circuit.retained_nw * resting,
        Idle.OFF: circuit.leakage_nw * busy,
    }[idle]
    more_pj = {
        Idle.CLOCKED: circuit.idle_pj * resting * clock_mhz * 1e6,
        Idle.OFF: circuit.reload_pj * load.looks,
    }.get(idle, 0.0)
    return Power(
        idle=idle,
        clock_mhz=clock_mhz,
        microjoules_per_second=(load.pj + more_pj) / 1e6 + leakage * static_nj / 1e3,
        busy=busy,
        answer_us=answer_us,
    )


def cheapest(
    load: Load,
    circuit: Circuit,
    idle: Idle,
    *,
    within_us: float,
    clocks_mhz: Sequence[float] = CLOCKS_MHZ,
    leakage: float = 1.0,
) -> Power | None:
    """Return the clock that costs least energy and answers ``within_us``, the slowest of equal ones.

    ``None``: no clock does.
    """
    require(bool(clocks_mhz), "no clock is given")
    found = [
        each
        for clock in sorted(clocks_mhz)
        if (each := power(load, circuit, clock_mhz=clock, idle=idle, leakage=leakage)) and each.answer_us <= within_us
    ]
    return min(found, key=lambda each: each.microjoules_per_second, default=None)


def crossover(rates: Sequence[float], one: Sequence[float | None], other: Sequence[float | None]) -> float | None:
    """Return the rate from which on ``one`` costs less than ``other``; ``None``: it does not at the highest rate.

    Between two rates that were measured, both costs are taken as straight lines; the lowest rate stands for all below.

    Parameters
    ----------
    rates
        Ascending.
    one, other
        Costs at the rates; ``None``: impossible, and not compared.
    """
    costs = [(rate, a, b) for rate, a, b in zip(rates, one, other, strict=True)]
    found: float | None = None
    for (rate, a, b), (before, a0, b0) in zip(reversed(costs), [*reversed(costs[:-1]), costs[0]], strict=True):
        if a is None or b is None or a >= b:
            break
        found = rate
        if a0 is not None and b0 is not None and a0 >= b0 and rate > before:
            found = before + (rate - before) * (a0 - b0) / ((a0 - b0) + (b - a))
            break
    return found
