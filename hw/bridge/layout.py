"""What the bridges' counters are called. Plain Python, no Amaranth."""

from tospike.hw.layout import MemoryShape
from tospike.hw.params.engines.bridge import BridgeParams


def counter_names(params: BridgeParams) -> tuple[str, ...]:
    """Return the fields of a bridge's ``counters``, in order.

    VALUEs and ENDs that came in (``values``, ``samples``), words that were read to be sent (``scanned``), VALUEs that
    went out (``sent``).
    """
    return ("values", "samples", "scanned", "sent")


def memories(params: BridgeParams) -> tuple[MemoryShape, ...]:
    """Return the memories that contents fill: none."""
    return ()
