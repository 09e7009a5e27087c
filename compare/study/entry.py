"""What a report says of a design from its golden model alone: cycles, operations, energy at levels 1 and 2."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tospike.compare.energy.activity import EngineActivity
from tospike.compare.energy.counted import counted_energy
from tospike.compare.energy.levels import differences
from tospike.compare.energy.model import EnergyModel, energy
from tospike.compare.energy.models import MODELS
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.operations import operation_model
from tospike.compare.energy.technology import Technology
from tospike.gen.prepare import Prepared
from tospike.sim.network import Array, Result
from tospike.tb.evaluate import distribution, mean_operations


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What operations and counters cost."""

    model: EnergyModel
    """Level 1."""
    technologies: tuple[Technology, ...]
    """Level 2: the first decides, all of them give the range."""


def golden_entry(
    prepared: Prepared, x: Array, result: Result, prices: Prices
) -> tuple[dict[str, Any], tuple[EngineActivity, ...]]:
    """The part of a design's entry in the report that needs no RTL, and what its engines did.

    Parameters
    ----------
    prepared
        The design.
    x
        (N, ...) samples of the data set.
    result
        What the golden model says of them.
    prices
        What they are priced with.
    """
    engines = engine_activities(prepared.design, prepared.integers(x), result)
    first = prices.technologies[0]
    energies = {
        technology.name: counted_energy(technology, prepared.design.params, result.counters, result.cycles).summary()
        for technology in prices.technologies
    }
    counted = energies[first.name]
    same_prices = energy(operation_model(first, source=first.description), engines)
    entry = {
        "cycles": distribution(result.cycles),
        "cycles_samples": result.cycles.tolist(),
        "operations": mean_operations(result),
        "energy_pj": energy(prices.model, engines).summary(),
        "counted_pj": {
            **counted,
            "technologies": {name: found["total"] for name, found in energies.items()},
            "technology_samples": {name: found["samples"] for name, found in energies.items()},
        },
        "levels": [
            asdict(difference)
            for difference in differences(
                {name: float(values.mean()) for name, values in same_prices.terms.items()}, counted["terms"]
            )
        ],
        "published_pj": published(engines),
        "choices": prepared.choices,
    }
    return entry, engines


def published(engines: Sequence[EngineActivity]) -> dict[str, float]:
    """Mean pJ by every published model."""
    return {name: float(energy(model, engines).total.mean()) for name, model in MODELS.items()}
