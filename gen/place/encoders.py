"""Encoders and delays: no stage runs on them, they come where a network's input or a stage needs one."""

from tospike.gen.place.options import AnnEngine
from tospike.gen.place.placer import Placed, Placer, Site
from tospike.hw.params import DelayParams, DeltaParams, EncoderParams


def _encoder(site: Site) -> Placed | None:
    """Values become spikes before the first spiking layer."""
    spec = site.network.input
    if site.engines or spec.encoding is None or spec.encoding.code.takes_frames:
        return None
    engine = EncoderParams(
        inputs=spec.inputs, steps=spec.steps, encoding=spec.encoding, payload=site.payload, seed=spec.seed
    )
    return Placed(engine=engine)


def _delta(site: Site) -> Placed | None:
    """Frames become changes before the first layer of a delta ANN, and before a spiking one that takes frames."""
    spec = site.network.input
    if site.engines:
        return None
    if spec.encoding is not None and spec.encoding.code.takes_frames:
        engine = DeltaParams(inputs=spec.inputs, steps=spec.steps, threshold=spec.delta_threshold, payload=site.payload)
    elif not site.stage.is_spiking and site.options.ann_engine is AnnEngine.DELTA:
        engine = DeltaParams(
            inputs=spec.inputs,
            steps=max(1, spec.partial_inferences),
            threshold=site.options.delta_threshold,
            amounts=True,
            payload=site.payload,
        )
    else:
        return None
    return Placed(engine=engine)


def _delay(site: Site) -> Placed | None:
    """Delay the inputs of the stage behind it; events come to a step in any order, and such an engine, even of no
    delay, puts them in order."""
    delays = site.stage.delays
    longest = 0 if delays is None else int(delays.max())
    if site.stage.is_spiking and site.options.event_bin is not None and site.index == 0:
        longest = max(1, longest)
    is_there = bool(site.engines and site.engines[-1].longest_delay)
    if not longest or is_there:
        return None
    return Placed(engine=DelayParams(inputs=site.stage.synapses.inputs, longest=longest, payload=site.payload))


ENCODER = Placer(place=_encoder)
DELTA = Placer(place=_delta)
DELAY = Placer(place=_delay)
