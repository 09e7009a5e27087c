"""The codes of the cochlea: what a channel sends of its level, and what it keeps. `tospike.sim.cochlea.golden` has the
golden models."""

from collections.abc import Callable, Mapping

from amaranth.hdl import *

from tospike.hw.params import CochleaCode, CochleaParams

Coder = Callable[[CochleaParams, Value, Value], tuple[Value, Value, Value]]
"""``coder(params, level, kept)`` returns whether a channel sends, its payload, and what it keeps."""


def lif(params: CochleaParams, level: Value, kept: Value) -> tuple[Value, Value, Value]:
    """Integrate the level; what is above the threshold spikes and loses it, and more than that never remains."""
    membrane = (kept - (kept >> params.leak_shift) if params.leak_shift else kept) + level
    spikes = membrane > params.threshold
    rest = Mux(spikes, membrane - params.threshold, membrane)
    return spikes, C(1, 1), Mux(rest > params.threshold, params.threshold, rest)


def delta(params: CochleaParams, level: Value, kept: Value) -> tuple[Value, Value, Value]:
    """Send the direction of a change from the level last sent."""
    up = level > kept + params.threshold
    sends = up | (kept > level + params.threshold)
    return sends, Mux(up, C(1, 2), C(3, 2)), Mux(sends, level, kept)


def levels(params: CochleaParams, level: Value, kept: Value) -> tuple[Value, Value, Value]:
    """Send the level, or only if it is not 0."""
    return (level != 0 if params.sparse else C(1, 1)), level, C(0, 0)


CODERS: Mapping[CochleaCode, Coder] = {
    CochleaCode.LIF: lif,
    CochleaCode.DELTA: delta,
    CochleaCode.LEVELS: levels,
}
