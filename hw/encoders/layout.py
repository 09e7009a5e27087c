"""Counter names of the encoders. Plain Python, no Amaranth."""

from tospike.hw.layout import MemoryShape
from tospike.hw.params import DeltaParams, EncoderParams

TOKENS = ("values", "ticks", "samples")
"""Tokens sent; ``samples`` are ENDs."""


def counter_names(params: EncoderParams) -> tuple[str, ...]:
    """Return the fields of an encoder's ``counters``, in order: tokens sent."""
    return TOKENS


def delta_counter_names(params: DeltaParams) -> tuple[str, ...]:
    """Return the fields of a delta encoder's ``counters``, in order: tokens sent, and values ``written`` to memory."""
    return (*TOKENS, "written")


def memories(params: EncoderParams | DeltaParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents: none."""
    return ()
