"""What the encoders' counters are called. Plain Python, no Amaranth."""

from tospike.hw.layout import MemoryShape
from tospike.hw.params import DeltaParams, EncoderParams

TOKENS = ("values", "ticks", "samples")
"""Tokens that go out; ``samples``: ENDs."""


def counter_names(params: EncoderParams) -> tuple[str, ...]:
    """Return the fields of an encoder's ``counters``, in order: tokens that go out."""
    return TOKENS


def delta_counter_names(params: DeltaParams) -> tuple[str, ...]:
    """Return the counters of a delta encoder: tokens that go out, and values that were stored (``written``)."""
    return (*TOKENS, "written")


def memories(params: EncoderParams | DeltaParams) -> tuple[MemoryShape, ...]:
    """Return the memories that contents fill: none."""
    return ()
