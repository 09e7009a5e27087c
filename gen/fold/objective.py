"""What a folding is to be best at: alone, because whoever reads options needs no search."""

from enum import StrEnum


class Objective(StrEnum):
    """What a folding is to be best at."""

    LATENCY = "latency"
    """Cycles from a sample's first input beat to its last output beat, with no other sample in the pipeline."""
    THROUGHPUT = "throughput"
    """Cycles from one sample to the next."""
