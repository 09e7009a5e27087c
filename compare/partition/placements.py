"""The placements of a network, and what a placement is called."""

import math
from collections.abc import Iterator, Mapping
from itertools import product

from tospike.compare.partition.options import MOST_PLACEMENTS
from tospike.gen.place.options import Place
from tospike.hw.params import require
from tospike.sim.network import Dense, Network

Placement = Mapping[str, Place]
"""The place of each layer, by its name."""


def placements(network: Network) -> Iterator[Placement]:
    """Yield every placement of an exact pair's layers; only dense layers run on event engines of an ANN.

    Raises
    ------
    InputError
        There are too many.
    """
    count = count_placements(network)
    require(
        count <= MOST_PLACEMENTS,
        f"network {network.name!r} has {count:,} placements, and at most {MOST_PLACEMENTS:,} can be evaluated: give "
        "--place for a single one, by tospike evaluate",
    )
    names = [stage.name for stage in network.stages]
    for places in product(*_choices(network)):
        yield dict(zip(names, places, strict=True))


def count_placements(network: Network) -> int:
    """Return the number of all placements."""
    return math.prod(map(len, _choices(network)))


def _choices(network: Network) -> list[list[Place]]:
    return [
        [place for place in Place if place is not Place.EVENT or isinstance(stage.synapses, Dense)]
        for stage in network.stages
    ]


def text_of(placement: Placement) -> str:
    """Return a placement as ``--place`` takes it."""
    return ",".join(f"{layer}={place}" for layer, place in placement.items())
