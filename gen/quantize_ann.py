"""Quantises an ANN: integer matrix products, each followed by a requantisation."""

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize_options import QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.scale import choose_scale, relative_error, signed_bits, to_grid
from tospike.hw.params import InputError, IntFormat, RequantizeParams, require, require_range
from tospike.sim.network import Accumulator, Activation, Dense, InputSpec, Network, Requantize, Stage
from tospike.sim.reference import run_float

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def quantize_ann(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Activation` stages; see :func:`tospike.gen.quantize.quantize`.

    A stage computes ``acc = weight @ x + bias`` in units of (weight scale) * (input scale), and requantises it to the
    units of its output; the last stage, unless it has a ReLU, sends the accumulators: logits in units of its own.
    """
    require_range("weight-bits of an ANN", options.weight_bits, 2, 8)
    relus = [isinstance(stage.neuron, Activation) and stage.neuron.relu for stage in network.stages]
    # An engine has one activation format, so one negative value anywhere makes all of them signed.
    signed = bool(samples.min() < 0) or not all(relus[:-1])
    act = IntFormat(bits=options.act_bits, signed=signed)
    scale = choose_scale(samples, act, options.act_scale)
    spec = InputSpec(inputs=network.input.inputs, format=act, scale=scale)

    stages, reports = [], []
    for index, (stage, run) in enumerate(zip(network.stages, run_float(network, samples).stages, strict=True)):
        is_logits = index == len(network.stages) - 1 and not relus[index]
        weight_scale, synapses = _synapses(stage, scale, options, per_channel=options.per_channel and not is_logits)
        lowest, highest = _accumulator_range(stage.name, synapses, act, options.acc_bits)
        unit = weight_scale * scale
        neuron: Accumulator | Requantize = Accumulator()
        if not is_logits:
            scale = choose_scale(run.outputs, act, options.act_scale)
            multiplier, shift = requantizer(unit / scale, options.requantize, stage.name)
            clamp = (0 if relus[index] else act.min, act.max)
            neuron = Requantize(multiplier=multiplier, shift=shift, clamp=clamp)
        stages.append(Stage(name=stage.name, synapses=synapses, neuron=neuron))
        reports.append(
            StageReport(
                stage=stage.name,
                weight_scale=float(weight_scale.max()),
                weight_error=relative_error(
                    synapses.weight.astype(np.float64) * weight_scale[:, None], stage.synapses.weight
                ),
                unit=float(unit[0]) if is_logits else scale,
                largest=max(highest, -lowest),
                bits=max(signed_bits(lowest), signed_bits(highest)),
            )
        )
    return Network(name=network.name, input=spec, stages=tuple(stages)), tuple(reports)


def _synapses(stage: Stage, input_scale: float, options: QuantizeOptions, *, per_channel: bool) -> tuple[Floats, Dense]:
    """The weight scale of each output (outputs,), and weights and bias in integers."""
    weight = stage.synapses.weight.astype(np.float64)
    bias = stage.synapses.bias.astype(np.float64)
    fmt = IntFormat(bits=options.weight_bits, signed=True)
    scale = np.full(len(weight), choose_scale(weight, fmt, options.weight_scale))
    if per_channel:
        # A channel without weights keeps the layer's scale: its bias needs a unit.
        scale = np.array(
            [
                choose_scale(row, fmt, options.weight_scale) if row.any() else common
                for row, common in zip(weight, scale, strict=True)
            ]
        )
    return scale, Dense(
        weight=to_grid(weight, scale[:, None], fmt), bias=np.rint(bias / (scale * input_scale)).astype(np.int64)
    )


def _accumulator_range(name: str, synapses: Dense, act: IntFormat, acc_bits: int) -> tuple[int, int]:
    """Lowest and highest value that a partial sum can reach, in any order and for any input; it must fit."""
    weight = synapses.weight.astype(np.int64)
    bias = synapses.bias.astype(np.int64)
    products = weight * act.max, weight * act.min
    high = np.maximum(np.maximum(*products), 0).sum(axis=1)
    low = np.minimum(np.minimum(*products), 0).sum(axis=1)
    highest = int(max(high.max(), (high + bias).max()))
    lowest = int(min(low.min(), (low + bias).min()))
    acc = IntFormat(bits=acc_bits, signed=True)
    require(
        acc.holds(highest) and acc.holds(lowest),
        f"stage {name!r} can reach accumulators from {lowest} to {highest}, which do not fit {acc_bits} bits: "
        "give more acc-bits or fewer weight-bits or act-bits",
    )
    return lowest, highest


def requantizer(factor: Floats, params: RequantizeParams, name: str) -> tuple[Ints, int]:
    """Multipliers and their common shift with ``multiplier / 2**shift`` nearest to ``factor`` (outputs,).

    The shift is the largest with which the largest multiplier fits.
    """
    for shift in range(params.max_shift, 0, -1):
        multiplier = np.rint(factor * 2.0**shift)
        if multiplier.max() <= params.multiplier.max:
            return multiplier.astype(np.int64), shift
    raise InputError(
        f"stage {name!r} needs a requantisation factor of {factor.max():g}, beyond {params.multiplier_bits} bits: "
        "give more act-bits or check its weights"
    )
