"""Insert bridges between layers of an ANN and of an SNN, and between arrays and event engines."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tospike.gen.place.placer import Placer, Site
from tospike.gen.place.windows import window_of
from tospike.hw.params import (
    Contents,
    EncoderParams,
    Encoding,
    EngineParams,
    FrameBufferParams,
    SpikeCode,
    SpikeCountParams,
    ValueSpikesParams,
)


def _insert(site: Site) -> EngineParams | None:
    """Return the bridge between what the last engine sends and what this stage takes, if they differ."""
    if not site.engines or site.takes is None:
        return None
    make = _BRIDGES.get((site.engines[-1].sends, site.takes))
    return None if make is None else make(site)


def _spikes(site: Site) -> EngineParams:
    """Return a bridge from values to spikes: graded ones of values that arrive without zeros need no buffer."""
    before, levels = replace(site, index=site.index - 1), _levels(site)
    code = SpikeCode.ONCE if before.sends_counts else site.options.bridge
    sparse = site.engines[-1].sends is Contents.SPARSE_FRAME
    inputs, steps = site.stage.synapses.inputs, _window(site, 1 if code.is_graded else levels)
    if sparse and code is SpikeCode.ONCE:
        return EncoderParams(inputs=inputs, steps=steps, encoding=Encoding.ONCE, payload=site.payload)
    return ValueSpikesParams(
        inputs=inputs,
        payload=site.payload,
        transpose=_by_position(site),
        steps=steps,
        code=code,
        levels=levels,
        sparse=sparse,
    )


def _count(site: Site) -> EngineParams:
    return SpikeCountParams(
        inputs=site.stage.synapses.inputs,
        payload=site.payload,
        transpose=_by_channel(site),
        count=site.activations,
    )


def _frame(site: Site) -> EngineParams:
    sparse = site.engines[-1].sends is Contents.SPARSE_FRAME
    return FrameBufferParams(
        inputs=site.stage.synapses.inputs,
        payload=site.payload,
        transpose=_by_channel(site),
        sparse=sparse,
        values=site.activations,
    )


_BRIDGES: Mapping[tuple[Contents, Contents], Callable[[Site], EngineParams]] = {
    (Contents.FRAME, Contents.TRAIN): _spikes,
    (Contents.SPARSE_FRAME, Contents.TRAIN): _spikes,
    (Contents.TRAIN, Contents.FRAME): _count,
    (Contents.FRAME, Contents.SPARSE_FRAME): _frame,
    (Contents.SPARSE_FRAME, Contents.FRAME): _frame,
}
"""By what arrives and what is taken. Event engines of an ANN take the counts of a spiking layer without one."""


def _levels(site: Site) -> int:
    """Return the largest activation that arrives."""
    levels = site.network.stages[site.index - 1].levels
    assert levels is not None, "only a hidden layer precedes another one"
    return levels[1]


def _window(site: Site, least: int) -> int:
    """Return the steps of the spike train: up to the end of the last phase of the layers that spike one by one."""
    ends = [least]
    at: Site | None = site
    while at is not None and at.stage.is_spiking:
        ends.append(0 if at.stage.firing is None else at.stage.firing.end)
        at = None if at.sends_counts else at.next
    return max(ends)


def _by_position(site: Site) -> tuple[int, int] | None:
    """Return (channels, positions), if an array sends an image channel by channel to a window."""
    if site.engines[-1].sent_image is not None or window_of(site.stage, site.arriving) is None:
        return None
    channels, *size = site.arriving
    return _matrix(channels, size)


def _by_channel(site: Site) -> tuple[int, int] | None:
    """Return (positions, channels), if a spiking layer sends an image position by position to an array."""
    image = site.engines[-1].sent_image
    matrix = None if image is None else _matrix(image[0], image[1:])
    return None if matrix is None else matrix[::-1]


def _matrix(channels: int, size: Sequence[int]) -> tuple[int, int] | None:
    """Return (channels, positions); ``None`` if there is but one channel or position, so that all orders are equal."""
    positions = math.prod(size)
    return None if 1 in (channels, positions) else (channels, positions)


BRIDGE = Placer(insert=_insert)
