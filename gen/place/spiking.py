"""Place spiking layers on event engines, with neuron states in a memory, and on register engines."""

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
from tospike.sim.network import Decoding, Stage


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
    """Return the kind of engine for a spiking layer: a layer too large for registers runs on an event engine if the
    register engine was chosen for the whole network.

    Raises
    ------
    InputError
        The register engine was chosen for this layer alone, or no layer is small enough.
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
            f"layer {layer!r} cannot have a register engine, which has at most {MAX_REGISTER_NEURONS} neurons and no "
            f"windows: leave {layer}.engine out",
        )
        require(
            any(map(_in_registers, site.each)),
            f"a register engine has at most {MAX_REGISTER_NEURONS} neurons and no windows, which suits no layer of "
            f"{site.network.name!r}: leave --engine register out",
        )
    return Engine.EVENT


def _layer(site: Site) -> dict[str, Any]:
    """Return the knobs that a spiking layer has on either engine."""
    stage, synapses = site.stage, site.stage.weighted
    assert isinstance(stage.neuron, NeuronParams)  # it spikes, and is quantised
    require(
        not stage.neuron.host_threshold or site.options.writable,
        f"layer {stage.name!r} has a threshold-factor, for a threshold that the host may write: give --writable",
    )
    return {
        "inputs": synapses.inputs,
        "neurons": synapses.outputs,
        "payload": site.payload,
        "weight_bits": max(2, weight_bits(stage)),
        "neuron": stage.neuron.hardware,
        "readout": _readout(site),
        "count_bits": _count_bits(site, stage.neuron),
        "bias": bool(synapses.bias.any()),
        "recurrent": stage.recurrent is not None,
    }


def _readout(site: Site) -> Readout:
    """Return the readout of an engine: decoding the first spike, or the class early, needs the spikes of the last."""
    network = site.network
    if not site.is_last:
        return Readout.COUNT if site.sends_counts else Readout.SPIKES
    return network.readout or Readout.COUNT if network.decoding is Decoding.LARGEST else Readout.SPIKES


def _count_bits(site: Site, neuron: NeuronParams) -> int:
    """Return the width of counters of spikes: what the host gets of a sample, or the activations of a hybrid."""
    if site.sends_counts:
        return site.activations.bits
    return max(1, (site.network.input.steps * neuron.spike.max).bit_length())


def _window(site: Site) -> EventWindow | None:
    return window_of(site.stage, site.arriving)


def _in_registers(site: Site) -> bool:
    """Return whether the register engine is wanted for this stage, and can run it."""
    is_small = _window(site) is None and site.stage.weighted.outputs <= MAX_REGISTER_NEURONS
    return is_small and site.engine is Engine.REGISTER


def _update(site: Site) -> NeuronUpdate:
    """Return which words a TICK updates.

    Raises
    ------
    InputError
        The user wants only active words updated, in this layer or in the network, but all words need it.
    """
    if _may_skip(site):
        return site.own.update
    layer = site.stage.name
    require(
        site.own.update is NeuronUpdate.ALL or "update" not in site.given,
        f"layer {layer!r} has to update all words, because its neurons change without events or it has a register "
        f"engine: leave {layer}.update out",
    )
    require(
        site.options.update is NeuronUpdate.ALL or any(map(_may_skip, site.each)),
        f"--update active is for event engines of IF or I neurons without bias and refractory steps, and "
        f"{site.network.name!r} has none: leave it out",
    )
    return NeuronUpdate.ALL


def _may_skip(site: Site) -> bool:
    """Return whether words without events need no update."""
    neuron = site.stage.neuron
    assert isinstance(neuron, NeuronParams)
    return _window(site) is None and not _in_registers(site) and neuron.is_static and not site.stage.weighted.bias.any()


def _window_lanes(window: EventWindow, options: PlanOptions) -> int:
    """Return the lanes for the channels of a window."""
    lanes = useful_lanes(window.channels, min(options.lanes, window.channels))
    if not window.depthwise:
        return lanes
    fan_out = window.fan_out
    return max(n for n in range(1, min(options.lanes, window.channels) + 1) if n % fan_out == 0 or fan_out % n == 0)
