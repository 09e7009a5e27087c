"""Where counting operations misleads: level 1 against level 2, term by term, with the prices of one technology."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    "state_read": "states or results read",
    "state_write": "states or results written",
    "activation_read": "activations read",
    "activation_write": "activations written",
    "operand_shift": "operands passed on in the array",
    "token": "tokens on the links",
    "control": "descriptors read",
    "clock_busy": "clock, engine busy",
    "clock_idle": "clock, idle and host",
    "leakage": "leakage",
}
"""Terms of both levels in words, in the order of the page. A spike's queue is a term of its own at level 2: they are
taken together here."""
_JOINED = {"queue_read": "spike", "queue_write": "spike"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One term of one design, in pJ per inference."""

    term: str
    counted: float
    """Level 1: the golden model's operations."""
    measured: float
    """Level 2: the hardware's counters."""

    @property
    def difference(self) -> float:
        """What level 1 does not see; negative where it sees too much."""
        return self.measured - self.counted


def differences(counted: Mapping[str, float], measured: Mapping[str, float]) -> Sequence[Difference]:
    """Return every term of either level; together they are the two totals."""
    sides = []
    for terms in (counted, measured):
        joined: dict[str, float] = {}
        for name, value in terms.items():
            joined[_JOINED.get(name, name)] = joined.get(_JOINED.get(name, name), 0.0) + value
        sides.append(joined)
    names = [*TERMS, *sorted((set(sides[0]) | set(sides[1])) - set(TERMS))]
    return tuple(
        Difference(term=name, counted=sides[0].get(name, 0.0), measured=sides[1].get(name, 0.0))
        for name in names
        if sides[0].get(name) or sides[1].get(name)
    )
