"""Quantises an SNN: weights on a grid; threshold, bias and membrane in units of that grid.

Neuron equations are free of scale (membrane, threshold and current together), so that only the weights, the input
values and the decay are rounded in earnest.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize_options import QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.scale import ScaleMethod, choose_scale, relative_error, signed_bits, to_grid
from tospike.hw.params import (
    Encoding,
    InputError,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronKind,
    NeuronParams,
    Reset,
    require,
    require_range,
)
from tospike.sim.arithmetic import exact_matmul, leak
from tospike.sim.encoding import encode
from tospike.sim.network import Dense, InputSpec, Membrane, Network, Stage

Ints = NDArray[np.int64]

WIDEST_STATE = 32
EXACT_DECAY = 1e-6
"""A decay nearer than this to 1 - 2**-k is taken as that: it came through float32."""
BATCH = 128


def quantize_snn(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Membrane` stages; see :func:`tospike.gen.quantize.quantize`."""
    require_range("weight-bits of an SNN", options.weight_bits, 2, 16)
    spec = _input(network.input, samples, options)
    events = encode(spec, samples).astype(np.int64)
    # What a payload of 1 stands for: a spike is 1, a value sent as it is has the input's unit.
    payload_unit = spec.scale if spec.encoding is Encoding.DIRECT else 1.0
    stages, reports = [], []
    for stage in network.stages:
        integers, report, events = _stage(stage, events, payload_unit, options)
        stages.append(integers)
        reports.append(report)
        payload_unit = 1.0
    return replace(network, input=spec, stages=tuple(stages)), tuple(reports)


def _input(spec: InputSpec, samples: NDArray[np.generic], options: QuantizeOptions) -> InputSpec:
    if spec.encoding is Encoding.RATE:
        return spec
    if spec.encoding is Encoding.DIRECT:
        fmt = IntFormat(bits=options.input_bits, signed=bool(samples.min() < 0))
        return replace(spec, format=fmt, scale=choose_scale(samples, fmt, ScaleMethod.MAX))
    counts = samples.astype(np.float64)
    require(
        bool((counts >= 0).all() and (counts == np.rint(counts)).all()),
        "the data are no spike trains (they hold negative or fractional values): give an encoding",
    )
    return replace(spec, format=IntFormat(bits=max(1, int(counts.max()).bit_length()), signed=False), scale=1.0)


def _stage(
    stage: Stage, events: Ints, payload_unit: float, options: QuantizeOptions
) -> tuple[Stage, StageReport, Ints]:
    """The integer stage, its report, and the spikes (N, steps, outputs) that it sends for ``events``."""
    neuron = stage.neuron
    if not isinstance(neuron, Membrane):
        raise InputError(f"stage {stage.name!r} is quantised already")
    fmt = IntFormat(bits=options.weight_bits, signed=True)
    scale = choose_scale(stage.dense.weight, fmt, options.weight_scale)
    weight = to_grid(stage.dense.weight, scale, fmt)
    # The membrane moves by gain * I, bias included: in units of the grid the gain is left in the threshold only.
    bias = np.rint(stage.dense.bias.astype(np.float64) / (scale * payload_unit)).astype(np.int64)
    synapses = Dense(weight=weight, bias=bias)
    unit = neuron.gain * scale * payload_unit
    leak_params = choose_leak(neuron.decay, options) if neuron.kind.leaks else LeakParams()
    law = NeuronLaw(kind=neuron.kind, threshold=_threshold(neuron, unit), reset=neuron.reset, leak=leak_params)
    low, high, spikes = trace(law, synapses, events)
    needed = max(signed_bits(low), signed_bits(high), signed_bits(law.threshold + 1) if neuron.kind.spikes else 0)
    bits = options.state_bits or max(4, min(needed + options.headroom_bits, WIDEST_STATE))
    require(
        signed_bits(law.threshold + 1) <= bits and max(map(signed_bits, (int(bias.min()), int(bias.max())))) <= bits,
        f"stage {stage.name!r} has a threshold of {law.threshold} and biases from {bias.min()} to {bias.max()}, which "
        f"do not fit {bits} state bits: give more state-bits (at most {WIDEST_STATE}) or fewer weight-bits",
    )
    integers = NeuronParams(kind=law.kind, state_bits=bits, threshold=law.threshold, reset=law.reset, leak=leak_params)
    report = StageReport(
        stage=stage.name,
        weight_scale=scale,
        weight_error=relative_error(weight * scale, stage.dense.weight),
        unit=unit,
        largest=max(high, -low),
        bits=bits,
        decay_error=decay_of(leak_params) - neuron.decay if neuron.kind.leaks else 0.0,
    )
    return Stage(name=stage.name, synapses=synapses, neuron=integers), report, spikes


def _threshold(neuron: Membrane, unit: float) -> int:
    """The threshold in membrane units.

    An integer v exceeds a real threshold exactly when it exceeds its floor. Only a reset by subtraction makes the
    nearest integer the better choice: the threshold is an amount there too.
    """
    if not neuron.kind.spikes:
        return 1
    real = neuron.threshold / unit
    return math.floor(real) if neuron.reset is Reset.ZERO else round(real)


def choose_leak(decay: float, options: QuantizeOptions) -> LeakParams:
    """The leak nearest to ``decay``: a shift if it is 1 - 2**-k or ``options.leak`` says so, else a multiplier.

    Raises
    ------
    InputError
        A shift is asked for, and no 1 - 2**-k with k from 1 to 15 is within a quarter of 1 - decay.
    """
    shift = min(range(1, 16), key=lambda k: abs(1 - 2.0**-k - decay))
    error = abs(1 - 2.0**-shift - decay)
    if options.leak is LeakKind.MULTIPLY or (options.leak is None and error > EXACT_DECAY):
        return LeakParams(
            kind=LeakKind.MULTIPLY,
            decay=round(decay * 2**options.decay_bits),
            fraction_bits=options.decay_bits,
            rounding=options.leak_rounding,
        )
    require(
        error <= 0.25 * (1 - decay) + EXACT_DECAY,
        f"a decay of {decay:g} is far from any 1 - 2**-k: choose the multiply leak",
    )
    return LeakParams(kind=LeakKind.SHIFT, shift=shift, rounding=options.leak_rounding)


def decay_of(params: LeakParams) -> float:
    """The decay that a leak stands for, but for rounding."""
    if params.kind is LeakKind.SHIFT:
        return 1 - 2.0**-params.shift
    return params.decay / 2.0**params.fraction_bits


# ------------------------------------------------------------------------------------------- range of a membrane


@dataclass(frozen=True, kw_only=True)
class NeuronLaw:
    """A neuron's integer equation before the width of its membrane is known."""

    kind: NeuronKind
    threshold: int
    reset: Reset
    leak: LeakParams


def trace(law: NeuronLaw, synapses: Dense, events: Ints) -> tuple[int, int, Ints]:
    """Run a stage over ``events`` (N, steps, inputs) with membranes that are wide enough.

    Returns
    -------
    Lowest and highest value that a membrane may pass through *whatever the order* in which the events of a step are
    added, and the spikes (N, steps, outputs).
    """
    spikes = np.zeros((*events.shape[:2], synapses.outputs), np.int64)
    low = high = 0
    for start in range(0, len(events), BATCH):
        part = slice(start, start + BATCH)
        lowest, highest, spikes[part] = _trace_batch(law, synapses, events[part])
        low, high = min(low, lowest), max(high, highest)
    return low, high, spikes


def _trace_batch(law: NeuronLaw, synapses: Dense, events: Ints) -> tuple[int, int, Ints]:
    weight = synapses.weight.astype(np.int64).T
    bias = synapses.bias.astype(np.int64)
    total = exact_matmul(events, weight)
    up = exact_matmul(np.maximum(events, 0), np.maximum(weight, 0))
    up += exact_matmul(np.minimum(events, 0), np.minimum(weight, 0))
    spikes = np.zeros_like(total)
    v = np.zeros_like(total[:, 0])
    low = high = 0
    for step in range(total.shape[1]):
        v = (leak(v, law.leak) if law.kind.leaks else v) + bias
        high = max(high, int((v + up[:, step]).max()))
        low = min(low, int((v + total[:, step] - up[:, step]).min()))
        v = v + total[:, step]
        if law.kind.spikes:
            fired = v > law.threshold
            spikes[:, step] = fired
            v = np.where(fired, 0 if law.reset is Reset.ZERO else v - law.threshold, v)
    return low, high, spikes
