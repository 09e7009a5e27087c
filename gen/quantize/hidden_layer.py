"""Quantise a layer with activations: a weight scale, a bias and a multiplier per channel, and one shift for all.

A channel's factor is the number of output levels per unit of its accumulator: its multiplier over ``2**shift``. All
channels share the shift, so factors that differ by more than ``2**8`` leave some multipliers fewer than 8 bits. Then

- a channel with the same level for every input gets no weights; its bias sets the level;
- a channel with a smaller factor gets a larger weight scale. Its weights are rounded to fewer bits, but this moves its
  output less than rounding moves the output of the channel with the largest factor;
- a factor is clipped if rounded weights blur the step between the lowest and the highest level more than clipping
  widens it.

Where weights cannot be scaled (pools, additions, weights of +1 and -1), the multiplier is smaller, and the bias is
computed for it. ``docs/explanation/quantisation.md`` has the bounds.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.integer_sums import Sums, Weighted, addition_sums, pool_sums
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.requantizer import LEAST_MULTIPLIER, common_shift, fit_thresholds, multipliers, thresholds
from tospike.hw.params import IntFormat, RequantizeParams
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Activation, Add, AveragePool2d, Conv2d, Dense, QuantGrid, Requantize, Stage, SumPool2d

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CONSTANT = 2.0**-6
"""A channel whose output moves by no more levels than this is constant."""
TRAINED_CONSTANT = 1e-6
"""The same for a trained quantiser, which may have a step there: the precision of float32."""
SMALLER = 1 - 1e-9
"""A factor counts as smaller than another one if their ratio is below this."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Hidden:
    """The integers of a layer, and how many of its channels were treated specially."""

    sums: Sums
    bias: Ints
    """(channels,)."""
    neuron: Requantize
    inexact: int = 0
    """Channels in which some accumulator gets another level than in the trained network."""
    constant: int = 0
    """Channels whose level the bias alone sets."""
    coarser: int = 0
    """Channels with a larger weight scale than suits their weights."""
    bias_error: float = 0.0
    """Most levels by which the rounding of a bias moves an output; 0 with a trained quantiser."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Integers:
    """Arrays of (channels,)."""

    bias: Ints
    multiplier: Ints
    inexact: Mask
    bias_error: Floats
    """In levels, see `Hidden.bias_error`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HiddenLayer:
    """A float layer, and what determines its integers."""

    stage: Stage
    sources: list[QuantGrid]
    """Grids of its inputs."""
    target: QuantGrid
    """Grid of its outputs."""
    act: IntFormat
    options: QuantizeOptions
    params: RequantizeParams
    """Its ``fraction_bits`` are those of biases beyond sums."""
    means: Floats | None = None
    """See `Weighted.means`."""

    def quantize(self) -> Hidden:
        """Return the integers of the layer.

        Raises
        ------
        InputError
            A number does not fit its format.
        """
        synapses = self.stage.synapses
        if isinstance(synapses, Dense | Conv2d):
            return self._weighted(self._weights(synapses))
        assert isinstance(synapses, Add | AveragePool2d | SumPool2d)
        if isinstance(synapses, Add):
            sums = addition_sums(synapses, self.sources)
        else:
            sums = pool_sums(synapses, self.sources[0], self.stage.name)
        if not sums.rows.any():  # only biases: any unit will do
            sums = replace(sums, unit=np.full_like(sums.unit, float(self.target.scale) / LEAST_MULTIPLIER))
        shift = self._shift(self._factor(sums))
        return self._hidden(sums, self._integers(sums, shift), shift)

    # ------------------------------------------------------------------------------------------------ properties

    @property
    def _is_trained(self) -> bool:
        assert isinstance(self.stage.neuron, Activation)
        return self.stage.neuron.grid is not None

    @property
    def _levels(self) -> int:
        return self.target.qmax - self.target.qmin + 1

    @property
    def _bias_units(self) -> int:
        """Units of a bias per unit of a sum."""
        return 1 << self.params.fraction_bits

    def _weights(self, synapses: Dense | Conv2d) -> Weighted:
        return Weighted(
            synapses=synapses,
            source=self.sources[0],
            options=self.options,
            one_scale=not self.options.per_channel,
            name=self.stage.name,
            means=self.means,
        )

    def _factor(self, sums: Sums) -> Floats:
        """Return (channels,) the output levels per unit of a biased sum."""
        return sums.unit / float(self.target.scale) / self._bias_units

    def _scale(self, factor: float) -> float:
        """Return the weight scale that gives this factor."""
        return factor * self._bias_units * float(self.target.scale) / float(self.sources[0].scale)

    # ------------------------------------------------------------------------------------------------------ scales

    def _weighted(self, weights: Weighted) -> Hidden:
        own, binary = weights.own_scales(), weights.is_binary
        constant, level = self._constant(weights)
        scale = np.where(constant, 1.0, own)
        if not binary:
            offset = self.target.centre * float(self.target.scale)
            scale = weights.hold_biases(scale, constant, self.act, self._largest // self._bias_units, offset)
        blur = 0 if binary or self._is_trained else weights.weight.shape[1]
        factor = self._factor(weights.sums(scale, constant))
        shift = self._shift(factor[~constant], blur)
        small = ~constant & (factor * 2.0**shift < LEAST_MULTIPLIER * SMALLER) & (not binary)
        if self._is_trained and small.any():
            # such a multiplier may suffice: with few levels it need not be precise
            small &= self._integers(weights.sums(scale, constant), shift).inexact
        scale = np.where(small, self._scale(LEAST_MULTIPLIER / 2.0**shift), scale)

        sums = weights.sums(scale, constant)
        integers, fixed = self._integers(sums, shift), self._constant_integers(level, sums, shift)
        coarser = ~constant & (scale != own)
        chosen = _Integers(
            bias=np.where(constant, fixed.bias, integers.bias),
            multiplier=np.where(constant, fixed.multiplier, integers.multiplier),
            inexact=~constant & (integers.inexact | (coarser & self._is_trained)),
            bias_error=np.where(constant, fixed.bias_error, integers.bias_error),
        )
        return self._hidden(sums, chosen, shift, constant=int(constant.sum()), coarser=int(coarser.sum()))

    def _constant(self, weights: Weighted) -> tuple[Mask, Ints]:
        """Return (channels,) which channels have the same level for every input, and that level."""
        source, target = self.sources[0], self.target
        ends = [float(source.scale) * (end - source.zero_point) for end in (source.qmin, source.qmax)]
        if isinstance(weights.synapses, Conv2d) and any(weights.synapses.padding):
            ends = [min(*ends, 0.0), max(*ends, 0.0)]
        products = weights.weight * ends[0], weights.weight * ends[1]
        least, most = (weights.synapses.bias + pick(*products).sum(axis=1) for pick in (np.minimum, np.maximum))
        neuron = self.stage.neuron
        assert isinstance(neuron, Activation)
        if neuron.low is not None:  # it may be the grid's last level; the grid then has a level below it
            least, most = np.maximum(least, neuron.low), np.maximum(most, neuron.low)
        if neuron.maximum is not None:
            least, most = np.minimum(least, neuron.maximum), np.minimum(most, neuron.maximum)
        reached = [np.clip(z / float(target.scale) + target.centre, target.qmin, target.qmax) for z in (least, most)]
        span = reached[1] - reached[0]
        middle = target.levels((reached[0] + reached[1] - 2 * target.centre) / 2 * float(target.scale))
        if not self._is_trained:
            return span <= CONSTANT, to_int64(middle, "levels")
        same = target.levels(least) == target.levels(most)
        return same | (span <= TRAINED_CONSTANT), to_int64(np.where(same, target.levels(least), middle), "levels")

    @property
    def _largest(self) -> int:
        return IntFormat(bits=self.options.acc_bits, signed=True).max

    def _shift(self, factor: Floats, taps: int = 0) -> int:
        """Return the common shift of channels with these factors, whose sums have ``taps`` products of rounded
        weights."""
        finest = min(self.params.max_shift, self.params.multiplier_bits - 1)
        if not factor.size:
            return finest
        blur = max(1.0, np.sqrt(taps / 12) * self.act.max / 2 * self._bias_units)
        if self._is_trained:
            factor = 1.5 * factor  # lets the fit increase multipliers
        # a factor above the number of levels has the effect of that number
        return common_shift(np.minimum(factor, self._levels), self._levels / blur, self.params, self.stage.name)

    # ---------------------------------------------------------------------------------------------------- integers

    def _integers(self, sums: Sums, shift: int) -> _Integers:
        """Return the integers for ``shift``; the bias of a small or clipped multiplier is computed for that."""
        factor, scale, zero = self._factor(sums), float(self.target.scale), self.target.centre
        least, most = sums.bounds(self.act.min, self.act.max)
        # a bias that no sum can compensate gives an end of the range, however large it is
        beyond = (np.maximum(most, -least) * factor * self._bias_units + self._levels + abs(zero)) * scale
        bias = np.clip(sums.bias, -beyond, beyond)
        multiplier = multipliers(factor, shift, self.params)
        small = factor * 2.0**shift < LEAST_MULTIPLIER * SMALLER
        multiplier = np.where(small, np.maximum(multiplier, self._least(bias / scale + zero, shift)), multiplier)
        clipped = multiplier == self.params.multiplier.max
        rounded = multiplier / 2.0**shift
        unit = np.where(small, rounded * self._bias_units * scale, sums.unit)
        fine = (bias / unit - sums.zeros) * self._bias_units + zero / np.where(small | clipped, rounded, factor)
        if self._is_trained:
            return self._fit(sums, bias, fine, multiplier, shift)
        integers = to_int64(fine, f"biases of stage {self.stage.name!r}")
        error = np.where(clipped, 0.0, np.abs(integers - fine) * rounded)
        exact = np.zeros(len(fine), dtype=bool)
        return _Integers(bias=integers, multiplier=multiplier, inexact=exact, bias_error=error)

    def _fit(self, sums: Sums, bias: Floats, fine: Floats, multiplier: Ints, shift: int) -> _Integers:
        steps = thresholds(sums.unit, bias / sums.unit - sums.zeros, self.target, self.target.qmin, self.target.qmax)
        bounds = sums.bounds(min(grid.qmin for grid in self.sources), max(grid.qmax for grid in self.sources))
        fit = fit_thresholds(steps, fine, multiplier, self.target.qmin, bounds, shift, self.params)
        return _Integers(bias=fit.bias, multiplier=fit.multiplier, inexact=fit.inexact, bias_error=np.zeros(len(fine)))

    def _least(self, level: Floats, shift: int) -> Ints:
        """Return (channels,) the least multipliers for which the bias for ``level`` uses at most half the
        accumulator's range."""
        needed = np.ceil(np.abs(level) * 2.0**shift / (self._largest / 2))
        return to_int64(np.clip(needed, 1, self.params.multiplier.max), "multipliers")

    def _constant_integers(self, level: Ints, sums: Sums, shift: int) -> _Integers:
        """Return the integers that give ``level`` (channels,) for every input."""
        least, most = sums.bounds(self.act.min, self.act.max)
        zeros = most - least == 0
        finest = min(shift, self.params.multiplier_bits - 1)
        multiplier = np.where(zeros, 1 << finest, self._least(level.astype(np.float64), shift))
        middle = (most + least) / 2 * self._bias_units
        bias = to_int64(level * 2.0**shift / multiplier - middle, f"biases of stage {self.stage.name!r}")
        return _Integers(
            bias=bias, multiplier=multiplier, inexact=np.zeros(len(bias), dtype=bool), bias_error=np.zeros(len(bias))
        )

    def _hidden(self, sums: Sums, chosen: _Integers, shift: int, *, constant: int = 0, coarser: int = 0) -> Hidden:
        neuron = Requantize(
            multiplier=chosen.multiplier,
            shift=shift,
            clamp=(self.target.qmin, self.target.qmax),
            fraction_bits=self.params.fraction_bits,
            rounding=self.params.rounding,
        )
        return Hidden(
            sums=sums,
            bias=chosen.bias,
            neuron=neuron,
            inexact=int(chosen.inexact.sum()),
            constant=constant,
            coarser=coarser,
            bias_error=float(chosen.bias_error.max()),
        )
