"""Insert encoders, cochleas and delays: they run no stage, but a network's input or a stage may need one upstream."""

from dataclasses import replace
from typing import Any

from tospike.gen.place.options import Engine
from tospike.gen.place.placer import MemoryInit, Placer, Site, input_format
from tospike.hw.encoders import delay_layout
from tospike.hw.params import CochleaParams, Contents, DelayParams, DeltaParams, EncoderParams, Encoding
from tospike.sim.design import Design
from tospike.sim.spiking.arrays import engine_delays


def _encoder(site: Site) -> EncoderParams | None:
    """Return an encoder from values to spikes, if the first layer needs one."""
    spec = site.network.input
    if site.engines or spec.encoding is None or spec.encoding.code.takes_frames:
        return None
    return EncoderParams(
        inputs=spec.inputs, steps=spec.steps, encoding=spec.encoding, payload=site.payload, seed=spec.seed
    )


def _delta(site: Site) -> DeltaParams | None:
    """Return an encoder from frames to changes, if the first layer needs one: for delta encoding, or in a delta ANN."""
    spec = site.network.input
    if site.engines:
        return None
    if spec.encoding is not None and spec.encoding.code.takes_frames:
        return DeltaParams(inputs=spec.inputs, steps=spec.steps, threshold=spec.delta_threshold, payload=site.payload)
    if site.stage.is_spiking or site.engine is not Engine.DELTA:
        return None
    return DeltaParams(
        inputs=spec.inputs,
        steps=max(1, spec.partial_inferences),
        threshold=site.options.delta_threshold,
        amounts=True,
        payload=site.payload,
    )


def _delay(site: Site) -> DelayParams | None:
    """Return a delay for the inputs of a stage. Time-stamped events arrive unordered within a step, so the first stage
    gets an engine even without delays: it puts them in order."""
    delays = site.stage.delays
    longest = 0 if delays is None else int(delays.max())
    if site.stage.is_spiking and site.options.event_bin is not None and site.index == 0:
        longest = max(1, longest)
    is_placed = bool(site.engines and site.engines[-1].longest_delay)
    if not longest or is_placed:
        return None
    return DelayParams(inputs=site.stage.synapses.inputs, longest=longest, payload=site.payload)


def _cochlea(site: Site) -> CochleaParams | None:
    """Return the network's cochlea, as its first layer takes what it sends."""
    front_end = site.network.input.front_end
    if site.engines or front_end is None:
        return None
    given = site.options.cochlea_multipliers
    built = front_end if given is None else replace(front_end, multipliers=min(given, front_end.channels))
    if not front_end.code.sends_levels:
        return built
    fmt = input_format(site.network)
    sparse = site.takes is Contents.SPARSE_FRAME
    return replace(built, sparse=sparse, sent=None if fmt == front_end.level else fmt)


def _pack_delays(params: DelayParams, design: Design, index: int) -> MemoryInit:
    return delay_layout.pack(params, engine_delays(design, index).tolist())


def _encoder_input(encoder: EncoderParams) -> dict[str, Any]:
    return {"steps": encoder.steps, "encoding": encoder.encoding, "seed": encoder.seed}


def _delta_input(encoder: DeltaParams) -> dict[str, Any]:
    if encoder.amounts:
        return {"partial_inferences": encoder.steps}
    return {"steps": encoder.steps, "encoding": Encoding.DELTA, "delta_threshold": encoder.threshold}


def _cochlea_input(params: CochleaParams) -> dict[str, Any]:
    return {"steps": 1 if params.code.sends_levels else params.steps, "front_end": params}


ENCODER = Placer(insert=_encoder, random_input=_encoder_input)
DELTA = Placer(insert=_delta, random_input=_delta_input)
COCHLEA = Placer(insert=_cochlea, random_input=_cochlea_input)
DELAY = Placer(insert=_delay, pack=_pack_delays)
"""Its delays, including random ones, belong to the stage downstream."""
