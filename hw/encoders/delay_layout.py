"""Memory contents and counter names of the delay engine. Plain Python, no Amaranth."""

from collections.abc import Sequence

from tospike.hw.layout import MemoryShape
from tospike.hw.params import DelayParams, require


def counter_names(params: DelayParams) -> tuple[str, ...]:
    """Return the fields of the engine's ``counters``, in order.

    Incoming tokens (``values``, ``ticks``, and ENDs as ``samples``), entries read from the ring buffer (``scanned``),
    and VALUEs ``sent``.
    """
    return ("values", "ticks", "samples", "scanned", "sent")


def memories(params: DelayParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents: the ``delays`` of the inputs."""
    return (MemoryShape(name="delays", width=params.longest.bit_length(), depth=params.inputs),)


def pack(params: DelayParams, delays: Sequence[int]) -> dict[str, list[int]]:
    """Return the memory's contents from (inputs,) ``delays`` in time steps.

    Raises
    ------
    InputError
        A shape or a value does not fit.
    """
    require(
        len(delays) == params.inputs and all(0 <= delay <= params.longest for delay in delays),
        f"a delay engine takes {params.inputs} delays from 0 to {params.longest}, not {list(delays)}",
    )
    return {"delays": [int(delay) for delay in delays]}
