"""Dense layers of an ANN on event engines: what is 0 is no event; or of a delta ANN, what has not changed."""

from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.event import pack_event, random_layer
from tospike.gen.place.options import Engine
from tospike.gen.place.placer import Placed, Placer, Site, input_format, require_weights_on_chip
from tospike.gen.place.widths import accumulator_bits, useful_lanes, weight_bits
from tospike.hw.params import (
    AcceleratorParams,
    ActivationParams,
    AnnLayerParams,
    ChangeParams,
    DeltaAnnParams,
    EventAnnParams,
)
from tospike.sim.network import Accumulator, Requantize, Stage


def _event(site: Site) -> Placed | None:
    if not _is_wanted(site, Engine.EVENT):
        return None
    own = _activation(site)
    engine = EventAnnParams(**_layer(site), activation=None if own is None else ActivationParams(**own))
    return Placed(engine=engine, stages=(site.stage,))


def _delta(site: Site) -> Placed | None:
    if not _is_wanted(site, Engine.DELTA):
        return None
    own, threshold = _activation(site), site.options.delta_threshold
    activation = None if own is None else ChangeParams(**own, change_threshold=threshold)
    return Placed(engine=DeltaAnnParams(**_layer(site), activation=activation), stages=(site.stage,))


def _random(params: AcceleratorParams, index: int, engine: AnnLayerParams, rng: np.random.Generator) -> list[Stage]:
    stage = random_layer(f"engine_{index}", engine, rng)
    return [replace(stage, neuron=_random_neuron(engine, rng))]


def _random_neuron(engine: AnnLayerParams, rng: np.random.Generator) -> Requantize | Accumulator:
    """Return what becomes of the sums in an ANN's layer on an event engine."""
    if engine.activation is None:
        return Accumulator(fraction_bits=engine.fraction_bits)
    largest = engine.activation.requantize.multiplier.max
    multiplier = rng.integers(1, largest, size=engine.neurons, endpoint=True)
    return Requantize(
        multiplier=multiplier,
        shift=engine.activation.shift,
        clamp=engine.activation.clamp,
        fraction_bits=engine.fraction_bits,
    )


EVENT_ANN = Placer(place=_event, pack=pack_event, random_stages=_random)
DELTA_ANN = Placer(place=_delta, pack=pack_event, random_stages=_random)


def _is_wanted(site: Site, engine: Engine) -> bool:
    """Return whether a layer of an ANN goes to that engine.

    Raises
    ------
    InputError
        It would, but its weights are not on chip.
    """
    if site.stage.is_spiking or site.engine is not engine:
        return False
    require_weights_on_chip(site, "event")
    return True


def _layer(site: Site) -> dict[str, Any]:
    """Return the knobs of a layer, whatever its events are."""
    stage, synapses, act = site.stage, site.stage.dense, input_format(site.network)
    return {
        "inputs": synapses.inputs,
        "neurons": synapses.outputs,
        "lanes": useful_lanes(synapses.outputs, site.own.lanes),
        "act": act,
        "weight_bits": max(2, weight_bits(stage)),
        "state_bits": max(4, accumulator_bits(stage, act, stage.fraction_bits)),
        "fraction_bits": stage.fraction_bits,
        "bias": bool(synapses.bias.any()),
        "weight_banks": not site.options.unbanked,
    }


def _activation(site: Site) -> dict[str, Any] | None:
    """Return what becomes of its sums; ``None`` if they are sent as they are."""
    neuron = site.stage.neuron
    if not isinstance(neuron, Requantize):
        return None
    return {"act": input_format(site.network), "clamp": neuron.clamp, "shift": neuron.shift}
