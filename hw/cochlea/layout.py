"""Counter names and schedule of the cochlea. Plain Python, no Amaranth."""

from tospike.hw.layout import MemoryShape
from tospike.hw.params import CochleaParams

LEAST_PASS = 7
"""Cycles from reading a word of a section to reading what the next section, or sample, makes of it."""


def section_pass(params: CochleaParams) -> int:
    """Return the cycles in which one section of all channels is computed: two for each group."""
    return max(2 * params.groups, LEAST_PASS)


def sample_cycles(params: CochleaParams) -> int:
    """Return the cycles between two samples of sound: one takes the sample."""
    return params.sections * section_pass(params) + 1


def counter_names(params: CochleaParams) -> tuple[str, ...]:
    """Return the fields of a cochlea's ``counters``, in order: tokens sent, and samples of sound ``heard``."""
    return ("values", "ticks", "samples", "heard")


def memories(params: CochleaParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents that the network determines: none."""
    return ()
