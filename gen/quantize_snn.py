"""Quantises an SNN: weights on a grid; threshold, bias and membrane in units of that grid.

Neuron equations are free of scale (membrane, threshold and current together), so that only the weights, the input
values and the decay are rounded in earnest.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.leaks import decay_error, leak_of, own_decays, rounding_bits
from tospike.gen.quantize_options import SEARCHED_SCALES, QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.reach import Reach, trace
from tospike.gen.scale import ScaleMethod, choose_scale, relative_error, signed_bits, to_grid
from tospike.gen.state_unit import WIDEST_STATE, Constants
from tospike.gen.uniform import UniformMembrane, uniform
from tospike.hw.params import (
    Comparison,
    Encoding,
    IntFormat,
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

WIDEST_WEIGHT = 16
CALIBRATION_VALUES = 1 << 26
"""Spikes that a layer may send on all calibration samples together: fewer samples are used if need be."""
SEARCHED_SAMPLES = 256
"""A search for a scale looks at no more samples than this."""
LEAST_RANGE = 0.2
"""Fraction of the largest weight that a searched scale must at least reach."""


def quantize_snn(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Membrane` stages; see :func:`tospike.gen.quantize.quantize`."""
    require_range("weight-bits of an SNN", options.weight_bits, 2, WIDEST_WEIGHT)
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
    scale: float
    """Real value of a weight of 1."""
    fine: float
    """Real weighted input that moves the state by 1."""

    def reach(self, events: Integers) -> Reach:
        """How far its states reach."""
        return trace(self.law, self.synapses, events, self.recurrent, self.decays)

    def error(self, goal: Goal) -> float:
        """Mean difference of the numbers of spikes."""
        return float(np.abs(self.reach(goal.events).spikes.sum(axis=1) - goal.counts).mean())


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

    biases = synapses.bias.astype(np.float64) + (0.0 if neuron.kind.synaptic else neuron.rest / neuron.gain)
    constants = Constants(neuron=neuron, biases=biases, steps=events.shape[1])

    def trial(scale: float, finest: float) -> _Trial:
        # a weight of 1 is a weighted input of ``unit``; no state has a unit below ``finest``
        unit = max(scale * payload_unit, finest * 2 ** (options.fraction_bits or 0))
        law = _law(neuron, unit, _fraction_bits(constants, unit, finest, options), options)
        fine = unit / 2**law.weight_shift
        return _Trial(
            law=law,
            synapses=replace(
                synapses,
                weight=to_grid(synapses.weight, unit / payload_unit, fmt),
                bias=to_int64(biases / fine, f"biases of stage {stage.name!r}"),
                grid=None,
            ),
            recurrent=None if own is None else to_grid(own, unit / payload_unit, fmt),
            decays=own_decays(neuron, law, synapses.outputs),
            scale=unit / payload_unit,
            fine=fine,
        )

    finest = constants.finest
    scale = choose_scale(exact, fmt, options.weight_scale) if exact.any() else constants.unit / payload_unit
    if goal is not None and exact.any():
        widest = choose_scale(exact, fmt, ScaleMethod.MAX)
        scales = [widest * part for part in np.linspace(LEAST_RANGE, 1.0, _candidates(stage, options))]
        scale = min(scales, key=lambda tried: trial(tried, finest).error(goal))
    chosen = trial(scale, finest)
    reach = chosen.reach(events)
    is_narrow = False
    while excess := _excess_bits(reach):
        is_narrow = True
        chosen = trial(scale, chosen.fine * 2**excess)
        reach = chosen.reach(events)
    law = chosen.law
    more = (
        "" if is_narrow or options.weight_bits == WIDEST_WEIGHT else f"more weight-bits (at most {WIDEST_WEIGHT}), or "
    )
    require(
        options.fraction_bits is not None or not neuron.kind.spikes or constants.held(chosen.fine),
        f"stage {stage.name!r} has a threshold of {constants.threshold:g} in weighted input, and weights of up to "
        f"{np.abs(exact).max():g}, beside which biases or a reset are lost: give {more}a network with smaller weights",
    )

    ends = [int(chosen.synapses.bias.min()), int(chosen.synapses.bias.max())]
    held = [law.threshold + 1 if neuron.kind.spikes else 0, law.v_reset, law.drift, law.initial]
    held += [law.initial + each for each in ([law.drift] if neuron.kind.synaptic else ends)]
    own_bits = neuron.kind.synaptic
    bits = _width(stage.name, reach.membrane, held if own_bits else [*held, *ends], options)
    current_bits = _width(stage.name, reach.current, ends, options) if own_bits else bits
    rounded = chosen.synapses.weight.reshape(trained.shape)
    rounded = rounded if chosen.recurrent is None else np.hstack([rounded, chosen.recurrent])
    report = StageReport(
        stage=stage.name,
        weight_scale=chosen.scale,
        weight_error=relative_error(rounded * chosen.scale, exact),
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


def _excess_bits(reach: Reach) -> int:
    """Bits by which states are too wide for the hardware; what ends at a limit may have been cut there."""
    most = max(abs(end) for end in (*reach.current, *reach.membrane))
    return max(0, signed_bits(most + 1) - WIDEST_STATE)


def _law(neuron: UniformMembrane, unit: float, fraction_bits: int, options: QuantizeOptions) -> NeuronParams:
    """The integer neuron, its states as wide as can be; ``unit``: weighted input that a weight of 1 is."""
    unit = membrane_unit(neuron, unit / 2**fraction_bits)
    threshold = _threshold(neuron, unit)
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
        leak=leak_of(neuron.decay, options) if neuron.kind.leaks else LeakParams(),
        current_bits=WIDEST_STATE,
        synapse=leak_of(neuron.synapse_decay, options) if neuron.kind.synaptic else LeakParams(),
        drift=round(float(neuron.rest) / unit) if neuron.kind.synaptic else 0,
        initial=round(neuron.initial * threshold),
        weight_shift=fraction_bits,
    )


def _fraction_bits(constants: Constants, unit: float, finest: float, options: QuantizeOptions) -> int:
    """See `QuantizeOptions.fraction_bits`; ``unit`` is the weighted input that a weight of 1 is."""
    if options.fraction_bits is not None:
        return options.fraction_bits
    wanted = max(rounding_bits(constants.neuron, unit * constants.drive, options), constants.fraction_bits(unit))
    return min(wanted, math.floor(math.log2(unit / finest))) if finest else wanted


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
