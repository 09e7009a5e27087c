"""Make networks and samples that fit given hardware: random ones to test it, and the blank network."""

from dataclasses import replace
from typing import Any

import numpy as np

from tospike.gen.place.placer import random_integers
from tospike.gen.place.placers import PLACERS
from tospike.hw.params import AcceleratorParams, Contents
from tospike.sim.design import Design
from tospike.sim.network import Array, InputSpec, Network, Stage

STEPS = 4
"""Time steps of a random spike train."""


def random_design(params: AcceleratorParams, *, seed: int) -> Design:
    """Return a network with random weights on the engines of ``params``.

    Raises
    ------
    InputError
        An engine has no random network.
    """
    rng = np.random.default_rng(seed)
    by_engine = [
        PLACERS[type(engine)].random_stages(params, index, engine, rng) for index, engine in enumerate(params.engines)
    ]
    stages = [stage for of_engine in by_engine for stage in of_engine]
    readout = params.engines[-1].readout if stages[-1].is_spiking else None
    spec = InputSpec(
        inputs=stages[0].synapses.inputs,
        **_time(params),
        format=params.input.payload,
    )
    network = Network(name=params.name, input=spec, stages=tuple(stages), readout=readout)
    return Design(params=params, network=network, stage_counts=tuple(len(of_engine) for of_engine in by_engine))


def _time(params: AcceleratorParams) -> dict[str, Any]:
    """Return the fields of `InputSpec` that concern time."""
    first = params.engines[0]
    input_fields = PLACERS[type(first)].random_input
    if input_fields is not None:
        return input_fields(first)
    if first.takes is not Contents.TRAIN:
        return {}
    return {"steps": params.decision_steps or (STEPS if params.host_events is None else params.host_events.steps)}


def random_samples(design: Design, count: int, *, seed: int) -> Array:
    """Return ``count`` samples for a design: all zeros, all maxima, then random samples of increasing density.

    (count, values of a frame), or (count, steps, inputs) if the accelerator takes a frame for each step, or spikes.
    """
    rng = np.random.default_rng(seed)
    spec, params = design.network.input, design.params
    is_frame = params.engines[0].takes in (Contents.FRAME, Contents.SPARSE_FRAME, Contents.BEATS)
    steps = params.input_frames if params.engines[0].takes is Contents.FRAMES else spec.steps
    shape = (params.input.addresses,) if is_frame else (steps, params.input.addresses)
    samples: list[Array] = [np.zeros(shape, dtype=np.int64), np.full(shape, params.input.payload.max, dtype=np.int64)]
    for index in range(2, count):
        kept = rng.random(shape) < (index - 1) / (count - 1)
        samples.append(random_integers(rng, params.input.payload, shape) * kept)
    return np.stack(samples[:count])


def blank_design(params: AcceleratorParams) -> Design:
    """Return a network of zeros, the memory contents of an accelerator that is generated without a network."""
    design = random_design(params, seed=0)
    stages: list[Stage] = []
    for index, engine in enumerate(params.engines):
        weight = engine.blank_weight
        for stage in design.stages_of(index):
            synapses = stage.weighted
            blank = replace(synapses, weight=np.full_like(synapses.weight, weight), bias=np.zeros_like(synapses.bias))
            recurrent = None if stage.recurrent is None else np.zeros_like(stage.recurrent)
            decays = None if stage.decays is None else np.zeros_like(stage.decays)
            delays = None if stage.delays is None else np.zeros_like(stage.delays)
            stages.append(replace(stage, synapses=blank, recurrent=recurrent, decays=decays, delays=delays))
    return replace(design, network=replace(design.network, stages=tuple(stages)))
