"""Auto-size the lanes of a spiking network's event engines: widen the busiest while the device has room."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from tospike.gen.area.spiking import predict
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import excess, needs
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError, SpikingParams, require
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import run
from tospike.sim.design import Design
from tospike.sim.network import Array, Network

MOST_LANES = 64
"""Of an event engine: see `SpikingParams`."""


@dataclass(frozen=True, kw_only=True)
class LaneFit:
    """Lanes that fit a device, with their predicted area and cycles."""

    lanes: Mapping[str, int]
    """Of each layer, by its name."""
    device: Device
    area: Area
    cycles: float
    """Per sample, the mean over the samples that they were chosen with."""
    samples: int
    """How many those are."""

    def refine(self, options: PlanOptions) -> PlanOptions:
        """Return the options with these lanes."""
        return _with_lanes(options, self.lanes)

    def describe(self) -> dict[str, Any]:
        """Return the prediction as JSON."""
        return {
            "device": self.device.name,
            "lanes": dict(self.lanes),
            "cycles": self.cycles,
            "samples": self.samples,
            "area": asdict(self.area),
        }

    def __str__(self) -> str:
        each = ", ".join(f"{name} {lanes}" for name, lanes in self.lanes.items())
        return (
            f"lanes {each} on {self.device.name}: {self.cycles:,.0f} cycles on average of {self.samples} training "
            f"samples; {needs(self.area, self.device)} (predicted)"
        )


def fit_lanes(network: Network, options: PlanOptions, device: Device, samples: Array) -> LaneFit:
    """Return the lanes of each layer with which a spiking network is fast on a device.

    From one lane each, the engine that is busy for most cycles gets twice as many, again and again, until it has one
    for each neuron; an engine for which the device has no room stays as it is, and the next busiest follows. Engines
    work at the same time, so the busiest determines the time of a sample. ``samples``, (N, ...) as the hardware
    receives them, tell how many words of states each engine adds to and updates.

    Raises
    ------
    InputError
        Not even single lanes fit, or the network has no event engine; the message has the numbers.
    """
    lanes = dict.fromkeys(_engines(plan(network, options)), 1)
    require(len(lanes) > 0, f"--fit chooses the lanes of event engines, and {network.name!r} has none: leave it out")
    design = plan(network, _with_lanes(options, lanes))
    if lacking := excess(predict(design.params, device.family), device):
        raise InputError(
            f"no event engines fit {device.name}: with a lane each they need {', '.join(lacking)}: give fewer "
            "weight-bits, a smaller network or a larger device"
        )
    busy, words, full = _busy(design, samples), _words(design), set[str]()
    while growing := {name for name in lanes if words[name] > 1 and 2 * lanes[name] <= MOST_LANES} - full:
        busiest = max(sorted(growing), key=lambda name: busy[name] * words[name])
        wider = lanes | {busiest: 2 * lanes[busiest]}
        candidate = plan(network, _with_lanes(options, wider))
        if excess(predict(candidate.params, device.family), device):
            full.add(busiest)  # the device has no room for more of its lanes
        else:
            design, lanes, words = candidate, wider, _words(candidate)
    engines = {name: cast(SpikingParams, design.params.engines[index]) for name, index in _engines(design).items()}
    return LaneFit(
        lanes={name: engine.lanes for name, engine in engines.items()},
        device=device,
        area=predict(design.params, device.family),
        cycles=float(run(design, samples).cycles.mean()),
        samples=len(samples),
    )


def _with_lanes(options: PlanOptions, lanes: Mapping[str, int]) -> PlanOptions:
    own = {name: {**options.layers.get(name, {}), "lanes": count} for name, count in lanes.items()}
    return replace(options, layers={**options.layers, **own})


def _engines(design: Design) -> dict[str, int]:
    """Return the index of each event engine by the name of its layer."""
    return {
        design.stages_of(index)[0].name: index
        for index, engine in enumerate(design.params.engines)
        if isinstance(engine, SpikingParams)
    }


def _words(design: Design) -> dict[str, int]:
    """Return the words that hold the states of a position, for each layer."""
    engines = design.params.engines
    return {name: cast(SpikingParams, engines[index]).position_words for name, index in _engines(design).items()}


def _busy(design: Design, samples: Array) -> dict[str, float]:
    """Return the positions that each layer adds to and updates per sample."""
    counters, words = run(design, samples).counters, _words(design)
    return {
        name: float(np.mean(counters[f"{index}.synapse_words"] + counters[f"{index}.update_words"])) / words[name]
        for name, index in _engines(design).items()
    }
