"""The objective of a folding: in a file of its own, so that reading options does not load the search."""

from enum import StrEnum


class Objective(StrEnum):
    """The quantity that a folding minimises."""

    LATENCY = "latency"
    """Cycles from a sample's first input beat to its last output beat, with no other sample in the pipeline."""
    THROUGHPUT = "throughput"
    """Cycles from one sample to the next."""
