"""Operation counts, hardware counters and gates side by side, part by part."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.energy.gates.parts import PARTS

TERM_PARTS: Mapping[str, tuple[str, ...]] = {
    "mac": ("mac", "sop", "bias_add", "compare", "operand_shift"),
    "neuron": ("requantize", "neuron_update", "spike"),
    "memories": (
        *("weight_read", "bias_read", "multiplier_read", "table_read", "state_read", "state_write"),
        *("activation_read", "activation_write", "memory_idle"),
    ),
    "queues": ("token", "queue_read", "queue_write"),
    "control": ("control",),
    "clock": ("clock_busy", "clock_idle"),
    "leakage": ("leakage",),
}
"""Terms of counts and counters (`tospike.compare.energy.levels.TERMS`) that belong to each part of the gates. Operands
that an array passes on are registers inside it; a spike includes its queue."""


@dataclass(frozen=True, kw_only=True)
class PartLevels:
    """One part of one design, in pJ per inference, with the prices of one technology."""

    part: str
    counts: float
    """By operation counts."""
    counters: float
    """By the hardware's counters."""
    zero: float
    """Gates without delays."""
    library: float
    """Gates with the library's delays."""


def part_levels(
    counts: Mapping[str, float], counters: Mapping[str, float], gates: Mapping[str, Mapping[str, float]]
) -> list[PartLevels]:
    """Return every part by counts, counters and gates.

    Parameters
    ----------
    counts, counters
        Mean pJ of each term.
    gates
        Mean pJ of each part, by delay model; a delay model that was not measured takes the figures of the other, as if
        there were no glitches.
    """
    known = {term for terms in TERM_PARTS.values() for term in terms}
    unknown = (set(counts) | set(counters)) - known
    assert not unknown, f"terms of no part: {unknown}"
    some = next(iter(gates.values()))
    zero, library = (gates.get(delays, some) for delays in ("zero", "library"))
    return [
        PartLevels(
            part=part,
            counts=sum(counts.get(term, 0.0) for term in TERM_PARTS[part]),
            counters=sum(counters.get(term, 0.0) for term in TERM_PARTS[part]),
            zero=zero[part],
            library=library[part],
        )
        for part in PARTS
    ]
