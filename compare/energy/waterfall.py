"""From a publication's assumptions to this hardware, one at a time: which of them makes the answers differ.

The first ratio is the publication's model on the activity of two networks. Then each step replaces one part of it by
what the golden model counts and this hardware does, until the last is the energy by the hardware's counters. The order
matters, as steps multiply; it is that of `GROUPS`, from the datapath outwards.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tospike.compare.energy.activity import Counts, EngineActivity, LayerActivity
from tospike.compare.energy.counters.energy import STATIC, counter_energy
from tospike.compare.energy.counts import davidson_furber, ottati
from tospike.compare.energy.counts.model import EnergyModel, Terms, energy, sum_terms
from tospike.compare.energy.counts.operations import operation_model, operation_prices
from tospike.compare.energy.observe import engine_activities
from tospike.compare.energy.technology import Technology, shipped
from tospike.gen.data.datasets import DataSet
from tospike.gen.data.options import SampleOptions
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import option, require, same_option
from tospike.sim.accelerator import run
from tospike.sim.design import Design
from tospike.sim.network import Array
from tospike.sim.result import Result

GROUPS: Mapping[str, tuple[str, ...]] = {
    "multiplications and additions: zeros, values in the first layer": ("mac", "sop"),
    "weight reads: reuse": ("weight_read",),
    "activation reads and writes: reuse, time steps": ("activation_read", "activation_write"),
    "states: where they live, how often they are read": ("state_read", "state_write"),
    "neurons: leak, spikes, biases, requantisation, time steps": (),
}
"""Steps by counts, and their terms; the last has all others."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The energies after an assumption has been replaced."""

    name: str
    ann_pj: float
    snn_pj: float

    @property
    def ratio(self) -> float:
        """SNN over ANN."""
        return self.snn_pj / self.ann_pj


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A publication: its model, and what it charges for one operation of each name in a layer."""

    model: EnergyModel
    prices: Callable[[LayerActivity], Mapping[str, float]]


def _davidson_furber(_: LayerActivity) -> Mapping[str, float]:
    read = davidson_furber.READ
    accesses = ("weight_read", "activation_read", "activation_write", "state_read", "state_write")
    return {
        "mac": davidson_furber.MAC,
        "sop": davidson_furber.E_PJ,
        "neuron_update": davidson_furber.E_PJ,
        **dict.fromkeys(accesses, read),
    }


def _ottati(layer: LayerActivity) -> Mapping[str, float]:
    p = ottati.PRICES_2023
    return {
        "mac": p.multiply + p.add,
        "sop": p.add,
        "weight_read": p.memory,
        "activation_read": p.spike if layer.spiking and layer.binary else p.memory,
        "activation_write": p.spike if layer.spiking else p.memory,
        "state_read": p.memory,
        "state_write": p.memory,
        "neuron_update": p.neuron_multiply + p.add,
        "spike": p.add,
    }


@dataclass(frozen=True, kw_only=True)
class WaterfallOptions(SampleOptions):
    """The data, and the prices."""

    samples: int | None = same_option(SampleOptions, "samples", 200, unset="")
    technology: str = option("horowitz45", f"Prices: {', '.join(shipped())}, or a .toml file")


PAPERS: Mapping[str, Paper] = {
    "ottati2023": Paper(model=ottati.OTTATI_2023, prices=_ottati),
    "davidson-furber-22fdx": Paper(model=davidson_furber.DAVIDSON_FURBER_22FDX, prices=_davidson_furber),
}
"""The publications by the names of their models."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A design, its integer samples and what the golden model counted."""

    design: Design
    x: Array
    result: Result

    @classmethod
    def of(cls, model: Path, data: DataSet, options: ModelOptions) -> tuple["Measured", tuple[str, ...]]:
        """Run the golden model of a network on the test samples; also return warnings.

        Raises
        ------
        InputError
            The file cannot be used, or does not match the samples.
        """
        prepared = prepare(model, data, options)
        x = prepared.integers(data.x)
        return cls(design=prepared.design, x=x, result=run(prepared.design, x)), prepared.warnings


def waterfall(paper: Paper, ann: Measured, snn: Measured, technology: Technology) -> tuple[Step, ...]:
    """Return the steps from a publication's model to the energy of two designs by the hardware's counters.

    Raises
    ------
    InputError
        The designs are not an ANN and an SNN.
    """
    require(
        not ann.design.network.is_spiking and snn.design.network.is_spiking,
        f"{ann.design.params.name} and {snn.design.params.name} are not an ANN and an SNN, in this order",
    )
    sides = [_side(paper, each, technology) for each in (ann, snn)]
    names = list(sides[0])
    return tuple(Step(name=name, ann_pj=sides[0][name], snn_pj=sides[1][name]) for name in names)


def _side(paper: Paper, measured: Measured, technology: Technology) -> dict[str, float]:
    """Return the energy of one side after each step."""
    activities = engine_activities(measured.design, measured.x, measured.result)
    layered = [activity for activity in activities if activity.layers]
    published = _grouped(sum_terms(paper.model.charge(activity) for activity in layered))
    priced = _grouped(sum_terms(_repriced(paper, activity, technology) for activity in layered))
    ours = _grouped(_counted(layered, technology))
    counters = counter_energy(technology, measured.design.params, measured.result.counters, measured.result.cycles)
    found = {"the publication's model": sum(published.values())}
    running = dict(priced)
    found[f"prices of {technology.name}, bits of these networks"] = sum(running.values())
    for name in GROUPS:
        running[name] = ours[name]
        found[name] = sum(running.values())
    found["the encoder of the input"] = _mean(_counted(activities, technology).values())
    static = _mean(counters.terms[term] for term in STATIC)
    found["what counts leave out: queues, links, control, unused reads"] = _mean(counters.terms.values()) - static
    found["clock and leakage"] = _mean(counters.terms.values())
    found["ideal clock gating"] = float(np.mean(counters.total - counters.stoppable))
    return found


def _counted(activities: Iterable[EngineActivity], technology: Technology) -> Terms:
    model = operation_model(technology, source=technology.description)
    return energy(model, list(activities)).terms


def _repriced(paper: Paper, activity: EngineActivity, technology: Technology) -> Terms:
    """Return the publication's counts at this technology's prices for the widths and memories of an engine."""
    prices = operation_prices(technology, activity.widths, activity.memories)
    parts: list[Terms] = []
    for layer in activity.layers:
        own, charged = paper.prices(layer), paper.model.charge(replace(activity, layers=(layer,)))
        parts.append({name: pj / own[name] * prices[name] for name, pj in charged.items()})
    return sum_terms(parts)


def _grouped(terms: Terms) -> dict[str, float]:
    """Return the mean pJ of each group."""
    named = {term: name for name, group in GROUPS.items() for term in group}
    rest = list(GROUPS)[-1]
    found = dict.fromkeys(GROUPS, 0.0)
    for term, values in terms.items():
        found[named.get(term, rest)] += float(np.mean(values))
    return found


def _mean(parts: Iterable[Counts]) -> float:
    return sum(float(np.mean(part)) for part in parts)
