"""The sums of a cochlea's channels: `cochlea.cpp`."""

import numpy as np

from tospike.hw.params import CochleaParams
from tospike.sim.arithmetic import Ints
from tospike.sim.cochlea.golden import channel_sums
from tospike.sim.compiled.library import library
from tospike.sim.engine import Sample


def compiled_sums(params: CochleaParams, sound: Sample) -> Ints:
    """Return `channel_sums`, about 20 times faster, or without a compiler as fast."""
    functions = library()
    if functions is None:
        return channel_sums(params, sound)
    heard = np.zeros((len(sound), params.steps, params.channels), np.int64)
    functions.call(
        "cochlea_sums",
        *(np.ascontiguousarray(sound, np.int64), len(sound), params.steps, params.hop, params.channels),
        *(np.array(params.rotations, np.int64), np.array(params.dampings, np.int64), params.sections),
        *(params.coefficient_bits - 1, params.guard_bits, params.section.min, params.section.max, heard),
    )
    return heard
