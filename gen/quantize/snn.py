"""Quantise an SNN: weights on a grid; threshold, bias and membrane in units of that grid.

Neuron equations are invariant to a common scale of membrane, threshold and current, so the significant rounding errors
are those of the weights, the input values and the decay.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.common_step import common_step
from tospike.gen.quantize.integer_neuron import host_threshold, membrane_unit
from tospike.gen.quantize.layer_scale import FloatLayer, Goal, IntegerLayer
from tospike.gen.quantize.leaks import decay_error
from tospike.gen.quantize.normalize import NormalizedNeuron, normalize
from tospike.gen.quantize.options import SEARCHED_SCALES, WIDEST_WEIGHT, QuantizeOptions
from tospike.gen.quantize.result import StageReport
from tospike.gen.quantize.scale import ScaleMethod, choose_scale, relative_error, signed_bits
from tospike.gen.quantize.state_unit import WIDEST_STATE
from tospike.hw.params import (
    IntFormat,
    NeuronParams,
    ceil_div,
    of_layer,
    require,
    require_range,
)
from tospike.sim.encoders.delay import delayed
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import InputSpec, Network, SpikingNeuron, Stage
from tospike.sim.network.reference import run_float

Ints = NDArray[np.int64]
Integers = NDArray[np.integer]

CALIBRATION_VALUES = 1 << 26
"""Most outputs of a layer over all steps and calibration samples; if there would be more, fewer samples are used."""
SEARCHED_SAMPLES = 256
"""Most samples that a search for a scale uses."""


def quantize_snn(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`SpikingNeuron` stages; see :func:`tospike.gen.quantize.network.quantize`."""
    own = [of_layer(options, stage.name) for stage in network.stages]
    require_range("weight-bits of an SNN", options.weight_bits, 2, WIDEST_WEIGHT)
    for stage, each in zip(network.stages, own, strict=True):
        require_range(f"weight-bits of layer {stage.name!r} of an SNN", each.weight_bits, 2, WIDEST_WEIGHT)
    widest = max(network.input.inputs, *(stage.synapses.outputs for stage in network.stages))
    samples = samples[:: ceil_div(len(samples) * network.input.steps * widest, CALIBRATION_VALUES)]
    spec = _input(network, samples, options)
    events: Integers = encode(spec, samples).astype(np.int64, copy=False, casting="same_kind")
    payload_unit = spec.payload_unit
    most = spec.format.max if spec.format else 1
    # only a search for scales needs the float network's spike counts
    searched = [_candidates(stage, each) for stage, each in zip(network.stages, own, strict=True)]
    subset = slice(None, None, ceil_div(len(samples), SEARCHED_SAMPLES))
    counts = [run.outputs.sum(axis=1) for run in run_float(network, samples[subset]).stages] if any(searched) else []
    stages, reports = [], []
    for index, stage in enumerate(network.stages):
        if stage.delays is not None:
            events = delayed(events, stage.delays)
        candidates = searched[index]
        goal = Goal(events=events[subset], counts=counts[index], candidates=candidates) if candidates else None
        integers, report, events = _stage(stage, events, payload_unit, goal, own[index], most)
        stages.append(integers)
        reports.append(report)
        payload_unit = 1.0
        most = _most_spikes(integers)
    return replace(network, input=spec, stages=tuple(stages)), tuple(reports)


def _input(network: Network, samples: NDArray[np.generic], options: QuantizeOptions) -> InputSpec:
    spec = network.input
    if spec.front_end is not None:
        return replace(spec, format=spec.front_end.output.payload)
    if spec.encoding is not None and spec.encoding.code.takes_integers:
        return spec
    if spec.encoding is not None:
        lowest = float(samples.min())
        require(
            lowest >= 0 or options.input_bits >= 2,
            f"values go down to {lowest:g}, but --input-bits 1 holds 0 and 1 only: give --input-bits 2 or more",
        )
        fmt = IntFormat(bits=options.input_bits, signed=lowest < 0)
        # values on a grid keep it if the weights of the first layer have one, too
        weights = normalize(network.stages[0])[0].weighted.weight
        bits = of_layer(options, network.stages[0].name).weight_bits
        on_grid = common_step([weights], IntFormat(bits=bits, signed=True).max) is not None
        step = common_step([samples], max(1, fmt.max)) if on_grid else None
        return replace(spec, format=fmt, scale=step or choose_scale(samples, fmt, ScaleMethod.MAX))
    counts = samples.astype(np.float64)
    require(
        bool((counts >= 0).all() and (counts == np.rint(counts)).all()),
        "the data are not spike trains (they hold negative or fractional values): give an encoding",
    )
    return replace(spec, format=IntFormat(bits=max(1, int(counts.max()).bit_length()), signed=False), scale=1.0)


def _candidates(stage: Stage, options: QuantizeOptions) -> int:
    """Return the number of scales to try for a stage."""
    if not isinstance(stage.neuron, SpikingNeuron) or not stage.neuron.kind.spikes:
        return 0
    if options.scale_search is not None:
        return options.scale_search
    return SEARCHED_SCALES if stage.neuron.kind.synaptic or stage.recurrent is not None else 0


def _stage(
    stage: Stage, events: Integers, payload_unit: float, goal: Goal | None, options: QuantizeOptions, most: int
) -> tuple[Stage, StageReport, Integers]:
    """Return the integer stage, its report, and the spikes (N, steps, outputs) that it sends for ``events``.

    ``most`` is the greatest sum of an input's payloads in a sample; only a stage with a firing phase asks for it.
    """
    normalized, neuron = normalize(stage)
    layer = FloatLayer(
        name=stage.name,
        neuron=neuron,
        synapses=normalized.weighted,
        recurrent=normalized.recurrent,
        payload_unit=payload_unit,
        events=events,
        options=options,
    )
    chosen, ranges = layer.fit(goal)
    neuron_params = chosen.neuron_params

    ends = [int(chosen.synapses.bias.min()), int(chosen.synapses.bias.max())]
    synaptic_bits = neuron_params.synaptic
    added = [] if synaptic_bits else [*ends, *(neuron_params.initial + each for each in ends)]
    membrane = ranges.membrane if neuron.firing is None else _reachable(chosen, most)
    headroom = options.headroom_bits if neuron.firing is None else 0
    _check_moves(stage.name, neuron, neuron_params, options)
    moved = neuron_params.moved_by_noise(ranges.threshold_offset)
    limits = (membrane[0], max(membrane[1], ranges.threshold_offset))
    bits = _width(stage.name, limits, [*neuron_params.constants, *added], options, headroom, moved)
    current_bits = _width(stage.name, ranges.current, ends, options, headroom) if synaptic_bits else bits
    rounded = chosen.synapses.weight.reshape(len(chosen.synapses.weight), -1)
    rounded = rounded if chosen.recurrent is None else np.hstack([rounded, chosen.recurrent])
    report = StageReport(
        stage=stage.name,
        weight_scale=chosen.scale,
        weight_error=relative_error(rounded * chosen.scale, layer.weights),
        unit=membrane_unit(neuron, chosen.fine),
        largest=max(membrane[1], -membrane[0]),
        bits=bits,
        decay_error=decay_error(neuron_params.leaks["membrane"], neuron.decay) if neuron_params.leaks else 0.0,
        fraction_bits=neuron_params.state_fraction_bits,
        current_largest=max(ranges.current[1], -ranges.current[0]) if synaptic_bits else 0,
        current_bits=current_bits if synaptic_bits else 0,
        synapse_decay_error=decay_error(neuron_params.leaks["current"], neuron.synapse_decay) if synaptic_bits else 0.0,
    )
    widths = {"state_bits": bits, **({"current_bits": current_bits} if synaptic_bits else {})}
    integers = replace(neuron_params, **widths)  # type: ignore[arg-type]
    if options.threshold_factor is not None:
        integers = host_threshold(stage.name, integers, options.threshold_factor)
    stage = Stage(
        name=stage.name,
        synapses=chosen.synapses,
        neuron=integers,
        recurrent=chosen.recurrent,
        delays=stage.delays,
        decays=chosen.decays,
    )
    return stage, report, ranges.spikes


def _reachable(layer: IntegerLayer, most: int) -> tuple[int, int]:
    """Return the lowest and highest membrane of a layer with a firing phase on any data, in any order of its events:
    it computes a function of sums, which must not saturate."""
    weight = layer.synapses.weight.reshape(len(layer.synapses.weight), -1).astype(np.int64, casting="same_kind")
    weight = weight << layer.neuron_params.state_fraction_bits
    initial = getattr(layer.neuron_params, "initial", 0)
    start = layer.synapses.bias.astype(np.int64, casting="same_kind") + initial
    lowest = start + most * np.minimum(weight, 0).sum(axis=1)
    highest = start + most * np.maximum(weight, 0).sum(axis=1)
    return int(lowest.min()), int(highest.max())


def _most_spikes(stage: Stage) -> int:
    """Return the most spikes of a neuron in a sample, if it has a firing phase."""
    assert isinstance(stage.neuron, NeuronParams)
    return 0 if stage.neuron.firing is None else stage.neuron.firing.steps * stage.neuron.spike.max


def _check_moves(name: str, neuron: NormalizedNeuron, params: NeuronParams, options: QuantizeOptions) -> None:
    """Raise `InputError` if the noise or the adaptation of a threshold does not fit the given state bits."""
    if options.state_bits is None:
        return
    step = getattr(params, "adaptation", None)
    adaptation = 0 if step is None else signed_bits(step.step)
    noise = 0 if params.noise is None else params.noise.format.bits
    for option, value, needed in (
        ("adaptation", neuron.adaptation, adaptation),
        ("noise", neuron.noise.deviation if neuron.noise else 0.0, noise),
    ):
        require(
            needed <= options.state_bits,
            f"layer {name!r} has {option} {value:g}, which needs {needed} bits and does not fit {options.state_bits} "
            f"state bits: give more state-bits (at most {WIDEST_STATE}), fewer weight-bits or fraction-bits, or a "
            f"smaller {option}",
        )


def _width(
    name: str,
    limits: tuple[int, int],
    constants: list[int],
    options: QuantizeOptions,
    headroom: int,
    moved: int = 0,
) -> int:
    """Return the bits of a state with values between ``limits``, which may saturate, and ``constants``, which may
    not; other noise than in the calibration may move the limits by ``moved``, for which there is no headroom."""
    needed = max(map(signed_bits, (*limits, *constants))) + headroom
    needed = max(needed, *map(signed_bits, (limits[0] - moved, limits[1] + moved)))
    bits = options.state_bits or max(4, min(needed, WIDEST_STATE))
    least = max(map(signed_bits, constants))
    require(
        least <= bits,
        f"stage {name!r} has a threshold, a reset or biases of up to {least} bits, which do not fit {bits} state bits: "
        f"give more state-bits (at most {WIDEST_STATE}) or fewer weight-bits or fraction-bits",
    )
    return bits
