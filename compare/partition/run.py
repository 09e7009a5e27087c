"""Evaluate every placement of an exact pair, and choose the best.

On an exact pair every layer has the same integers wherever it runs, so each layer runs once per engine, and the link
model composes the cycles of each chain. Energies do not add up over layers: all registers are clocked for the cycles of
the whole chain.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields

from tospike.compare.energy.technology import Platform, load_technology
from tospike.compare.partition.options import PartitionOptions
from tospike.compare.partition.placements import Placement, placements, text_of
from tospike.compare.partition.price import Pricer
from tospike.compare.partition.result import Choice, Objective, Partition, Placed, Verified, choose
from tospike.gen.data.datasets import DataSet
from tospike.gen.exact.sides import require_exact
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError, require
from tospike.tb.evaluate import simulate


def partition(
    snn: Prepared,
    options: ModelOptions,
    data: DataSet,
    wanted: PartitionOptions,
    *,
    progress: Callable[[int], None] = lambda done: None,
    cache: Cache | None = None,
) -> Partition:
    """Choose where each layer of an exact pair's SNN runs.

    Parameters
    ----------
    snn
        The SNN.
    options
        Those that it was prepared with, without places.
    data
        The samples.
    progress
        Receives the number of finished placements.

    Raises
    ------
    InputError
        The network is not the SNN of an exact pair, or has too many placements; or the technology has no areas.
    """
    require(not options.plan.is_placed, "a partition chooses the places: leave --place out")
    require_exact(snn.quantized.network)
    technology = load_technology(wanted.technology)
    require(
        wanted.objective is not Objective.AREA or technology.platform is Platform.ASIC,
        f"--objective area needs a --technology of standard cells, not {technology.name}",
    )
    pricer = Pricer(snn, options.plan, data, technology, wanted.budget)
    every = {text_of(placement): placement for placement in placements(snn.quantized.network)}
    found: list[Placed] = []
    refused: dict[str, str] = {}
    for number, (text, placement) in enumerate(every.items(), start=1):
        try:
            found.append(pricer.price(placement))
        except InputError as error:
            refused[text] = str(error)
        progress(number)
    if not found:
        raise InputError(f"no placement of {snn.network.name!r} can be built: {_last_reason(refused)}")
    chosen = choose(
        [(kinds_of(every[each.place]), each) for each in found],
        wanted.objective,
        wanted.max_accuracy_loss,
        needs_both_sides=wanted.device is None,
    )
    in_rtl = [each for each in (chosen.best, chosen.runner_up) if each is not None and wanted.rtl_samples]
    return Partition(
        **{field.name: getattr(chosen, field.name) for field in fields(Choice)},
        network=snn.network.name,
        data=data.name,
        samples=len(data.x),
        objective=wanted.objective,
        technology=wanted.technology,
        placements=tuple(sorted(found, key=lambda each: each.value(wanted.objective))),
        margins=chosen.relative_costs(wanted.objective),
        refused=refused,
        verified=tuple(
            _verified(pricer.prepared(every[each.place]), each.place, data.first(wanted.rtl_samples), cache)
            for each in in_rtl
        ),
    )


def kinds_of(placement: Placement) -> frozenset[bool]:
    """Return whether layers of a placement spike: all, none, or some."""
    return frozenset(place.spikes for place in placement.values())


def _last_reason(refused: Mapping[str, str]) -> str:
    """Return the last placement that was refused, with its reason; the last ones spike, and are the smallest mostly."""
    place, reason = list(refused.items())[-1]
    return f"{place} {reason}"


def _verified(prepared: Prepared, place: str, data: DataSet, cache: Cache | None) -> Verified:
    simulated = simulate(prepared, data.x, data.y, cache=cache)
    return Verified(place=place, samples=len(data.x), mismatches=simulated.mismatches)
