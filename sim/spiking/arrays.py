"""The weights, biases and decays of an event engine, from the stage that it runs.

A stage knows images channel by channel; an engine with a window sends them position by position.
"""

from dataclasses import dataclass

import numpy as np

from tospike.hw.params import EventParams, EventWindow
from tospike.sim.design import Design
from tospike.sim.network import Array, Conv2d, Stage
from tospike.sim.spiking.window import chain_order


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineArrays:
    """As :func:`tospike.sim.spiking.golden.run_event` and :func:`tospike.hw.spiking.layout.pack` take them."""

    weight: Array
    bias: Array
    recurrent: Array | None
    decays: Array | None


def engine_arrays(params: EventParams, design: Design, engine: int) -> EngineArrays:
    """Return what an event engine of a design computes with.

    Raises
    ------
    InputError
        Its stage has synapses that the engine cannot run.
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


def engine_delays(design: Design, engine: int) -> Array:
    """Return (inputs,) steps of a delay engine: those of the next stage, if it has any, in the order of the
    addresses."""
    stage = design.stages_of(engine + 1)[0]
    delays = np.zeros(stage.synapses.inputs, dtype=np.int64) if stage.delays is None else stage.delays
    shape = arriving_image(design, engine + 1)
    return delays if shape is None else delays[chain_order(shape)]


def arriving_image(design: Design, engine: int) -> tuple[int, int, int] | None:
    """Return (channels, height, width) of the image that an engine gets position by position; ``None`` if it gets
    none."""
    wanted = design.params.engines[engine].arriving_image
    if wanted is not None:
        return wanted
    senders = [sender for sender in design.params.engines[:engine] if sender.runs_stages]
    return senders[-1].sent_image if senders else None


def _window_weights(window: EventWindow, stage: Stage) -> Array:
    """Return (channels, input channels or 1, kernel height, kernel width): one weight of each pool, whose inputs share
    it."""
    weight = stage.weighted.weight
    if not isinstance(stage.synapses, Conv2d):
        weight = weight.reshape(-1, *window.shape)
    return weight[:, :, :: window.pool[0], :: window.pool[1]]
