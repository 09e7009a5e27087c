"""Results of an array, with the tile boundaries that they mark."""

from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import ConvParams, SystolicParams

EDGES = data.StructLayout({"row": 1, "tile": 1, "band": 1})
"""Boundaries that end with a value: a row of the tile, the tile, the band (a row of tiles). The end of a band is also
the end of a tile, which is also the end of a row."""


def result_layout(params: SystolicParams | ConvParams) -> data.StructLayout:
    """Return the layout of a result: its value, the boundaries that end with it, and ``last`` of the layer."""
    return data.StructLayout({"value": shape_of(params.array.acc), "edges": EDGES, "last": 1})
