"""Energy models: from the operation counts of engines to energy, term by term."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tospike.compare.energy.activity import Counts, EngineActivity, LayerActivity
from tospike.compare.energy.constant import Constant
from tospike.compare.energy.summary import OperationEnergyReport, mean_terms, spread
from tospike.hw.params import require

MEMORY_OPERATIONS = (
    "weight_read",
    "bias_read",
    "multiplier_read",
    "table_read",
    "state_read",
    "state_write",
    "activation_read",
    "activation_write",
)
"""Terms that are memory accesses; all others are computation or transfer."""

Terms = dict[str, Counts]
"""pJ per sample, (N,) each, by the names of the operations."""


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """A published rule: its constants, and the energy of one engine.

    It excludes what operation counts do not include: clock, idle cycles, leakage, control, wires, pipeline registers.
    """

    name: str
    source: str
    constants: Mapping[str, Constant]
    charge: Callable[[EngineActivity], Terms]
    """Function from an engine's activity to the pJ of each term; operations without a term are not priced."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Breakdown:
    """Energy per sample and term: (N,) picojoules for each priced operation."""

    model: str
    terms: Terms
    prices: dict[str, float]
    """Mean pJ of each operation that the golden model counts; prices depend on the engines' widths."""
    unpriced: tuple[str, ...]
    """Operations that were counted, but have no price in this model."""

    @property
    def compute(self) -> Counts:
        """(N,) pJ of everything except memory accesses."""
        return self.total - self.memory

    @property
    def memory(self) -> Counts:
        """(N,) pJ of the memory accesses."""
        zero = np.zeros_like(self.total)
        return sum((self.terms[name] for name in MEMORY_OPERATIONS if name in self.terms), zero)

    @property
    def total(self) -> Counts:
        """(N,) total pJ."""
        return np.sum(list(self.terms.values()), axis=0)

    def summary(self) -> OperationEnergyReport:
        """Return ``energy_pj`` of a report: means per inference, and percentiles over samples."""
        return OperationEnergyReport(
            **spread(self.total),
            model=self.model,
            compute=float(self.compute.mean()),
            memory=float(self.memory.mean()),
            terms=mean_terms(self.terms),
            prices=self.prices,
            unpriced=self.unpriced,
        )


def sum_terms(parts: Iterable[Terms]) -> Terms:
    """Sum terms of the same name."""
    total: Terms = {}
    for part in parts:
        for name, values in part.items():
            total[name] = total[name] + values if name in total else values
    return total


def per_layer(price: Callable[[LayerActivity], Terms]) -> Callable[[EngineActivity], Terms]:
    """Return a ``charge`` from a rule for layers instead of engines; encoders then cost nothing."""
    return lambda engine: sum_terms(price(layer) for layer in engine.layers)


def energy(model: EnergyModel, engines: Sequence[EngineActivity]) -> Breakdown:
    """Return the energy of a design's engines, each priced with its own widths and memories.

    Raises
    ------
    InputError
        Nothing has a price, or a count is negative or not finite.
    """
    counts = sum_terms(engine.counts() for engine in engines)
    terms = sum_terms(model.charge(engine) for engine in engines)
    unpriced = tuple(sorted(set(counts) - set(terms)))
    require(len(terms) > 0, f"energy model {model.name} has no price for any of: {', '.join(unpriced) or 'nothing'}")
    prices = {
        name: float(values.sum() / counts[name].sum())
        for name, values in terms.items()
        if name in counts and counts[name].sum() > 0
    }
    return Breakdown(model=model.name, terms=terms, prices=prices, unpriced=unpriced)
