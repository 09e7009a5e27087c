"""Where operation counts mislead: operation counts against hardware counters, term by term, with one technology.

A study prices inferences at up to three levels: operation counts, hardware counters (activity) and gates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The basis of an energy estimate."""

    COUNTS = "counts"
    """Operation counts of the golden model."""
    COUNTERS = "counters"
    """The hardware's counters."""
    GATES = "gates"
    """A simulation of the netlist."""


TERMS: Mapping[str, str] = {
    "mac": "multiply-accumulates",
    "requantize": "requantisations",
    "compare": "comparisons of maxima",
    "sop": "synaptic additions",
    "bias_add": "biases added",
    "neuron_update": "neuron updates",
    "spike": "spikes and their queues",
    "weight_read": "weights read",
    "bias_read": "biases read",
    "multiplier_read": "multipliers read",
    "table_read": "tables of activations read",
    "state_read": "states or results read",
    "state_write": "states or results written",
    "activation_read": "activations read",
    "activation_write": "activations written",
    "operand_shift": "operands passed on in the array",
    "token": "tokens on the links",
    "control": "descriptors read",
    "memory_idle": "memories, unused reads",
    "clock_busy": "clock, engine busy",
    "clock_idle": "clock, idle and host",
    "leakage": "leakage",
}
"""Labels of the terms, in the order of the page. The hardware's counters have a term for the queue of spikes; here it
is part of ``spike``."""
_JOINED = {"queue_read": "spike", "queue_write": "spike"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One term of one design, in pJ per inference."""

    term: str
    counts: float
    """By the golden model's operation counts."""
    counters: float
    """By the hardware's counters."""

    @property
    def difference(self) -> float:
        """What operation counts miss; negative where they charge too much."""
        return self.counters - self.counts


def differences(counts: Mapping[str, float], counters: Mapping[str, float]) -> Sequence[Difference]:
    """Return every term of either level; they add up to the two totals."""
    sides = []
    for terms in (counts, counters):
        joined: dict[str, float] = {}
        for name, value in terms.items():
            joined[_JOINED.get(name, name)] = joined.get(_JOINED.get(name, name), 0.0) + value
        sides.append(joined)
    names = [*TERMS, *sorted((set(sides[0]) | set(sides[1])) - set(TERMS))]
    return tuple(
        Difference(term=name, counts=sides[0].get(name, 0.0), counters=sides[1].get(name, 0.0))
        for name in names
        if sides[0].get(name) or sides[1].get(name)
    )
