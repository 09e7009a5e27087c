"""What was measured over what is modelled: the energy of an inference above idle, and the power between inferences.

::

    watts   |        _________           _________
            |       |         |         |         |       above idle
            |_______|         |_________|         |_______
            |  idle    samples    idle    samples   idle

In each round, the mean of the idle phases on both sides is subtracted from the power while samples run, so that slow
drift cancels. The interval is Student's over the rounds, at 95 %, widened by the error of the meter's gain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tospike.compare.energy.calibration import Interval
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.fpga import FpgaTechnology
from tospike.compare.stream.designs import circuit
from tospike.hw.params import InputError, require
from tospike.sim.accelerator import run
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.tb.power.phases import Phase
from tospike.tb.power.readings import Readings

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Modelled:
    """What the uncalibrated prices say of a design."""

    above_idle_pj: float
    """Mean energy of an inference, less that of as many cycles without work."""
    idle_pj: float
    """Of a cycle without work, without static power."""
    static_mw: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What the readings say of it."""

    idle_mw: float
    running_mw: float
    samples: int
    seconds: float
    """Of the phases in which samples ran."""
    joules: NDArray[np.float64]
    """Per inference above idle, by round."""
    idle_watts: NDArray[np.float64]
    """By idle phase."""


def model_energy(technology: FpgaTechnology, design: Design, x: Array) -> Modelled:
    """Return what a technology's prices say of a design, for (N, ...) samples as it receives them."""
    result, params = run(design, x), design.params
    energy = counter_energy(technology, params, result.counters, result.cycles)
    rest = circuit(technology, params, result.counters, carries=False)
    above = energy.total - energy.static - rest.idle_pj * result.cycles
    return Modelled(above_idle_pj=float(above.mean()), idle_pj=rest.idle_pj, static_mw=rest.leakage_nw / 1e6)


def measure(phases: Sequence[Phase], readings: Readings) -> Measured:
    """Return the mean powers of phases, and the energy of an inference in each round.

    Raises
    ------
    InputError
        Phases do not alternate, or overlap, no sample ran, or the readings do not cover a phase.
    """
    good = len(phases) >= 5 and len(phases) % 2 == 1
    good = good and all((phase.samples > 0) == (number % 2 == 1) for number, phase in enumerate(phases))
    require(good, "the phases must be idle and running in turn, idle at both ends, with two rounds at least")
    for earlier, later in pairwise(phases):
        require(
            earlier.end <= later.begin,
            f"phases must follow each other: one ends at {earlier.end:.3f} s, the next begins at {later.begin:.3f} s",
        )
    watts = np.array([readings.mean(phase.begin, phase.end) for phase in phases])
    idle, running = watts[::2], watts[1::2]
    active = phases[1::2]
    seconds = np.array([phase.seconds for phase in active])
    samples = np.array([phase.samples for phase in active])
    return Measured(
        idle_mw=1000 * float(idle.mean()),
        running_mw=1000 * float(running.mean()),
        samples=int(samples.sum()),
        seconds=float(seconds.sum()),
        joules=(running - (idle[:-1] + idle[1:]) / 2) * seconds / samples,
        idle_watts=idle,
    )


def dynamic(measured: Measured, modelled: Modelled, accuracy: float) -> Interval:
    """Return the measured energy of an inference above idle over the modelled one.

    Raises
    ------
    InputError
        It cannot be told from 0.
    """
    found = _interval(1e12 * measured.joules / modelled.above_idle_pj, accuracy)
    if found is None:
        spread = 1e9 * float(measured.joules.std(ddof=1))
        raise InputError(
            f"the power of samples is lost in the noise: {1e9 * float(measured.joules.mean()):.3g} nJ per inference "
            f"above idle, and {spread:.3g} nJ between rounds: give more --rounds and --seconds, or a finer meter"
        )
    return found


def idle(measured: Measured, modelled: Modelled, accuracy: float, clock_mhz: float) -> Interval:
    """Return the measured power between inferences over the modelled one: static power and clock.

    Raises
    ------
    InputError
        It cannot be told from 0.
    """
    milliwatts = modelled.static_mw + modelled.idle_pj * clock_mhz / 1000  # pJ times MHz are uW
    found = _interval(1000 * measured.idle_watts / milliwatts, accuracy)
    if found is None:
        raise InputError(f"the idle power of {measured.idle_mw:.3g} mW cannot be told from 0: check the meter")
    return found


def _interval(values: NDArray[np.float64], accuracy: float) -> Interval | None:
    """Return mean and confidence interval of ratios; ``None``: it reaches 0."""
    mean = float(values.mean())
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    low, high = (mean - reach) / (1 + accuracy), (mean + reach) / (1 - accuracy)
    return Interval(ratio=mean, low=low, high=high) if low > 0 else None
