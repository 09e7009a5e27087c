"""Golden model of the cochlea.

A channel is a cascade of ``sections`` band-pass sections with poles ``r exp(+-iw)`` and zeros at 0 Hz and half the
sample rate. A section with input u and output v is the half difference of its input and an all-pass of the second order
(Regalia and Mitra, "Tunable digital frequency response equalization filters", IEEE Trans. ASSP 35, 1987)::

    H(z) = (1 - A(z)) / 2,    A(z) = (a2 + a1 / z + 1 / z**2) / (1 + a1 / z + a2 / z**2)

    v[n] = damping * (u[n] - u[n-2] + 2 v[n-2]) + 2 rotation * v[n-1] - v[n-2]
    damping = (1 - a2) / 2 = (1 - r**2) / 2,    rotation = -a1 / 2 = cos(w) (1 - damping)

It takes two multiplications instead of five, and its gain at the centre is exactly 1 whatever the rounding of the
coefficients. It is a direct form I, with one rounding (towards zero, which lets the sound die away) and one saturation
per output; the delayed inputs of a section are the outputs of the one before, so they are stored once.

The half-wave rectified outputs of the last section are summed over a time bin, as an inner hair cell does; the base-2
logarithm of the sum is the level.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tospike.hw.params import CochleaCode, CochleaParams, Rounding, require
from tospike.sim.arithmetic import Ints, round_shift, saturate
from tospike.sim.engine import EngineRun, Sample

BATCH = 256
"""Samples filtered at a time: their states should fit the cache."""


def run_cochlea(params: CochleaParams, sound: Sample) -> EngineRun:
    """Return what a cochlea sends for (N, steps, hop) samples of sound, with its counts."""
    shape = (params.steps, params.hop)
    require(sound.shape[1:] == shape, f"a cochlea takes frames of shape {shape}, not {sound.shape[1:]}")
    return count(params, hear(params, sound))


def hear(params: CochleaParams, sound: Sample, *, sums: Callable[[CochleaParams, Sample], Ints] | None = None) -> Ints:
    """Return what a cochlea sends for (N, steps, hop) samples: (N, steps, channels) spikes or changes, or
    (N, 1, steps * channels) levels. ``sums`` may compute what `channel_sums` does in another way."""
    parts = [
        levels(params, (sums or channel_sums)(params, sound[at : at + BATCH])) for at in range(0, len(sound), BATCH)
    ]
    heard = np.concatenate(parts) if parts else np.zeros((0, params.steps, params.channels), np.int64)
    return CODES[params.code](params, heard)


def channel_sums(params: CochleaParams, sound: Sample) -> Ints:
    """Return the (N, steps, channels) sums of the rectified outputs of each channel over each time bin."""
    samples = len(sound)
    stream = np.ascontiguousarray(sound.reshape(samples, params.samples).T.astype(np.int64))
    rotations, dampings = np.array(params.rotations), np.array(params.dampings)
    silence = np.zeros((samples, params.channels), np.int64)
    earlier = np.zeros((2, samples, 1), np.int64)  # the two samples of sound before this one
    outputs = [(silence, silence) for _ in range(params.sections)]  # of each section, the two before this one
    heard = np.zeros((samples, params.steps, params.channels), np.int64)
    for number, arrived in enumerate(stream):
        now = arrived[:, None] << params.guard_bits
        difference = now - earlier[1]
        earlier = np.stack([now, earlier[0]])
        for section, (once, twice) in enumerate(outputs):
            product = dampings * (difference + 2 * twice) + 2 * rotations * once
            output = round_shift(product - twice * params.unit, params.coefficient_bits - 1, Rounding.TRUNCATE)
            output = saturate(output, params.section)
            difference = output - twice
            outputs[section] = (output, once)
        heard[:, number // params.hop] += np.maximum(outputs[-1][0], 0)
    return heard


def levels(params: CochleaParams, heard: Ints) -> Ints:
    """Return the levels of sums of any shape: their base-2 logarithms, in steps of ``2**-fraction_bits``, above the
    floor, saturated; 0 for a sum of 0."""
    octave = np.frexp(heard.astype(np.float64))[1].astype(np.int64) - 1  # sums are below 2**53
    # the bits after the leading one; a small sum has zeros after its last bit
    shift = octave - params.fraction_bits
    index = np.where(shift >= 0, heard >> np.maximum(shift, 0), heard << np.maximum(-shift, 0))
    index = index & ((1 << params.fraction_bits) - 1)
    log = (octave << params.fraction_bits) + np.array(params.log_fractions)[index]
    return np.where(heard > 0, np.clip(log - params.floor, 0, params.level.max), 0)


def _lif(params: CochleaParams, level: Ints) -> Ints:
    """Integrate; a membrane above the threshold spikes and loses it. More than the threshold never remains."""
    membrane = np.zeros_like(level[:, 0])
    spikes = np.zeros_like(level)
    for step in range(params.steps):
        kept = membrane - (membrane >> params.leak_shift) if params.leak_shift else membrane
        membrane = kept + level[:, step]
        spikes[:, step] = membrane > params.threshold
        membrane = np.minimum(membrane - params.threshold * spikes[:, step], params.threshold)
    return spikes


def _delta(params: CochleaParams, level: Ints) -> Ints:
    """Send the direction of a change larger than the threshold since the level last sent, at first 0."""
    last = np.zeros_like(level[:, 0])
    changes = np.zeros_like(level)
    for step in range(params.steps):
        difference = level[:, step] - last
        sends = np.abs(difference) > params.threshold
        changes[:, step] = np.where(sends, np.sign(difference), 0)
        last = np.where(sends, level[:, step], last)
    return changes


def _levels(params: CochleaParams, level: Ints) -> Ints:
    return level.reshape(len(level), 1, params.steps * params.channels)


CODES: Mapping[CochleaCode, Callable[[CochleaParams, Ints], Ints]] = {
    CochleaCode.LIF: _lif,
    CochleaCode.DELTA: _delta,
    CochleaCode.LEVELS: _levels,
}
"""What is sent for (N, steps, channels) levels."""


def count(params: CochleaParams, sent: Ints) -> EngineRun:
    """Return what was sent with the counts of a cochlea of any size."""
    ones = np.ones(len(sent), np.int64)
    sends_levels = params.code.sends_levels
    values = np.count_nonzero(sent, axis=(1, 2)).astype(np.int64)
    if sends_levels and not params.sparse:
        values = params.steps * params.channels * ones
    sections = params.samples * params.sections * params.channels * ones
    bins = params.steps * params.channels * ones
    return EngineRun(
        sent=sent,
        counters={
            "values": values,
            "ticks": 0 * ones if sends_levels else params.steps * ones,
            "samples": ones,
            "heard": params.samples * ones,
        },
        operations={
            "mac": 2 * sections,
            "weight_read": 2 * sections,
            # two outputs of a section are read and one is new; sums, and what the code keeps
            "state_read": 2 * sections + params.samples * params.channels * ones + bins * (params.state_bits > 0),
            "state_write": sections + params.samples * params.channels * ones + bins * (params.state_bits > 0),
        },
    )
