"""Latencies, counters and memory contents of the pooling engine. Plain Python, no Amaranth.

``channels``
    As of the dataflow engine, for the sums of a pool; a maximum has none.
"""

from tospike.hw.dataflow import layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import DataflowPoolParams


def counter_names(params: DataflowPoolParams) -> tuple[str, ...]:
    """Return the counters of the engine: totals since ``clear``.

    ``frames``
        Windows that were pooled.
    ``words``
        Cycles in which a word of a window is read.
    ``beats``
        Beats of results.
    """
    return ("frames", "words", "beats")


def delay(params: DataflowPoolParams) -> int:
    """Return the cycles from the issue of a group's last word to its sums, or maxima."""
    return layout.OPERAND_LATENCY + layout.SELECT_LATENCY + (params.layer.words > 1)


def memories(params: DataflowPoolParams) -> tuple[MemoryShape, ...]:
    """Return the memories with contents."""
    return () if params.maximum else tuple(shape for shape in layout.memories(params.layer) if shape.name == "channels")


def pack(
    params: DataflowPoolParams, *, biases: layout.Vector, multipliers: layout.Vector | None
) -> dict[str, list[int]]:
    """Return the words of the memories; parameters as of `tospike.hw.dataflow.layout.pack`.

    Raises
    ------
    InputError
        A number is missing or out of range.
    """
    return {} if params.maximum else {"channels": layout.channel_words(params.layer, biases, multipliers)}
