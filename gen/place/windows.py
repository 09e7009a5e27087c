"""Find the windows of weights of an SNN's convolutions, pools and dense layers."""

from dataclasses import replace

import numpy as np

from tospike.hw.params import EventWindow, require
from tospike.sim.network import Array, Conv2d, Shape, Stage


def window_of(stage: Stage, arriving: Shape) -> EventWindow | None:
    """Return the window that an event engine needs for a stage; ``None`` for dense synapses without a pool before them.

    The importer merges a pool into weights that are equal within its tiles (`tospike.gen.nir.synapses`); the engine
    stores such weights once, and addresses the pooled pixel instead.

    Parameters
    ----------
    arriving
        Shape of the previous stage's output: (values,) or (channels, height, width); () for the network's input.

    Raises
    ------
    InputError
        Event engines do not run such synapses.
    """
    synapses = stage.weighted
    if isinstance(synapses, Conv2d):
        require(
            len(arriving) != 1 or synapses.shape[0] == 1 or synapses.shape[1:] == (1, 1),
            f"stage {stage.name!r} is a convolution after a dense layer, which sends channel by channel, but event "
            "engines take position by position: reorder the dense layer's outputs, and make it a convolution",
        )
        return pooled(convolution(synapses), synapses.weight)
    if len(arriving) != 3:
        return None
    channels, height, width = arriving
    whole = EventWindow(shape=(channels, height, width), channels=synapses.outputs, kernel=(height, width))
    window = pooled(whole, synapses.weight.reshape(-1, *arriving))
    return None if window is whole else window


def convolution(synapses: Conv2d) -> EventWindow:
    """Return the window of a convolution.

    Raises
    ------
    InputError
        The padding is not zero, or an image or a window is too large.
    """
    require(synapses.pad_value == 0, "an image of events has no values beyond its edges: pad with zeros")
    return EventWindow(
        shape=synapses.shape,
        channels=synapses.channels,
        kernel=synapses.window.kernel,
        stride=synapses.stride,
        padding=synapses.padding,
        depthwise=synapses.groups > 1,
    )


def pooled(window: EventWindow, weight: Array) -> EventWindow:
    """Return the window with the largest pool that gives the same results; the last two axes of ``weight`` are the
    kernel."""
    pools = _pool(window, weight, 0), _pool(window, weight, 1)
    if pools == (1, 1):
        return window
    (high, wide), (top, left, bottom, right) = pools, window.padding
    return replace(
        window,
        kernel=(window.kernel[0] // high, window.kernel[1] // wide),
        stride=(max(1, window.stride[0] // high), max(1, window.stride[1] // wide)),
        padding=(top // high, left // wide, bottom // high, right // wide),
        pool=pools,
    )


def _pool(window: EventWindow, weight: Array, axis: int) -> int:
    """Return the largest pool along an axis that divides all sizes and has equal weights within each tile."""
    kernel, size = window.kernel[axis], window.size[axis]
    sizes = [window.shape[1 + axis], kernel, window.padding[axis], window.padding[2 + axis]]
    sizes += [window.stride[axis]] if size > 1 else []
    tiles = np.moveaxis(weight, 2 + axis, -1)
    for pool in range(kernel, 1, -1):
        if any(part % pool for part in sizes):
            continue
        split = tiles.reshape(*tiles.shape[:-1], kernel // pool, pool)
        if (split == split[..., :1]).all():
            return pool
    return 1
