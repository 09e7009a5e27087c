"""Map trained decays to the leaks of the hardware, and weights of sliding neurons to its taps."""

import math

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.normalize import NormalizedNeuron
from tospike.gen.quantize.options import ROUNDED_OFF, SHIFTED_OFF, QuantizeOptions
from tospike.gen.quantize.state_unit import FINEST, MOST_DECAY
from tospike.hw.params import LeakKind, LeakParams, NeuronParams, require
from tospike.hw.params.neurons.sliding import NEGATIVE_TAP, NO_TAP
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Parameter

Ints = NDArray[np.int64]

EXACT_DECAY = 1e-6
"""A decay nearer than this to 1 - 2**-k counts as equal: the precision of float32."""


def leak_of(decay: Parameter, options: QuantizeOptions) -> LeakParams:
    """Return the leak of a layer: with one decay, or with a decay per neuron, which needs a multiplier."""
    if not isinstance(decay, np.ndarray):
        return choose_leak(decay, options)
    require(
        options.leak is not LeakKind.SHIFT,
        "decays that differ between neurons need a multiplier: choose the multiply leak",
    )
    return LeakParams(
        kind=LeakKind.MULTIPLY,
        decay=0,
        decay_bits=options.decay_bits,
        rounding=options.leak_rounding,
        varies=True,
    )


def per_neuron_decays(neuron: NormalizedNeuron, neuron_params: NeuronParams, outputs: int) -> Ints | None:
    """Return (outputs, n) integer decays of the leaks, or taps, that vary."""
    if neuron.taps is not None:
        return tap_codes(neuron.taps) if neuron_params.varying else None
    given = [decay for decay in (neuron.decay, neuron.synapse_decay) if isinstance(decay, np.ndarray)]
    columns = [
        to_int64(np.broadcast_to(decay, outputs) * constant.largest, "decays")
        for decay, constant in zip(given, neuron_params.varying.values(), strict=True)
    ]
    return np.stack(columns, axis=1) if columns else None


def decay_error(params: LeakParams, decay: Parameter) -> float:
    """Return hardware decay minus trained decay; the largest error if neurons have their own."""
    if not isinstance(decay, np.ndarray):
        return decay_of(params) - decay
    errors = np.rint(decay * 2**params.decay_bits) / 2**params.decay_bits - decay
    return float(errors[np.argmax(np.abs(errors))])


def choose_leak(decay: float, options: QuantizeOptions) -> LeakParams:
    """Return the leak nearest to ``decay``: a shift if it is 1 - 2**-k or ``options.leak`` says so, else a multiplier.

    Raises
    ------
    InputError
        A shift was chosen, but no 1 - 2**-k with k from 1 to 15 is within a quarter of 1 - decay.
    """
    shift = min(range(1, 16), key=lambda k: abs(1 - 2.0**-k - decay))
    error = abs(1 - 2.0**-shift - decay)
    if options.leak is LeakKind.MULTIPLY or (options.leak is None and error > EXACT_DECAY):
        return LeakParams(
            kind=LeakKind.MULTIPLY,
            decay=round(decay * 2**options.decay_bits),
            decay_bits=options.decay_bits,
            rounding=options.leak_rounding,
        )
    require(
        error <= 0.25 * (1 - decay) + EXACT_DECAY,
        f"a decay of {decay:g} is far from any 1 - 2**-k: choose the multiply leak",
    )
    return LeakParams(kind=LeakKind.SHIFT, shift=shift, rounding=options.leak_rounding)


def decay_of(params: LeakParams) -> float:
    """Return the decay of a leak, apart from rounding."""
    if params.kind is LeakKind.SHIFT:
        return 1 - 2.0**-params.shift
    return params.decay / 2.0**params.decay_bits


def rounding_bits(neuron: NormalizedNeuron, unit: float, options: QuantizeOptions) -> int:
    """Return the fraction bits that keep the rounding error of leaks small; without any, the membrane has ``unit``.

    Leaks by shift get fraction bits if weights are large relative to the threshold, not because weights were given few
    bits.
    """
    if neuron.taps is not None:
        # each tap rounds off up to 1
        lost = np.count_nonzero(neuron.taps, axis=1).max(initial=0) * unit / (SHIFTED_OFF * neuron.threshold)
        return min(FINEST, most_shift(neuron.taps), max(0, math.ceil(math.log2(max(1.0, lost)))))
    leaks = [leak_of(neuron.decay, options)] if neuron.kind.leaks else []
    leaks += [leak_of(neuron.synapse_decay, options)] if neuron.kind.synaptic else []
    decay, synapse_decay = float(np.max(neuron.decay)), float(np.max(neuron.synapse_decay))
    if not leaks or not neuron.kind.spikes or not 0 < decay < 1:
        return 0
    # each leak rounds off up to 1 per step, and with a decay of d this accumulates to 1 / (1 - d)
    each = 1.0 + (1 / (1 - min(synapse_decay, MOST_DECAY)) if neuron.kind.synaptic else 0.0)
    rounded_off = each / (1 - min(decay, MOST_DECAY))
    allowed = ROUNDED_OFF
    if LeakKind.MULTIPLY not in [leak.kind for leak in leaks]:
        allowed, unit = SHIFTED_OFF, unit / 2 ** max(0, 8 - options.weight_bits)
    return min(FINEST, max(0, math.ceil(math.log2(rounded_off * unit / (allowed * neuron.threshold)))))


def exact_bits(neuron: NormalizedNeuron, steps: int, options: QuantizeOptions) -> int | None:
    """Return the fraction bits that the leaks of ``steps`` steps need to lose nothing; ``None`` if decays are
    inexact."""
    if neuron.taps is not None:
        return most_shift(neuron.taps)
    leaks = [(leak_of(neuron.decay, options), neuron.decay)] if neuron.kind.leaks else []
    leaks += [(leak_of(neuron.synapse_decay, options), neuron.synapse_decay)] if neuron.kind.synaptic else []
    if any(abs(decay_error(leak, decay)) > EXACT_DECAY for leak, decay in leaks):
        return None
    each = max((_shifted_bits(leak, decay) for leak, decay in leaks), default=0)
    return each * (steps - (neuron.initial == 0))


def _shifted_bits(leak: LeakParams, decay: Parameter) -> int:
    """Return the fraction bits that one leak needs: the exponent of its decay, an odd number over a power of two."""
    if leak.kind is LeakKind.SHIFT:
        return leak.shift
    decays = to_int64(np.asarray(decay) * 2.0**leak.decay_bits, "decays")
    last_bit = int(np.min(np.where(decays == 0, 1 << leak.decay_bits, decays & -decays)))
    return max(0, leak.decay_bits - (last_bit.bit_length() - 1))


def tap_codes(weights: NDArray[np.float64]) -> Ints:
    """Return the taps, as `SlidingParams` has them, of weights of the same shape: powers of two up to 1, or 0."""
    shifts = _shifts(weights)
    return np.where(weights == 0, NO_TAP, shifts + NEGATIVE_TAP * (weights < 0))


def most_shift(weights: NDArray[np.float64]) -> int:
    """Return the largest shift."""
    return int(_shifts(weights).max(initial=0))


def _shifts(weights: NDArray[np.float64]) -> Ints:
    return to_int64(-np.log2(np.where(weights == 0, 1.0, np.abs(weights))), "taps")
