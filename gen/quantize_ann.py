"""Quantises an ANN: integer weighted sums, each followed by a requantisation."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.activation_grids import choose_grids, input_spec, is_logits
from tospike.gen.quantize_options import QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.requantizer import Fit, fit_thresholds, requantizer, thresholds
from tospike.gen.scale import choose_scale, relative_error, signed_bits, to_grid
from tospike.hw.params import InputError, IntFormat, require, require_range
from tospike.sim.arithmetic import to_int64
from tospike.sim.encoding import encode
from tospike.sim.network import (
    Accumulator,
    Activation,
    Add,
    Array,
    AveragePool2d,
    Conv2d,
    Dense,
    Grid,
    MaxPool2d,
    Network,
    Requantize,
    Stage,
    SumPool2d,
)
from tospike.sim.reference import run_float

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ADD_WEIGHTS = np.arange(1, 128)
"""Of these the larger weight of an addition is chosen."""
ROUNDING = 1e-6
"""Scales come as float32: a ratio is no more exact."""


def quantize_ann(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Activation` stages; see :func:`tospike.gen.quantize.quantize`.

    A stage computes ``acc = weight @ x + bias`` in units of (weight scale) * (input scale), and requantises it to the
    units of its output; the last stage, unless something follows its sums, sends the accumulators: logits in units of
    their own. Trained quantisers set the scales of what they quantise, and their thresholds are reproduced exactly
    where a multiplier and a bias can; ``options`` and the calibration data set the others.
    """
    require_range("weight-bits of an ANN", options.weight_bits, 1, 8)
    runs = run_float(network, samples).stages
    inputs = encode(network.input, samples).astype(np.float64)
    grids, act = choose_grids(network, [inputs, *(run.outputs for run in runs)], options)
    stages, reports = [], []
    for index, stage in enumerate(network.stages):
        sources = [grids[source] for source in network.sources(index)]
        target = None if is_logits(network, index) else grids[index]
        integers, report = _quantize_stage(stage, sources, target, act, options)
        stages.append(integers)
        reports.append(report)
    spec = input_spec(network, grids[-1], act)
    return Network(name=network.name, input=spec, stages=tuple(stages)), tuple(reports)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sums:
    """Integer synapses without bias, and what their sums mean: ``unit * (sum + bias)``."""

    synapses: Dense | Conv2d | SumPool2d | Add
    rows: Ints
    """(channels, taps) the weights that a sum of each channel takes."""
    unit: Floats
    """(channels,)."""
    bias: Floats
    """(channels,) trained bias and the zeros of the inputs."""
    weight_scale: float
    weight_error: float

    def reach(self, low: int, high: int) -> tuple[Ints, Ints]:
        """(channels,) least and greatest sum, whole or partial in any order, of inputs from ``low`` to ``high``."""
        ends = self.rows * high, self.rows * low
        return np.minimum(np.minimum(*ends), 0).sum(axis=1), np.maximum(np.maximum(*ends), 0).sum(axis=1)


def _quantize_stage(
    stage: Stage, sources: list[Grid], target: Grid | None, act: IntFormat, options: QuantizeOptions
) -> tuple[Stage, StageReport]:
    neuron: Accumulator | Requantize = Accumulator()
    if isinstance(stage.synapses, MaxPool2d):
        plain = stage.neuron == Activation(relu=False)
        require(plain, f"stage {stage.name!r} rounds or clips behind a max-pool: put that into the stage before it")
        unit = float(sources[0].scale)
        bits = max(signed_bits(act.min), signed_bits(act.max))
        report = StageReport(
            stage=stage.name, weight_scale=1.0, weight_error=0.0, unit=unit, largest=max(act.max, -act.min), bits=bits
        )
        return replace(stage, neuron=neuron), report
    sums = _sums(stage, sources, is_last=target is None, options=options)
    unit, inexact = float(sums.unit[0]), 0
    bias = to_int64(sums.bias, f"biases of stage {stage.name!r}")
    if target is not None:
        assert isinstance(stage.neuron, Activation)
        fit = _requantize(stage, sums, sources, target, options, is_trained=stage.neuron.grid is not None)
        neuron = Requantize(multiplier=fit.multiplier, shift=fit.shift, clamp=(target.low, target.high))
        bias, unit, inexact = fit.bias, float(target.scale), fit.inexact
    lowest, highest = _accumulator_range(stage.name, sums, bias, act, options.acc_bits)
    report = StageReport(
        stage=stage.name,
        weight_scale=sums.weight_scale,
        weight_error=sums.weight_error,
        unit=unit,
        largest=max(highest, -lowest),
        bits=max(signed_bits(lowest), signed_bits(highest)),
        inexact_channels=inexact,
    )
    return replace(stage, synapses=replace(sums.synapses, bias=bias), neuron=neuron), report


def _requantize(
    stage: Stage, sums: _Sums, sources: list[Grid], target: Grid, options: QuantizeOptions, *, is_trained: bool
) -> Fit:
    factor = sums.unit / float(target.scale)
    bias = sums.bias + target.centre / factor
    if not is_trained:
        multiplier, shift = requantizer(factor, options.requantize, stage.name)
        return Fit(
            bias=to_int64(bias, f"biases of stage {stage.name!r}"), multiplier=multiplier, shift=shift, inexact=0
        )
    steps = thresholds(sums.unit, sums.bias, target, target.low, target.high)
    reach = sums.reach(min(grid.low for grid in sources), max(grid.high for grid in sources))
    return fit_thresholds(steps, bias, factor, target.low, reach, options.requantize, stage.name)


# --------------------------------------------------------------------------------------------------- synapses


def _sums(stage: Stage, sources: list[Grid], *, is_last: bool, options: QuantizeOptions) -> _Sums:
    synapses, source = stage.synapses, sources[0]
    if isinstance(synapses, Add):
        return _addition(synapses, sources)
    if isinstance(synapses, AveragePool2d | SumPool2d):
        return _pool(synapses, source, stage.name)
    assert isinstance(synapses, Dense | Conv2d)
    weight = synapses.weight.astype(np.float64)
    scale, integers = _weights(synapses, options, one_scale=is_last or not options.per_channel)
    rows = integers.reshape(len(integers), -1)
    unit = scale * float(source.scale)
    quantised: Dense | Conv2d = replace(synapses, weight=integers, grid=None)
    if isinstance(quantised, Conv2d):
        quantised = replace(quantised, pad_value=_pad_value(quantised.padding, source, stage.name))
    return _Sums(
        synapses=quantised,
        rows=rows,
        unit=unit,
        bias=synapses.bias / unit - source.zero * rows.sum(axis=1),
        weight_scale=float(scale.max()),
        weight_error=relative_error(integers * scale.reshape((-1,) + (1,) * (weight.ndim - 1)), weight),
    )


def _weights(synapses: Dense | Conv2d, options: QuantizeOptions, *, one_scale: bool) -> tuple[Floats, Ints]:
    """The scale of each channel (channels,), and the weights in integers.

    ``one_scale`` for all channels makes logits comparable; trained scales that differ are then passed over.
    """
    weight, grid = synapses.weight.astype(np.float64), synapses.grid
    column = (-1,) + (1,) * (weight.ndim - 1)
    if grid is not None and (not one_scale or np.ptp(grid.scale) == 0):
        scale = np.array(np.broadcast_to(grid.scale, (len(weight),)), dtype=np.float64)
        return scale, to_int64(
            np.clip(np.rint(weight / scale.reshape(column)), grid.low, grid.high), "weights on their trained grid"
        )
    scale = np.full(len(weight), _weight_scale(weight, options))
    if not one_scale:
        # A channel without weights keeps the layer's scale: its bias needs a unit.
        own = [_weight_scale(row, options) if row.any() else scale[0] for row in weight]
        scale = np.array(own)
    if options.weight_bits == 1:
        return scale, np.where(weight >= 0, 1, -1)
    return scale, to_grid(weight, scale.reshape(column), IntFormat(bits=options.weight_bits, signed=True))


def _weight_scale(weight: Array, options: QuantizeOptions) -> float:
    if options.weight_bits > 1:
        return choose_scale(weight, IntFormat(bits=options.weight_bits, signed=True), options.weight_scale)
    # the least squares fit of +scale and -scale: Rastegari et al., "XNOR-Net", ECCV 2016, eq. 6
    return float(np.abs(weight).mean()) or 1.0


def _pool(synapses: AveragePool2d | SumPool2d, source: Grid, name: str) -> _Sums:
    """The mean of N values is their sum in units of 1/N."""
    taps, channels = synapses.window.taps, synapses.channels
    value = float(source.scale) / (taps if isinstance(synapses, AveragePool2d) else 1)
    bias = np.zeros(channels) if isinstance(synapses, AveragePool2d) else synapses.bias / value
    return _Sums(
        synapses=SumPool2d(
            shape=synapses.shape,
            window=synapses.window,
            bias=np.zeros(channels, dtype=np.int64),
            pad_value=_pad_value(synapses.window.padding, source, name),
        ),
        rows=np.ones((channels, taps), dtype=np.int64),
        unit=np.full(channels, value),
        bias=bias - source.zero * taps,
        weight_scale=1.0,
        weight_error=0.0,
    )


def _addition(synapses: Add, sources: list[Grid]) -> _Sums:
    """Integer weights in the ratio of the scales, or nearest to it: 1 and 1 where the scales are common."""
    exact = synapses.weight * np.array([float(grid.scale) for grid in sources])
    ratio = np.abs(exact).min() / np.abs(exact).max()
    errors = np.abs(ratio * ADD_WEIGHTS - np.rint(ratio * ADD_WEIGHTS)) / ADD_WEIGHTS
    larger = ADD_WEIGHTS[np.argmax(errors <= errors.min() + ROUNDING)]
    unit = float(np.abs(exact).max()) / larger
    weight = to_int64(exact / unit, "weights of an addition")
    zeros = float(sum(w * grid.zero for w, grid in zip(weight, sources, strict=True)))
    return _Sums(
        synapses=Add(shape=synapses.shape, weight=weight, bias=np.zeros(synapses.channels, dtype=np.int64)),
        rows=np.tile(weight, (synapses.channels, 1)),
        unit=np.full(synapses.channels, unit),
        bias=synapses.bias / unit - zeros,
        weight_scale=unit / float(sources[0].scale),
        weight_error=relative_error(weight * unit, exact),
    )


def _pad_value(padding: tuple[int, ...], source: Grid, name: str) -> int:
    if any(padding) and source.zero != round(source.zero):
        raise InputError(f"stage {name!r} pads with 0, which its input's quantiser cannot express: train it unpadded")
    return round(source.zero) if any(padding) else 0


def _accumulator_range(name: str, sums: _Sums, bias: Ints, act: IntFormat, acc_bits: int) -> tuple[int, int]:
    """Lowest and highest value that a partial sum can reach, in any order and for any input; it must fit."""
    low, high = sums.reach(act.min, act.max)
    highest = int(max(high.max(), (high + bias).max()))
    lowest = int(min(low.min(), (low + bias).min()))
    acc = IntFormat(bits=acc_bits, signed=True)
    require(
        acc.holds(highest) and acc.holds(lowest),
        f"stage {name!r} can reach accumulators from {lowest} to {highest}, which do not fit {acc_bits} bits: "
        "give more acc-bits or fewer weight-bits or act-bits",
    )
    return lowest, highest
