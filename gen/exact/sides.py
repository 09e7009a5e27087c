"""Choose the side of each layer of an exact pair: a layer of the SNN, or the layer of the quantised ANN that equals it.

From one file, the SNN: its integers are those of the ANN, and k spikes of a layer are the level k of its activation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from tospike.gen.exact.pools import with_pool
from tospike.gen.exact.prove import reads_membranes, same_steps, spikes_like_an_activation
from tospike.gen.nir.phases import steps_needed
from tospike.gen.place.options import Place, PlanOptions
from tospike.hw.params import (
    FiringPhase,
    IfParams,
    InputError,
    NeuronParams,
    RequantizeParams,
    SpikeCode,
    of_layer,
    require,
)
from tospike.sim.network import Accumulator, Network, Requantize, Stage

EXACT = "give the SNN of an exact pair: tospike convert NET.onnx --exact"


def placed(network: Network, options: PlanOptions) -> Network:
    """Return a quantised network with each layer on the side of its place; without places, the network itself.

    Parameters
    ----------
    network
        The SNN of an exact pair.

    Raises
    ------
    InputError
        A layer cannot be on that side; the message names it.
    """
    if not options.is_placed:
        return network
    require(network.is_spiking, f"the layers of the ANN {network.name!r} have no spiking side for --place: {EXACT}")
    require_exact(network)
    places, last = places_of(network, options), network.stages[-1].name
    require(
        places[last] is not Place.GRADED, f"layer {last!r} is the last one, which sends membranes: place it spiking"
    )
    stages: list[Stage] = []
    most = network.input.format.max if network.input.format is not None else 0
    before, phases, arriving = None, 0, tuple[int, ...]()
    for stage in network.stages:
        place = places[stage.name]
        if place.spikes:
            phases = phases + 1 if before is Place.SPIKING else _phases_of_bridge(before, options.bridge)
            stages.append(_spiking_stage(stage, phases))
        else:
            ann = _ann_stage(stage, most)
            stages += with_pool(ann, arriving, most) if place is Place.ARRAY else (ann,)
        before, most, arriving = place, _phase(stage).steps, stage.synapses.output_shape
    leading = _leading(stages, places)
    spec = replace(
        network.input,
        steps=max([1, *(_phase(stage).end for stage in leading)]),
        encoding=network.input.encoding if leading else None,
    )
    readout = network.readout if stages[-1].is_spiking else None
    return replace(network, input=spec, stages=tuple(stages), readout=readout)


def places_of(network: Network, options: PlanOptions) -> Mapping[str, Place]:
    """Return the place of each layer: the one given, or that of the SNN. If all are graded, the last one spikes."""
    places = {stage.name: of_layer(options, stage.name).place or Place.SPIKING for stage in network.stages}
    last = network.stages[-1].name
    if "place" not in options.layers.get(last, {}) and places[last] is Place.GRADED:
        places[last] = Place.SPIKING
    return places


def require_exact(network: Network) -> None:
    """Refuse a network that is not the SNN of an exact pair.

    Raises
    ------
    InputError
        The message names the first layer that has no other side.
    """
    for stage in network.stages:
        neuron, is_last = cast(NeuronParams, stage.neuron), stage is network.stages[-1]
        sends_levels = reads_membranes(neuron) if is_last else spikes_like_an_activation(neuron)
        require(
            sends_levels and stage.recurrent is None and stage.delays is None,
            f"layer {stage.name!r} of {network.name!r} has no ANN side that equals it: {EXACT}",
        )


def _phase(stage: Stage) -> FiringPhase:
    assert stage.firing is not None
    return stage.firing


def _phases_of_bridge(before: Place | None, code: SpikeCode) -> int:
    """Return the phases ahead of that of a layer that no spikes of single neurons reach: that of a bridge, if it sends
    several spikes for a value."""
    return int(before in (Place.ARRAY, Place.EVENT) and not code.is_graded)


def _leading(stages: Sequence[Stage], places: Mapping[str, Place]) -> list[Stage]:
    """Return the layers that spike one after the other from the network's input on."""
    leading: list[Stage] = []
    for stage in stages:
        if not stage.is_spiking:
            break
        leading.append(stage)
        if places[stage.name] is Place.GRADED:
            break
    return leading


def _spiking_stage(stage: Stage, before: int) -> Stage:
    """Return a layer of the SNN whose phase follows those of ``before`` layers."""
    steps = _phase(stage).steps
    if not steps:  # the last layer, which does not fire
        return stage
    phase = FiringPhase(first=steps_needed(before, steps) - 1, steps=steps)
    return replace(stage, neuron=replace(cast(IfParams, stage.neuron), firing=phase))


def _ann_stage(stage: Stage, most: int) -> Stage:
    """Return the layer of the ANN that equals one of the SNN, for inputs from 0 to ``most``.

    With theta the threshold and i the initial membrane, a layer sends k = clip(floor((V + i) / theta), 0, T). In the
    ANN, k = clip(floor(((V + i - theta / 2 + d) m + 2**(s - 1)) / 2**s), 0, T), where m is 2**s / theta, rounded up and
    d = 0, or rounded down and d = 1.

    Raises
    ------
    InputError
        No multiplier is precise enough.
    """
    synapses = stage.weighted
    levels = _phase(stage).steps
    if not levels:
        return replace(stage, neuron=Accumulator())
    neuron, params = cast(IfParams, stage.neuron), RequantizeParams()
    theta = neuron.threshold
    shift = max(shift for shift in range(1, params.max_shift + 1) if (1 << shift) // theta < params.multiplier.max)
    for up in (1, 0):
        multiplier = np.full(synapses.bias.shape, (1 << shift) // theta + up, dtype=np.int64)
        bias = synapses.bias + neuron.initial - theta // 2 + 1 - up
        requantize = Requantize(multiplier=multiplier, shift=shift, clamp=(0, levels))
        found = replace(stage, synapses=replace(synapses, bias=bias), neuron=requantize)
        if same_steps(found, stage, most):
            return found
    raise InputError(
        f"layer {stage.name!r} has a threshold of {theta}, which no requantiser of {params.multiplier_bits} bits "
        f"divides by exactly: leave {stage.name}.place out"
    )
