"""Quantise an ANN: integer weighted sums, each followed by a requantisation."""

import math
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.activations.function_table import TableIndex, table_index, table_of
from tospike.gen.quantize.activations.grids import choose_grids, input_spec, is_logits
from tospike.gen.quantize.hidden_layer import HiddenLayer
from tospike.gen.quantize.integer_sums import Sums, tap_means
from tospike.gen.quantize.logits import MOST_FRACTION_BITS, logit_sums, needed_fraction_bits, round_biases
from tospike.gen.quantize.offsets import move_offsets
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.result import StageReport
from tospike.gen.quantize.scale import signed_bits
from tospike.hw.params import IntFormat, RequantizeParams, Rounding, of_layer, require, require_range
from tospike.sim.encoders.encoding import encode
from tospike.sim.network import Accumulator, Activation, Add, Conv2d, Dense, MaxPool2d, Network, QuantGrid, Stage
from tospike.sim.network.reference import run_float
from tospike.sim.systolic.layers import run_integers

Ints = NDArray[np.int64]

MEAN_SAMPLES = 256
"""Calibration samples, about, that tell the mean error of the logits."""
MAX_BIAS_ERROR = 0.5
"""Levels by which the rounding of a hidden bias may move an output: as much as the output's own rounding."""
FINER = ((16, 4), (16, 8), (24, 8), (24, 12), (28, 12), (28, 15))
"""Bits of multipliers and fraction bits of biases to try, in this order, for trained quantisers."""
MOST_SHIFT = 47
"""See `RequantizeParams`."""


def quantize_ann(
    network: Network, samples: NDArray[np.generic], options: QuantizeOptions
) -> tuple[Network, tuple[StageReport, ...]]:
    """Quantise a network of :class:`Activation` stages; see :func:`tospike.gen.quantize.network.quantize`.

    A stage computes ``acc = weight @ x + bias`` in units of (weight scale) * (input scale), and requantises it to the
    unit of its output. The last stage, unless it has an activation, sends its accumulators: logits in a unit of their
    own. Trained quantisers determine the scales of the values that they quantise, and their thresholds are reproduced
    exactly if a multiplier and a bias can; ``options`` and the calibration data determine the other scales.
    """
    require_range("weight-bits of an ANN", options.weight_bits, 1, 8)
    for stage in network.stages:
        own = of_layer(options, stage.name).weight_bits
        require_range(f"weight-bits of layer {stage.name!r} of an ANN", own, 1, 8)
    inputs = encode(network.input, samples).astype(np.float64)
    binary = {stage.name for stage in network.stages if of_layer(options, stage.name).weight_bits == 1}
    network, moved = move_offsets(network, _input_range(network, inputs), never_zero=binary)
    runs = run_float(network, samples).stages
    values = [inputs, *(run.outputs for run in runs)]
    grids, act = choose_grids(network, values, options)
    indices = {
        index: table_index(stage, grids[network.sources(index)[0]], grids[index], run.reach)
        for index, (stage, run) in enumerate(zip(network.stages, runs, strict=True))
        if isinstance(stage.neuron, Activation) and stage.neuron.function is not None
    }
    means = _tap_means(network, values)
    layers = _Layers(network=network, grids=grids, indices=indices, act=act, options=options, means=means)
    integers, reports = layers.network_of_integers()
    if layers.means and is_logits(network, len(network.stages) - 1):
        off = _mean_error(integers, reports[-1].unit, samples, values[-1], options.requantize)
        integers, reports = layers.with_logits_moved(off).network_of_integers()
    return integers, tuple(replace(report, moved_channels=count) for report, count in zip(reports, moved, strict=True))


def _mean_error(
    integers: Network,
    unit: float,
    samples: NDArray[np.generic],
    logits: NDArray[np.float64],
    requantize: RequantizeParams,
) -> NDArray[np.float64]:
    """Return (channels,) by how much the mean of the logits exceeds that of the integer network, on a part of the
    calibration data."""
    step = max(1, len(samples) // MEAN_SAMPLES)
    found = run_integers(integers, encode(integers.input, samples[::step]), requantize) * unit
    error = (logits[::step] - found).reshape(len(found), integers.stages[-1].synapses.channels, -1)
    return error.mean(axis=(0, 2))


def _input_range(network: Network, inputs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and the greatest real value that an input of the integer network can represent."""
    grid = network.input.grid
    if grid is not None:
        return float(grid.scale) * (grid.qmin - grid.zero_point), float(grid.scale) * (grid.qmax - grid.zero_point)
    widest = float(np.abs(inputs).max())
    return -widest, widest


def _tap_means(network: Network, values: list[NDArray[np.float64]]) -> dict[int, NDArray[np.float64]]:
    """Return what the weights of each stage multiply, on average, in a network with additions, else nothing.

    Errors of blocks add up along a residual path; on average, biases can make up for those of rounded weights: Nagel et
    al., "Data-free quantization through weight equalization and bias correction", arXiv 1906.04721, section 4.2.
    """
    if not any(isinstance(stage.synapses, Add) for stage in network.stages):
        return {}
    return {
        index: tap_means(stage.synapses, values[network.sources(index)[0] + 1])
        for index, stage in enumerate(network.stages)
        if isinstance(stage.synapses, Dense | Conv2d)
    }


def _inexact(reports: tuple[StageReport, ...]) -> int:
    return sum(report.inexact_channels for report in reports)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layers:
    network: Network
    grids: dict[int, QuantGrid]
    indices: dict[int, TableIndex]
    """Of stages with a function: their sums index a table."""
    act: IntFormat
    options: QuantizeOptions
    means: dict[int, NDArray[np.float64]]
    """By stage, see `Weighted.means`."""

    def network_of_integers(self) -> tuple[Network, tuple[StageReport, ...]]:
        """Return the integer network, whose biases have as many fraction bits as they need, and a report on each
        stage.

        Where trained quantisers have many levels, narrow multipliers and whole biases miss some of their thresholds:
        the narrowest ones that meet them all are taken, or else those that miss them in the fewest channels. Of two
        roundings, the one that needs less hardware is preferred: ties upwards, then to even.
        """
        stages, reports, bias_error = self.quantize(0)
        needed = self.fraction_bits(reports, bias_error)
        if needed:
            stages, reports, _ = self.quantize(needed)
        most, own = self.room(reports), self.options.requantize
        widths = ((0, 0, own.max_shift), *((bits, fraction, MOST_SHIFT) for bits, fraction in FINER))
        tries = islice(product(widths, (Rounding.HALF_UP, Rounding.HALF_EVEN)), 1, None)
        for (multiplier_bits, fraction_bits, shift), rounding in tries if _inexact(reports) else ():
            wider = max(own.multiplier_bits, multiplier_bits)
            requantize = replace(own, multiplier_bits=wider, max_shift=shift, rounding=rounding)
            finer = replace(self, options=replace(self.options, requantize=requantize))
            found = finer.quantize(min(max(needed, fraction_bits), needed + most))[:2]
            if _inexact(found[1]) < _inexact(reports):
                stages, reports = found
            if not _inexact(reports):
                break
        spec = input_spec(self.network, self.grids[-1], self.act)
        return Network(name=self.network.name, input=spec, stages=stages), reports

    def with_logits_moved(self, by: NDArray[np.float64]) -> "_Layers":
        """Return the layers with (channels,) added to the biases of the last one, if it has any."""
        last = self.network.stages[-1]
        if not isinstance(last.synapses, Dense | Conv2d | Add):
            return self
        moved = replace(last, synapses=replace(last.synapses, bias=last.synapses.bias + by))
        return replace(self, network=replace(self.network, stages=(*self.network.stages[:-1], moved)))

    def quantize(self, fraction_bits: int) -> tuple[tuple[Stage, ...], tuple[StageReport, ...], float]:
        """Return the integer stages, whose biases have ``fraction_bits`` beyond those of sums, and their reports.

        Also return the most levels by which the rounding of a bias moves an output of a hidden stage.
        """
        stages, reports, errors = zip(
            *(self._stage(index, stage, fraction_bits) for index, stage in enumerate(self.network.stages)), strict=True
        )
        return stages, reports, max(errors)

    def fraction_bits(self, reports: tuple[StageReport, ...], bias_error: float) -> int:
        """Return the fraction bits that the outputs need, or as many as all accumulators have room for.

        Parameters
        ----------
        reports
            The reports of a quantisation without fraction bits.
        bias_error
            Levels by which the rounding of a bias moves an output of a hidden stage in that quantisation.
        """
        needed = 0 if bias_error <= MAX_BIAS_ERROR else math.ceil(math.log2(bias_error / MAX_BIAS_ERROR)) + 1
        last = len(self.network.stages) - 1
        if is_logits(self.network, last) and not isinstance(self.network.stages[last].synapses, MaxPool2d):
            needed = max(needed, needed_fraction_bits(self._logits(last), self.act))
        return min(needed, self.room(reports))

    def room(self, reports: tuple[StageReport, ...]) -> int:
        """Return by how many fraction bits all accumulators could be longer."""
        most = IntFormat(bits=self.options.acc_bits, signed=True).max
        return min(MOST_FRACTION_BITS, *((most // max(1, r.largest)).bit_length() - 1 for r in reports))

    def _sources(self, index: int) -> list[QuantGrid]:
        return [self.grids[source] for source in self.network.sources(index)]

    def _logits(self, index: int) -> Sums:
        stage = self.network.stages[index]
        options = of_layer(self.options, stage.name)
        return logit_sums(stage, self._sources(index), self.act, options, self.means.get(index))

    def _stage(self, index: int, stage: Stage, fraction_bits: int) -> tuple[Stage, StageReport, float]:
        if isinstance(stage.synapses, MaxPool2d):
            return *self._max_pool(index, stage), 0.0
        if is_logits(self.network, index):
            sums = self._logits(index)
            bias, error = round_biases(sums, fraction_bits, stage.name)
            unit = float(sums.unit[0]) / 2**fraction_bits
            report = self._report(stage, sums, bias, fraction_bits, unit)
            logits = replace(sums.synapses, bias=bias)
            neuron = Accumulator(fraction_bits=fraction_bits)
            return replace(stage, synapses=logits, neuron=neuron), replace(report, logit_error=error), 0.0
        params, looked_up = replace(self.options.requantize, fraction_bits=fraction_bits), self.indices.get(index)
        layer = HiddenLayer(
            stage=replace(stage, neuron=Activation(relu=False)) if looked_up else stage,
            sources=self._sources(index),
            target=looked_up.grid if looked_up else self.grids[index],
            act=self.act,
            options=of_layer(self.options, stage.name),
            params=params,
            means=self.means.get(index),
        ).quantize()
        report = self._report(stage, layer.sums, layer.bias, fraction_bits, float(self.grids[index].scale))
        report = replace(
            report,
            zero=self.grids[index].zero_point,
            inexact_channels=layer.inexact,
            constant_channels=layer.constant,
            coarser_channels=layer.coarser,
        )
        requantized = layer.neuron
        if looked_up:
            assert isinstance(stage.neuron, Activation)
            requantized = replace(requantized, table=table_of(stage.neuron, looked_up.grid, self.grids[index]))
            if stage.neuron.grid is not None and not looked_up.exact:
                # sums of one level may be on both sides of a trained step
                report = replace(report, inexact_channels=len(layer.bias))
        synapses = replace(layer.sums.synapses, bias=layer.bias)
        return replace(stage, synapses=synapses, neuron=requantized), report, layer.bias_error

    def _max_pool(self, index: int, stage: Stage) -> tuple[Stage, StageReport]:
        plain = stage.neuron == Activation(relu=False)
        require(plain, f"stage {stage.name!r} rounds or clips after a max-pool: do so in the stage before it")
        report = StageReport(
            stage=stage.name,
            weight_scale=1.0,
            weight_error=0.0,
            unit=float(self._sources(index)[0].scale),
            largest=max(self.act.max, -self.act.min),
            bits=max(signed_bits(self.act.min), signed_bits(self.act.max)),
        )
        return replace(stage, neuron=Accumulator()), report

    def _report(self, stage: Stage, sums: Sums, bias: Ints, fraction_bits: int, unit: float) -> StageReport:
        lowest, highest = self._accumulators(stage.name, sums, bias, fraction_bits)
        return StageReport(
            stage=stage.name,
            weight_scale=sums.weight_scale,
            weight_error=sums.weight_error,
            unit=unit,
            largest=max(highest, -lowest),
            bits=max(signed_bits(lowest), signed_bits(highest)),
            fraction_bits=fraction_bits,
        )

    def _accumulators(self, name: str, sums: Sums, bias: Ints, fraction_bits: int) -> tuple[int, int]:
        """Return the lowest and highest partial sum, in any order and for any input; the accumulator must hold
        both."""
        low, high = (end << fraction_bits for end in sums.bounds(self.act.min, self.act.max))
        highest = int(max(high.max(), (high + bias).max()))
        lowest = int(min(low.min(), (low + bias).min()))
        acc = IntFormat(bits=self.options.acc_bits, signed=True)
        require(
            acc.holds(highest) and acc.holds(lowest),
            f"stage {name!r} can reach accumulators from {lowest} to {highest}, which do not fit {acc.bits} bits: "
            "give fewer --weight-bits or --act-bits",
        )
        return lowest, highest
