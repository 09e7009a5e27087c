"""The weights, biases and decays of an event engine, from the stage that it runs.

The values of an image are channel by channel in a stage, but position by position between engines with windows.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from tospike.hw.params import EventParams, EventWindow
from tospike.sim.design import Design
from tospike.sim.network import Array, Conv2d, Stage
from tospike.sim.spiking.window import chain_order

Layer = TypeVar("Layer", bound=EventParams)


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineArrays:
    """The arguments of :func:`tospike.sim.spiking.golden.run_event` and :func:`tospike.hw.spiking.layout.pack`."""

    weight: Array
    bias: Array
    recurrent: Array | None
    decays: Array | None


def engine_arrays(params: EventParams, design: Design, engine: int) -> EngineArrays:
    """Return the arrays of event engine ``engine`` of a design.

    Raises
    ------
    InputError
        The engine cannot run the synapses of its stage.
    """
    stage = design.stages_of(engine)[0]
    if params.window is not None:
        weight, bias = _window_weights(params.window, stage), stage.weighted.bias
    else:
        weight, bias = stage.dense.weight, stage.dense.bias
        shape = arriving_image(design, engine)
        if shape is not None:
            weight = weight[:, chain_order(shape)]
    return EngineArrays(weight=weight, bias=bias, recurrent=stage.recurrent, decays=stage.decays)


def with_threshold(params: Layer, design: Design, engine: int) -> Layer:
    """Return the parameters of event engine ``engine`` with the threshold that the host writes, if it does."""
    if not params.neuron.host_threshold:
        return params
    written: dict[str, Any] = {"neuron": design.stages_of(engine)[0].neuron}  # a field of all that have spiking neurons
    return replace(params, **written)


def engine_delays(design: Design, engine: int) -> Array:
    """Return the (inputs,) delays of a delay engine by address: those of the next stage, or zeros."""
    stage = design.stages_of(engine + 1)[0]
    delays = np.zeros(stage.synapses.inputs, dtype=np.int64) if stage.delays is None else stage.delays
    shape = arriving_image(design, engine + 1)
    return delays if shape is None else delays[chain_order(shape)]


def arriving_image(design: Design, engine: int) -> tuple[int, int, int] | None:
    """Return the (channels, height, width) of the image that an engine receives position by position, or ``None``."""
    declared = design.params.engines[engine].arriving_image
    if declared is not None:
        return declared
    senders = [sender for sender in design.params.engines[:engine] if sender.runs_stages]
    return senders[-1].sent_image if senders else None


def _window_weights(window: EventWindow, stage: Stage) -> Array:
    """Return (channels, input channels or 1, kernel height, kernel width): the inputs of a pool share one weight."""
    weight = stage.weighted.weight
    if not isinstance(stage.synapses, Conv2d):
        weight = weight.reshape(-1, *window.shape)
    return weight[:, :, :: window.pool[0], :: window.pool[1]]
