"""Quantises an SNN: weights on a grid; threshold, bias and membrane in units of that grid.

Neuron equations are free of scale (membrane, threshold and current together), so that only the weights, the input
values and the decay are rounded in earnest.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.leaks import decay_error, leak_of, own_decays
from tospike.gen.quantize_options import ROUNDED_OFF, SEARCHED_SCALES, QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.reach import trace
from tospike.gen.scale import ScaleMethod, choose_scale, relative_error, signed_bits, to_grid
from tospike.gen.uniform import UniformMembrane, uniform
from tospike.hw.params import (
    Comparison,
    Encoding,
    IntFormat,
    LeakKind,
    LeakParams,
    NeuronParams,
    Reset,
    ceil_div,
    require,
    require_range,
)
from tospike.sim.arithmetic import to_int64
from tospike.sim.delay import delayed
from tospike.sim.encoding import encode
from tospike.sim.network import Conv2d, Dense, InputSpec, Membrane, Network, Stage
from tospike.sim.reference import run_float

Ints = NDArray[np.int64]
Integers = NDArray[np.integer]

WIDEST_STATE = 32
CALIBRATION_VALUES = 1 << 26
"""Spikes that a layer may send on all calibration samples together: fewer samples are used if need be."""
SEARCHED_SAMPLES = 256
"""A search for a scale looks at no more samples than this."""
LEAST_RANGE = 0.2
"""Fraction of the largest weight that a searched scale must at least reach."""
MOST_DECAY = 1 - 2.0**-12
"""A decay above this counts as this when roundings are summed up."""


def quantize_snn(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Membrane` stages; see :func:`tospike.gen.quantize.quantize`."""
    require_range("weight-bits of an SNN", options.weight_bits, 2, 16)
    widest = max(network.input.inputs, *(stage.synapses.outputs for stage in network.stages))
    samples = samples[:: ceil_div(len(samples) * network.input.steps * widest, CALIBRATION_VALUES)]
    spec = _input(network.input, samples, options)
    events: Integers = encode(spec, samples).astype(np.int64, copy=False, casting="same_kind")
    payload_unit = spec.payload_unit
    # only a search for scales needs to know what the float network does
    searched = [_candidates(stage, options) > 0 for stage in network.stages]
    few = slice(None, None, ceil_div(len(samples), SEARCHED_SAMPLES))
    wanted = [run.outputs.sum(axis=1) for run in run_float(network, samples[few]).stages] if any(searched) else []
    stages, reports = [], []
    for index, stage in enumerate(network.stages):
        if stage.delays is not None:
            events = delayed(events, stage.delays)
        goal = Goal(events=events[few], counts=wanted[index]) if searched[index] else None
        integers, report, events = _stage(stage, events, payload_unit, goal, options)
        stages.append(integers)
        reports.append(report)
        payload_unit = 1.0
    return replace(network, input=spec, stages=tuple(stages)), tuple(reports)


def _input(spec: InputSpec, samples: NDArray[np.generic], options: QuantizeOptions) -> InputSpec:
    if spec.encoding is not None and spec.encoding.takes_integers:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Goal:
    """What a search for a scale tries to meet."""

    events: Integers
    """(N, steps, inputs): what the integer stage gets."""
    counts: NDArray[np.float64]
    """(N, outputs): how often the float neurons spike."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trial:
    """A stage in integers at one scale, its states as wide as can be."""

    law: NeuronParams
    synapses: Dense | Conv2d
    recurrent: Ints | None
    decays: Ints | None
    fine: float
    """Real weighted input that moves the state by 1."""

    def error(self, goal: Goal) -> float:
        """Mean difference of the numbers of spikes."""
        spikes = trace(self.law, self.synapses, goal.events, self.recurrent, self.decays).spikes
        return float(np.abs(spikes.sum(axis=1) - goal.counts).mean())


def _candidates(stage: Stage, options: QuantizeOptions) -> int:
    """How many scales to try for a stage."""
    if not isinstance(stage.neuron, Membrane) or not stage.neuron.kind.spikes:
        return 0
    if options.scale_search is not None:
        return options.scale_search
    return SEARCHED_SCALES if stage.neuron.kind.synaptic or stage.recurrent is not None else 0


def _stage(
    stage: Stage, events: Integers, payload_unit: float, goal: Goal | None, options: QuantizeOptions
) -> tuple[Stage, StageReport, Integers]:
    """The integer stage, its report, and the spikes (N, steps, outputs) that it sends for ``events``."""
    stage, neuron = uniform(stage)
    fmt = IntFormat(bits=options.weight_bits, signed=True)
    # own spikes have payload 1 and stand for 1, whatever a payload of 1 that comes in stands for
    own = None if stage.recurrent is None else stage.recurrent / payload_unit
    synapses = stage.weighted
    trained = synapses.weight.reshape(len(synapses.weight), -1)
    exact = trained if own is None else np.hstack([trained, own])

    def trial(scale: float) -> _Trial:
        law = _law(neuron, scale * payload_unit, options)
        drive = neuron.synapse_gain if neuron.kind.synaptic else neuron.gain
        fine = scale * payload_unit / 2**law.weight_shift
        rest = 0.0 if neuron.kind.synaptic else neuron.rest / drive
        bias = to_int64((synapses.bias.astype(np.float64) + rest) / fine, f"biases of stage {stage.name!r}")
        return _Trial(
            law=law,
            synapses=replace(synapses, weight=to_grid(synapses.weight, scale, fmt), bias=bias, grid=None),
            recurrent=None if own is None else to_grid(own, scale, fmt),
            decays=own_decays(neuron, law, synapses.outputs),
            fine=fine,
        )

    scale = choose_scale(exact, fmt, options.weight_scale)
    if goal is not None:
        widest = choose_scale(exact, fmt, ScaleMethod.MAX)
        scales = [widest * part for part in np.linspace(LEAST_RANGE, 1.0, _candidates(stage, options))]
        scale = min(scales, key=lambda tried: trial(tried).error(goal))
    chosen = trial(scale)
    law = chosen.law
    reach = trace(law, chosen.synapses, events, chosen.recurrent, chosen.decays)

    ends = [int(chosen.synapses.bias.min()), int(chosen.synapses.bias.max())]
    constants = [law.threshold + 1 if neuron.kind.spikes else 0, law.v_reset, law.drift, law.initial]
    constants += [law.initial + each for each in ([law.drift] if neuron.kind.synaptic else ends)]
    own_bits = neuron.kind.synaptic
    bits = _width(stage.name, reach.membrane, constants if own_bits else [*constants, *ends], options)
    current_bits = _width(stage.name, reach.current, ends, options) if own_bits else bits
    rounded = chosen.synapses.weight.reshape(trained.shape)
    rounded = rounded if chosen.recurrent is None else np.hstack([rounded, chosen.recurrent])
    report = StageReport(
        stage=stage.name,
        weight_scale=scale,
        weight_error=relative_error(rounded * scale, exact),
        unit=membrane_unit(neuron, chosen.fine),
        largest=max(reach.membrane[1], -reach.membrane[0]),
        bits=bits,
        decay_error=decay_error(law.leak, neuron.decay) if neuron.kind.leaks else 0.0,
        fraction_bits=law.weight_shift,
        current_largest=max(reach.current[1], -reach.current[0]) if own_bits else 0,
        current_bits=current_bits if own_bits else 0,
        synapse_decay_error=decay_error(law.synapse, neuron.synapse_decay) if own_bits else 0.0,
    )
    integers = replace(law, state_bits=bits, current_bits=current_bits)
    stage = Stage(
        name=stage.name,
        synapses=chosen.synapses,
        neuron=integers,
        recurrent=chosen.recurrent,
        delays=stage.delays,
        decays=chosen.decays,
    )
    return stage, report, reach.spikes


def membrane_unit(neuron: UniformMembrane, fine: float) -> float:
    """What a membrane of 1 stands for, if a weighted input of ``fine`` moves the state by 1."""
    return fine * neuron.gain * (neuron.synapse_gain if neuron.kind.synaptic else 1.0)


def _width(name: str, reach: tuple[int, int], constants: list[int], options: QuantizeOptions) -> int:
    """Bits of a state that takes values in ``reach``, which may saturate, and ``constants``, which may not."""
    needed = max(map(signed_bits, (*reach, *constants)))
    bits = options.state_bits or max(4, min(needed + options.headroom_bits, WIDEST_STATE))
    least = max(map(signed_bits, constants))
    require(
        least <= bits,
        f"stage {name!r} has a threshold, a reset or biases of up to {least} bits, which do not fit {bits} state bits: "
        f"give more state-bits (at most {WIDEST_STATE}) or fewer weight-bits or fraction-bits",
    )
    return bits


def _law(neuron: UniformMembrane, weight_unit: float, options: QuantizeOptions) -> NeuronParams:
    """The integer neuron, its states as wide as can be; ``weight_unit``: weighted input that a weight of 1 is."""
    leak_params = leak_of(neuron.decay, options) if neuron.kind.leaks else LeakParams()
    synapse = leak_of(neuron.synapse_decay, options) if neuron.kind.synaptic else LeakParams()
    shift = _fraction_bits(neuron, membrane_unit(neuron, weight_unit), (leak_params, synapse), options)
    unit = membrane_unit(neuron, weight_unit / 2**shift)
    threshold = _threshold(neuron, unit)
    require(
        threshold < 1 << (WIDEST_STATE - 1),
        f"a threshold of {neuron.threshold:g} is {threshold} in units of the weights, too much for {WIDEST_STATE} "
        "bits: give fewer weight-bits or fraction-bits",
    )
    return NeuronParams(
        kind=neuron.kind,
        state_bits=WIDEST_STATE,
        threshold=threshold,
        comparison=neuron.comparison,
        reset=neuron.reset,
        v_reset=round(neuron.v_reset / unit),
        reset_timing=neuron.reset_timing,
        spike_bits=neuron.spike_bits,
        refractory=neuron.refractory,
        leak=leak_params,
        current_bits=WIDEST_STATE,
        synapse=synapse,
        drift=round(float(neuron.rest) / unit) if neuron.kind.synaptic else 0,
        initial=round(neuron.initial * threshold),
        weight_shift=shift,
    )


def _fraction_bits(
    neuron: UniformMembrane, unit: float, leaks: tuple[LeakParams, LeakParams], options: QuantizeOptions
) -> int:
    """See `QuantizeOptions.fraction_bits`; ``unit`` is that of the membrane without any."""
    if options.fraction_bits is not None:
        return options.fraction_bits
    inexact = neuron.kind.leaks and LeakKind.MULTIPLY in [leak.kind for leak in leaks]
    decay, synapse_decay = float(np.max(neuron.decay)), float(np.max(neuron.synapse_decay))
    if not inexact or not neuron.kind.spikes or not 0 < decay < 1:
        return 0
    # each leak rounds off up to 1 per step, and a decay of d sums that up to 1 / (1 - d)
    each = 1.0 + (1 / (1 - min(synapse_decay, MOST_DECAY)) if neuron.kind.synaptic else 0.0)
    rounded_off = each / (1 - min(decay, MOST_DECAY))
    return min(15, max(0, math.ceil(math.log2(rounded_off * unit / (ROUNDED_OFF * neuron.threshold)))))


def _threshold(neuron: UniformMembrane, unit: float) -> int:
    """The threshold in membrane units.

    An integer v exceeds a real threshold exactly when it exceeds its floor, and is at least as large when it is at
    least its ceiling. Only a reset by subtraction makes the nearest integer the better choice: the threshold is an
    amount there too.
    """
    if not neuron.kind.spikes:
        return 1
    real = neuron.threshold / unit
    at_least = neuron.comparison is Comparison.AT_LEAST
    if neuron.reset is Reset.SUBTRACT:
        return max(round(real), int(at_least or neuron.spike_bits > 1))
    return max(1, math.ceil(real)) if at_least else max(math.floor(real), int(neuron.spike_bits > 1))
