"""Quantises an ANN: integer weighted sums, each followed by a requantisation."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.activation_grids import choose_grids, input_spec, is_logits
from tospike.gen.hidden_layer import HiddenLayer
from tospike.gen.integer_sums import Sums
from tospike.gen.logits import logit_sums, needed_fraction_bits, round_biases
from tospike.gen.quantize_options import QuantizeOptions
from tospike.gen.quantized import StageReport
from tospike.gen.scale import signed_bits
from tospike.hw.params import IntFormat, require, require_range
from tospike.sim.encoding import encode
from tospike.sim.network import Accumulator, Activation, Grid, MaxPool2d, Network, Stage
from tospike.sim.reference import run_float

Ints = NDArray[np.int64]


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
    layers = _Layers(network=network, grids=grids, act=act, options=options)
    stages, reports = layers.quantize(0)
    finer = layers.fraction_bits(reports)
    if finer:
        stages, reports = layers.quantize(finer)
    spec = input_spec(network, grids[-1], act)
    return Network(name=network.name, input=spec, stages=stages), reports


@dataclass(frozen=True, kw_only=True, eq=False)
class _Layers:
    network: Network
    grids: dict[int, Grid]
    act: IntFormat
    options: QuantizeOptions

    def quantize(self, fraction_bits: int) -> tuple[tuple[Stage, ...], tuple[StageReport, ...]]:
        """The integer stages, with biases that are by so many bits finer than sums."""
        both = [self._stage(index, stage, fraction_bits) for index, stage in enumerate(self.network.stages)]
        return tuple(stage for stage, _ in both), tuple(report for _, report in both)

    def fraction_bits(self, reports: tuple[StageReport, ...]) -> int:
        """As many as the logits need, if all accumulators have room for them; ``reports`` are those without any."""
        if not is_logits(self.network, len(self.network.stages) - 1):
            return 0
        room = IntFormat(bits=self.options.acc_bits, signed=True).max
        sums = self._logits(len(self.network.stages) - 1)
        if sums is None:
            return 0
        return min(
            needed_fraction_bits(sums, self.act), *((room // max(1, r.largest)).bit_length() - 1 for r in reports)
        )

    def _sources(self, index: int) -> list[Grid]:
        return [self.grids[source] for source in self.network.sources(index)]

    def _logits(self, index: int) -> Sums | None:
        stage = self.network.stages[index]
        if isinstance(stage.synapses, MaxPool2d):
            return None
        return logit_sums(stage, self._sources(index), self.act, self.options)

    def _stage(self, index: int, stage: Stage, fraction_bits: int) -> tuple[Stage, StageReport]:
        if isinstance(stage.synapses, MaxPool2d):
            return self._max_pool(index, stage)
        if is_logits(self.network, index):
            sums = logit_sums(stage, self._sources(index), self.act, self.options)
            bias, error = round_biases(sums, fraction_bits, stage.name)
            unit = float(sums.unit[0]) / 2**fraction_bits
            report = self._report(stage, sums, bias, fraction_bits, unit)
            logits = replace(sums.synapses, bias=bias)
            neuron = Accumulator(fraction_bits=fraction_bits)
            return replace(stage, synapses=logits, neuron=neuron), replace(report, logit_error=error)
        params = replace(self.options.requantize, fraction_bits=fraction_bits)
        layer = HiddenLayer(
            stage=stage,
            sources=self._sources(index),
            target=self.grids[index],
            act=self.act,
            options=self.options,
            params=params,
        ).quantize()
        report = self._report(stage, layer.sums, layer.bias, fraction_bits, float(self.grids[index].scale))
        report = replace(
            report, inexact_channels=layer.inexact, constant_channels=layer.constant, coarser_channels=layer.coarser
        )
        return replace(stage, synapses=replace(layer.sums.synapses, bias=layer.bias), neuron=layer.neuron), report

    def _max_pool(self, index: int, stage: Stage) -> tuple[Stage, StageReport]:
        plain = stage.neuron == Activation(relu=False)
        require(plain, f"stage {stage.name!r} rounds or clips behind a max-pool: put that into the stage before it")
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
        """Lowest and highest value that a partial sum can reach, in any order and for any input; it must fit."""
        low, high = (end << fraction_bits for end in sums.reach(self.act.min, self.act.max))
        highest = int(max(high.max(), (high + bias).max()))
        lowest = int(min(low.min(), (low + bias).min()))
        acc = IntFormat(bits=self.options.acc_bits, signed=True)
        require(
            acc.holds(highest) and acc.holds(lowest),
            f"stage {name!r} can reach accumulators from {lowest} to {highest}, which do not fit {acc.bits} bits: "
            "give fewer --weight-bits or --act-bits",
        )
        return lowest, highest
