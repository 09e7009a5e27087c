"""Place the dense layers of an ANN on event engines: events are non-zero values, or the changes of a delta ANN."""

from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.array import require_no_table
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
    IntFormat,
    RequantizeParams,
)
from tospike.sim.network import Accumulator, Requantize, Stage


def _event(site: Site) -> Placed | None:
    if not _is_wanted(site, Engine.EVENT):
        return None
    knobs = _activation(site)
    engine = EventAnnParams(
        **_layer(site, site.payload), activation=None if knobs is None else ActivationParams(**knobs)
    )
    return Placed(engine=engine, stages=(site.stage,))


def _delta(site: Site) -> Placed | None:
    if not _is_wanted(site, Engine.DELTA):
        return None
    knobs, threshold = _activation(site), site.options.delta_threshold
    activation = None if knobs is None else ChangeParams(**knobs, change_threshold=threshold)
    return Placed(
        engine=DeltaAnnParams(**_layer(site, input_format(site.network)), activation=activation), stages=(site.stage,)
    )


def _random(params: AcceleratorParams, index: int, engine: AnnLayerParams, rng: np.random.Generator) -> list[Stage]:
    stage = random_layer(f"engine_{index}", engine, rng)
    return [replace(stage, neuron=_random_neuron(engine, rng))]


def _random_neuron(engine: AnnLayerParams, rng: np.random.Generator) -> Requantize | Accumulator:
    """Return a random neuron for an ANN layer on an event engine."""
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
    """Return whether a layer of an ANN is to run on that engine.

    Raises
    ------
    InputError
        It is, but its weights are not on chip.
    """
    if site.stage.is_spiking or site.engine is not engine:
        return False
    require_weights_on_chip(site, "event")
    return True


def _layer(site: Site, act: IntFormat) -> dict[str, Any]:
    """Return the knobs of a layer that do not depend on the kind of its events; ``act`` is the format of its inputs."""
    stage, synapses = site.stage, site.stage.dense
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
    """Return the knobs of the layer's activation; ``None`` if it sends its sums unchanged."""
    neuron = site.stage.neuron
    if not isinstance(neuron, Requantize):
        return None
    require_no_table(site.stage, "event")
    requantize = RequantizeParams(rounding=neuron.rounding)
    return {"act": site.activations, "clamp": neuron.clamp, "shift": neuron.shift, "requantize": requantize}
