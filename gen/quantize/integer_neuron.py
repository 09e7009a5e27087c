"""Quantise a trained spiking neuron."""

import math
from dataclasses import replace
from typing import Any, cast

from tospike.gen.quantize.leaks import choose_leak, leak_of, tap_codes
from tospike.gen.quantize.normalize import NormalizedNeuron
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.state_unit import WIDEST_STATE
from tospike.hw.params import (
    AdaptationParams,
    Comparison,
    IntFormat,
    NeuronParams,
    NoiseParams,
    Reset,
    neuron_params,
    require,
)
from tospike.hw.params.engines.noise import MAX_NOISE_BITS, MAX_NOISE_SCALE, MAX_NOISE_SHIFT, deviation_of_sum
from tospike.hw.params.neurons.threshold import MAX_ADAPTATION, ThresholdParams
from tospike.sim.network.threshold_noise import ThresholdNoise

LEAST_NOISE_BITS, MOST_NOISE_BITS = 4, MAX_NOISE_BITS
"""Bits of the uniform numbers that noise is a sum of."""
ON_GRID = 2.0**-20
"""Relative deviation up to which a threshold counts as a multiple of its unit."""


def membrane_unit(neuron: NormalizedNeuron, fine: float) -> float:
    """Return the real value of a membrane of 1, if a weighted input of ``fine`` moves the state by 1."""
    return fine * neuron.gain * (neuron.synapse_gain if neuron.kind.synaptic else 1.0)


def integer_neuron(
    name: str, neuron: NormalizedNeuron, fine: float, fraction_bits: int, options: QuantizeOptions
) -> NeuronParams:
    """Return the neuron of layer ``name`` with the widest states; a weighted input of ``fine`` moves them by 1."""
    unit = membrane_unit(neuron, fine)
    threshold = _threshold(neuron, unit)
    knobs: dict[str, Any] = {
        "state_bits": WIDEST_STATE,
        "state_fraction_bits": fraction_bits,
        "firing": neuron.firing,
        "initial": round(neuron.initial * threshold if neuron.kind.spikes else neuron.initial / unit),
    }
    if neuron.floor is not None:
        knobs["lower_bound"] = max(round(neuron.floor / unit), IntFormat(bits=WIDEST_STATE, signed=True).min)
    if neuron.kind.spikes:
        knobs |= {
            "threshold": threshold,
            "comparison": neuron.comparison,
            "reset": neuron.reset,
            "v_reset": round(neuron.v_reset / unit),
            "reset_timing": neuron.reset_timing,
            "spike_bits": neuron.spike_bits,
            "refractory": neuron.refractory,
            "code": neuron.code,
            "adaptation": _adaptation(name, neuron, threshold, options),
            "noise": None if neuron.noise is None else integer_noise(name, neuron.noise, neuron.threshold / unit),
        }
    if neuron.taps is not None:
        codes = tap_codes(neuron.taps)
        knobs |= {
            "taps": tuple(codes[0].tolist()),
            "dilation": neuron.dilation,
            "varies": bool((codes != codes[0]).any()),
        }
    if neuron.kind.leaks:
        knobs["leak"] = leak_of(neuron.decay, options)
    if neuron.kind.synaptic:
        knobs |= {
            "current_bits": WIDEST_STATE,
            "synapse": leak_of(neuron.synapse_decay, options),
            "leak_bias": round(float(neuron.rest) / unit),
        }
    return neuron_params(neuron.kind, **knobs)


def integer_noise(name: str, noise: ThresholdNoise, threshold: float) -> NoiseParams | None:
    """Return the noise of layer ``name`` with thresholds of ``threshold`` units; ``None`` if it is far below a unit.

    Its deviation is within 1 / `MAX_NOISE_SCALE` of the float network's. Numbers have no more bits than a unit of
    the membrane resolves.

    Raises
    ------
    InputError
        The hardware draws no numbers as large.
    """
    wanted, draws = noise.deviation * threshold, noise.shape.draws
    bits = next(
        (each for each in range(LEAST_NOISE_BITS, MOST_NOISE_BITS) if deviation_of_sum(each, draws) >= 2 * wanted),
        MOST_NOISE_BITS,
    )
    factor = wanted / deviation_of_sum(bits, draws)
    shift = math.floor(math.log2(factor)) - MAX_NOISE_SCALE.bit_length() + 1
    scale = min(MAX_NOISE_SCALE, round(factor / 2.0**shift))
    require(
        shift <= MAX_NOISE_SHIFT,
        f"layer {name!r} has noise of {noise.deviation:g} thresholds of {threshold:.0f} units, which is more than the "
        "hardware draws: give a smaller noise or threshold",
    )
    while scale % 2 == 0 and shift < MAX_NOISE_SHIFT:
        scale, shift = scale // 2, shift + 1
    if shift < -MAX_NOISE_SHIFT:
        return None
    return NoiseParams(bits=bits, draws=draws, scale=scale, shift=shift, seed=noise.seed)


def _adaptation(
    name: str, neuron: NormalizedNeuron, threshold: int, options: QuantizeOptions
) -> AdaptationParams | None:
    """Return the adaptation of the threshold."""
    if not neuron.adaptation:
        return None
    step = max(1, round(neuron.adaptation * threshold))
    require(
        step <= MAX_ADAPTATION,
        f"layer {name!r} has an adaptation of {neuron.adaptation:g} thresholds of {threshold} units, more than "
        f"{MAX_ADAPTATION} units: give a smaller adaptation or threshold",
    )
    return AdaptationParams(step=step, leak=choose_leak(neuron.adaptation_decay, options))


def _threshold(neuron: NormalizedNeuron, unit: float) -> int:
    """Return the threshold in membrane units.

    An integer v exceeds a real threshold exactly when it exceeds its floor, and is at least as large when it is at
    least its ceiling. With reset by subtraction, the nearest integer is better, because the threshold is also
    subtracted.
    """
    if not neuron.kind.spikes:
        return 1
    real = neuron.threshold / unit
    if abs(real - round(real)) <= ON_GRID * real:
        real = round(real)
    at_least = neuron.comparison is Comparison.AT_LEAST
    if neuron.reset is Reset.SUBTRACT:
        return max(round(real), int(at_least or neuron.spike_bits > 1))
    return max(1, math.ceil(real)) if at_least else max(math.floor(real), int(neuron.spike_bits > 1))


def host_threshold(name: str, neuron: NeuronParams, factor: float) -> NeuronParams:
    """Return the neuron of layer ``name`` with a threshold that the host may write, which begins as ``factor`` times
    its own.

    Raises
    ------
    InputError
        It does not spike, the threshold is not within its membranes, or it sends graded spikes.
    """
    require(neuron.spikes, f"layer {name!r} has no threshold: leave {name}.threshold-factor out")
    firing = cast(ThresholdParams, neuron)
    threshold = round(firing.threshold * factor)
    require(
        1 <= threshold <= firing.largest,
        f"layer {name!r} has a threshold of {firing.threshold}, which {name}.threshold-factor {factor:g} makes "
        f"{threshold}: from 1 to {firing.largest} fit its {firing.state_bits} state bits: give another factor, or "
        "state-bits",
    )
    return replace(firing, threshold=threshold, host_threshold=True)
