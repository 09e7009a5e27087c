"""Spiking layers on event engines, whose states lie in a memory, and on register engines."""

from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.event import pack_event, random_layer
from tospike.gen.place.options import Engine, PlanOptions
from tospike.gen.place.placer import Placed, Placer, Site
from tospike.gen.place.widths import useful_lanes, weight_bits
from tospike.gen.place.windows import window_of
from tospike.hw.params import (
    MAX_REGISTER_NEURONS,
    AcceleratorParams,
    EventParams,
    EventWindow,
    NeuronParams,
    NeuronUpdate,
    Readout,
    RegisterParams,
    SpikingParams,
    require,
)
from tospike.sim.network import Decoding, Network, Stage


def _event(site: Site) -> Placed | None:
    if not site.stage.is_spiking or _kind(site) is not Engine.EVENT:
        return None
    window, neurons = _window(site), site.stage.weighted.outputs
    engine = SpikingParams(
        **_layer(site),
        lanes=useful_lanes(neurons, site.own.lanes) if window is None else _window_lanes(window, site.own),
        update=_update(site),
        window=window,
        weight_banks=not site.options.unbanked,
    )
    return Placed(engine=engine, stages=(site.stage,))


def _register(site: Site) -> Placed | None:
    if not site.stage.is_spiking or _kind(site) is not Engine.REGISTER:
        return None
    _update(site)
    return Placed(engine=RegisterParams(**_layer(site)), stages=(site.stage,))


def _random(params: AcceleratorParams, index: int, engine: EventParams, rng: np.random.Generator) -> list[Stage]:
    stage = random_layer(f"engine_{index}", engine, rng)
    longest = params.engines[index - 1].longest_delay if index else 0
    if longest:
        stage = replace(stage, delays=rng.integers(0, longest, engine.inputs, endpoint=True))
    return [stage]


EVENT = Placer(place=_event, pack=pack_event, random_stages=_random)
REGISTER = Placer(place=_register, pack=pack_event, random_stages=_random)


def _kind(site: Site) -> Engine:
    """Return the engine of a spiking layer. One that is too large for registers has them not, where the whole network
    was given them.

    Raises
    ------
    InputError
        This layer was given them, or no layer is small enough.
    """
    layer = site.stage.name
    if _in_registers(site):
        require(
            "lanes" not in site.given,
            f"layer {layer!r} has a register engine, which updates all its neurons at once: leave {layer}.lanes out",
        )
        return Engine.REGISTER
    if site.engine is Engine.REGISTER:
        require(
            "engine" not in site.given,
            f"layer {layer!r} cannot have a register engine, which has up to {MAX_REGISTER_NEURONS} neurons and no "
            f"windows: leave {layer}.engine out",
        )
        require(
            any(map(_in_registers, site.each)),
            f"a register engine has up to {MAX_REGISTER_NEURONS} neurons, and all layers of {site.network.name!r} have "
            "more: leave --engine register out",
        )
    return Engine.EVENT


def _layer(site: Site) -> dict[str, Any]:
    """Return the knobs of a spiking layer, wherever its states are."""
    stage, synapses = site.stage, site.stage.weighted
    assert isinstance(stage.neuron, NeuronParams)  # it spikes, and is quantised
    return {
        "inputs": synapses.inputs,
        "neurons": synapses.outputs,
        "payload": site.payload,
        "weight_bits": max(2, weight_bits(stage)),
        "neuron": stage.neuron,
        "readout": _readout(site.network) if site.is_last else Readout.SPIKES,
        "count_bits": max(1, (site.network.input.steps * stage.neuron.spike.max).bit_length()),
        "bias": bool(synapses.bias.any()),
        "recurrent": stage.recurrent is not None,
    }


def _readout(network: Network) -> Readout:
    """Return what the last engine sends: who spikes first, and how soon most, is seen in the spikes."""
    return network.readout or Readout.COUNT if network.decoding is Decoding.LARGEST else Readout.SPIKES


def _window(site: Site) -> EventWindow | None:
    return window_of(site.stage, site.arriving)


def _in_registers(site: Site) -> bool:
    """Return whether the stage's states are to be in registers, and can be."""
    is_small = _window(site) is None and site.stage.weighted.outputs <= MAX_REGISTER_NEURONS
    return is_small and site.engine is Engine.REGISTER


def _update(site: Site) -> NeuronUpdate:
    """Return the words that a TICK updates.

    Raises
    ------
    InputError
        Active ones are wanted for this layer, or for the network, where all have to be updated.
    """
    if _may_skip(site):
        return site.own.update
    layer = site.stage.name
    require(
        site.own.update is NeuronUpdate.ALL or "update" not in site.given,
        f"layer {layer!r} has to update all words, for its neurons move without events too, or it has a register engine"
        f": leave {layer}.update out",
    )
    require(
        site.options.update is NeuronUpdate.ALL or any(map(_may_skip, site.each)),
        f"--update active is for event engines of IF or I neurons without bias and refractory steps, and "
        f"{site.network.name!r} has none: leave it out",
    )
    return NeuronUpdate.ALL


def _may_skip(site: Site) -> bool:
    """Return whether words that no event touched need no update."""
    neuron = site.stage.neuron
    assert isinstance(neuron, NeuronParams)
    return _window(site) is None and not _in_registers(site) and neuron.is_static and not site.stage.weighted.bias.any()


def _window_lanes(window: EventWindow, options: PlanOptions) -> int:
    """Return the lanes for the channels of a window."""
    lanes = useful_lanes(window.channels, min(options.lanes, window.channels))
    if not window.depthwise:
        return lanes
    each = window.fan_out
    return max(n for n in range(1, min(options.lanes, window.channels) + 1) if n % each == 0 or each % n == 0)
