"""The placements of a network, and what a placement is called."""

from collections.abc import Iterator, Mapping
from itertools import pairwise, product

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
        if all(_may_follow(*pair) for pair in pairwise(places)):
            yield dict(zip(names, places, strict=True))


def count_placements(network: Network) -> int:
    """Return the number of all placements."""
    first, *later = _choices(network)
    ways = dict.fromkeys(first, 1)  # by the last layer's place
    for places in later:
        ways = {after: sum(count for place, count in ways.items() if _may_follow(place, after)) for after in places}
    return sum(ways.values())


def _may_follow(place: Place, after: Place) -> bool:
    """Return whether neighbours may have these places: what sends counts to an ANN anyway need not be graded."""
    return place is not Place.GRADED or after.spikes


def _choices(network: Network) -> list[list[Place]]:
    """Return the places that each layer may have."""
    choices = []
    for stage in network.stages:
        excluded = {Place.GRADED} if stage is network.stages[-1] else set()
        if not isinstance(stage.synapses, Dense):
            excluded.add(Place.EVENT)
        choices.append([place for place in Place if place not in excluded])
    return choices


def text_of(placement: Placement) -> str:
    """Return a placement as ``--place`` takes it."""
    return ",".join(f"{layer}={place}" for layer, place in placement.items())
