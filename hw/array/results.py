"""Results on their way from an array's engine to tokens."""

from amaranth.lib import data

from tospike.hw.arithmetic import shape_of
from tospike.hw.params import ConvParams, SystolicParams

EDGES = data.StructLayout({"row": 1, "tile": 1, "band": 1})
"""What ends with a value: a row within the tile, the tile, the band (a row of tiles). A band ends with its
last tile, a tile with its last row."""


def result_layout(params: SystolicParams | ConvParams) -> data.StructLayout:
    """Return a result, what ends with it within its tile, and ``last`` of the layer."""
    return data.StructLayout({"value": shape_of(params.array.acc), "edges": EDGES, "last": 1})
