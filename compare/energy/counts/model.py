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
    "state_read",
    "state_write",
    "activation_read",
    "activation_write",
)
"""Terms that are accesses to a memory; all others compute or move."""

Terms = dict[str, Counts]
"""pJ per sample, (N,) each, by the names of the operations."""


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """A published rule: its constants, and the energy of one engine.

    What no operation count sees is not in it: clock, idle cycles, leakage, control, wires, pipeline registers.
    """

    name: str
    source: str
    constants: Mapping[str, Constant]
    charge: Callable[[EngineActivity], Terms]
    """pJ of each term; operations that it does not return are not priced."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Breakdown:
    """Energy per sample and term: picojoules, one (N,) array for each operation that is priced."""

    model: str
    terms: Terms
    prices: dict[str, float]
    """Mean pJ of one operation, for those that the golden model counts: engines of other widths have other prices."""
    unpriced: tuple[str, ...]
    """Operations that were counted but have no price in this model."""

    @property
    def compute(self) -> Counts:
        """(N,) pJ of everything that is no memory access."""
        return self.total - self.memory

    @property
    def memory(self) -> Counts:
        """(N,) pJ of the memory accesses."""
        zero = np.zeros_like(self.total)
        return sum((self.terms[name] for name in MEMORY_OPERATIONS if name in self.terms), zero)

    @property
    def total(self) -> Counts:
        """(N,) pJ of everything."""
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
    """Add up terms of the same name."""
    total: Terms = {}
    for part in parts:
        for name, values in part.items():
            total[name] = total[name] + values if name in total else values
    return total


def per_layer(price: Callable[[LayerActivity], Terms]) -> Callable[[EngineActivity], Terms]:
    """Return a ``charge`` from a rule that knows layers, not engines: an encoder costs nothing in it."""
    return lambda engine: sum_terms(price(layer) for layer in engine.layers)


def energy(model: EnergyModel, engines: Sequence[EngineActivity]) -> Breakdown:
    """Price what the engines of a design did, each with the prices of its own widths and memories.

    Raises
    ------
    InputError
        If nothing has a price, or a count is negative or not finite.
    """
    counts = sum_terms(engine.counts() for engine in engines)
    terms = sum_terms(model.charge(engine) for engine in engines)
    unpriced = tuple(sorted(set(counts) - set(terms)))
    require(len(terms) > 0, f"energy model {model.name} has a price for none of: {', '.join(unpriced) or 'nothing'}")
    prices = {
        name: float(values.sum() / counts[name].sum())
        for name, values in terms.items()
        if name in counts and counts[name].sum() > 0
    }
    return Breakdown(model=model.name, terms=terms, prices=prices, unpriced=unpriced)
