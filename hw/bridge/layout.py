"""Counter names of the bridges. Plain Python, no Amaranth."""

from tospike.hw.layout import MemoryShape
from tospike.hw.params.engines.bridge import BridgeParams


def counter_names(params: BridgeParams) -> tuple[str, ...]:
    """Return the fields of a bridge's ``counters``, in order.

    Incoming VALUEs and ENDs (``values``, ``samples``), words read by scans (``scanned``), and VALUEs ``sent``.
    """
    return ("values", "samples", "scanned", "sent")


def memories(params: BridgeParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents: none."""
    return ()
