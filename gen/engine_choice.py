"""Choose the engine of an ANN that fits a device: each kind is fitted, and the best by an objective wins."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import Fit, needs
from tospike.gen.fold.fit import DataflowFit
from tospike.gen.fold.objective import Objective
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError
from tospike.hw.params.devices import Device
from tospike.sim.cycles.back_to_back import interval
from tospike.sim.network import Network

AnyFit = Fit[Any] | DataflowFit
Fitter = Callable[[PlanOptions], AnyFit]
"""Fits one kind of engine to the device; raises `InputError` if nothing fits."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One kind of engine, fitted."""

    engine: Engine
    fitted: AnyFit
    interval: float
    """Cycles between answers of samples back to back."""

    @property
    def area(self) -> Area:
        """Predicted."""
        return self.fitted.area

    @property
    def cycles(self) -> int:
        """Of a sample alone."""
        return self.fitted.cycles

    def rank(self, objective: Objective) -> tuple[float, ...]:
        """Return what the best candidate has the least of."""
        first = (self.cycles, self.interval) if objective is Objective.LATENCY else (self.interval, self.cycles)
        return (*first, self.area.dsp, self.area.lut4)

    def describe(self) -> dict[str, Any]:
        """Return the candidate as JSON."""
        return {
            "engine": self.engine.value,
            "cycles": self.cycles,
            "interval": self.interval,
            "area": asdict(self.area),
        }


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """The best engine, and the others."""

    best: Candidate
    others: tuple[Candidate, ...]
    """Those that fit, too, the better ones first."""
    lacking: Mapping[Engine, str]
    """Those that do not, and why."""
    objective: Objective
    device: Device

    def refine(self, options: PlanOptions) -> PlanOptions:
        """Return the options with the best engine."""
        return replace(self.best.fitted.refine(options), engine=self.best.engine)

    def describe(self) -> dict[str, Any]:
        """Return the choice as JSON."""
        return {
            **self.best.fitted.describe(),
            "engine": self.best.engine.value,
            "objective": self.objective.value,
            "others": [other.describe() for other in self.others],
            "lacking": {engine.value: why for engine, why in self.lacking.items()},
        }

    def __str__(self) -> str:
        rest = [
            f"{other.engine.value} takes {other.cycles:,} cycles, a sample per {other.interval:,.0f}, "
            f"{needs(other.area, self.device)}"
            for other in self.others
        ] + [f"{engine.value} does not fit" for engine in self.lacking]
        return f"{self.best.engine.value} for {self.objective.value}: {self.best.fitted}; {'; '.join(rest)}"


def choose_engine(
    network: Network,
    options: PlanOptions,
    device: Device,
    fitters: Mapping[Engine, Fitter],
    *,
    objective: Objective,
) -> EngineChoice:
    """Return the best of the engines that fit a device.

    Parameters
    ----------
    network
        A quantised ANN.
    options
        What the user gave; no engine.
    fitters
        How to fit each kind of engine.

    Raises
    ------
    InputError
        None fits; the message has what the first of them lacks.
    """
    found: list[Candidate] = []
    lacking: dict[Engine, str] = {}
    for engine, fit in fitters.items():
        try:
            fitted = fit(replace(options, engine=engine))
            params = plan(network, replace(fitted.refine(options), engine=engine)).params
        except InputError as error:
            lacking[engine] = str(error)
        else:
            found.append(Candidate(engine=engine, fitted=fitted, interval=interval(params)))
    if not found:
        raise InputError(next(iter(lacking.values())))
    best, *others = sorted(found, key=lambda candidate: candidate.rank(objective))
    return EngineChoice(best=best, others=tuple(others), lacking=lacking, objective=objective, device=device)
