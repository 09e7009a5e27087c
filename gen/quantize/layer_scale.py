"""Choose the scale of a spiking layer's weights: their own grid, or else the best for weights and constants."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.integer_neuron import integer_neuron
from tospike.gen.quantize.kept_grid import kept_grid
from tospike.gen.quantize.leaks import per_neuron_decays, rounding_bits
from tospike.gen.quantize.normalize import NormalizedNeuron
from tospike.gen.quantize.options import WIDEST_WEIGHT, QuantizeOptions
from tospike.gen.quantize.scale import ScaleMethod, choose_scale, signed_bits, to_grid
from tospike.gen.quantize.state_unit import WIDEST_STATE, Constants
from tospike.gen.quantize.value_ranges import StateRanges, trace
from tospike.hw.params import IntFormat, NeuronParams, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Conv2d, Dense

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST_RANGE = 0.2
"""Smallest range of a searched scale, as a fraction of the largest weight."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Goal:
    """The target of a search for a scale."""

    events: NDArray[np.integer]
    """(N, steps, inputs): inputs of the integer layer."""
    counts: Floats
    """(N, outputs): spike counts of the float neurons."""
    candidates: int
    """Number of scales to try."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerLayer:
    """An integer layer at one scale, with the widest states."""

    neuron_params: NeuronParams
    synapses: Dense | Conv2d
    recurrent: Ints | None
    decays: Ints | None
    scale: float
    """Real value of a weight of 1."""
    fine: float
    """Real weighted input that moves the state by 1."""

    def ranges(self, events: NDArray[np.integer]) -> StateRanges:
        """Return the ranges of its states on ``events``."""
        return trace(self.neuron_params, self.synapses, events, self.recurrent, self.decays)

    def error(self, goal: Goal) -> float:
        """Return the mean absolute difference of spike counts."""
        return float(np.abs(self.ranges(goal.events).spikes.sum(axis=1) - goal.counts).mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatLayer:
    """A layer as trained, with normalised neurons."""

    name: str
    neuron: NormalizedNeuron
    synapses: Dense | Conv2d
    recurrent: Floats | None
    payload_unit: float
    """Real value of an input payload of 1."""
    events: NDArray[np.integer]
    """(N, steps, inputs): inputs on the calibration data."""
    options: QuantizeOptions

    @cached_property
    def scaled_recurrent(self) -> Floats | None:
        """Recurrent weights in the unit of input weights: a recurrent spike has payload 1 and real value 1."""
        return None if self.recurrent is None else self.recurrent / self.payload_unit

    @cached_property
    def weights(self) -> Floats:
        """All weights, a row for each output channel."""
        weights = self.synapses.weight.reshape(len(self.synapses.weight), -1)
        return weights if self.scaled_recurrent is None else np.hstack([weights, self.scaled_recurrent])

    @cached_property
    def constants(self) -> Constants:
        """The constants that the states are compared with, reset to, or incremented by."""
        rest = 0.0 if self.neuron.kind.synaptic else self.neuron.rest / self.neuron.gain
        biases = self.synapses.bias.astype(np.float64) + rest
        return Constants(neuron=self.neuron, biases=biases, steps=self.events.shape[1])

    @property
    def _format(self) -> IntFormat:
        return IntFormat(bits=self.options.weight_bits, signed=True)

    def fit(self, goal: Goal | None) -> tuple[IntegerLayer, StateRanges]:
        """Return the integer layer, and the ranges of its states.

        Raises
        ------
        InputError
            No state format holds both biases and weights.
        """
        if self.options.threshold is not None or self.options.scale is not None:
            return self._as_given()
        for grid in kept_grid(self.constants, self.weights, self.payload_unit, self.options):
            kept = self._at(grid.step, grid.fraction_bits)
            ranges = kept.ranges(self.events)
            if not _excess_bits(ranges):
                return kept, ranges
        scale, finest, is_narrow = self._scale(goal), self.constants.finest, False
        while True:
            chosen = self._above(scale, finest)
            ranges = chosen.ranges(self.events)
            excess = _excess_bits(ranges)
            if not excess:
                break
            finest, is_narrow = chosen.fine * 2**excess, True
        held = not self.neuron.kind.spikes or self.constants.held(chosen.fine)
        is_widest = is_narrow or self.options.weight_bits == WIDEST_WEIGHT
        more = "" if is_widest else f"more weight-bits (at most {WIDEST_WEIGHT}), or "
        require(
            held or self.options.fraction_bits is not None,
            f"stage {self.name!r} has a threshold of {self.constants.threshold:g} in weighted input, and weights of up "
            f"to {np.abs(self.weights).max():g}, so that biases or a reset are lost in rounding: give {more}a network "
            "with smaller weights",
        )
        return chosen, ranges

    def _as_given(self) -> tuple[IntegerLayer, StateRanges]:
        """Return the layer at the threshold or the scale that the user gave."""
        bits = self.options.fraction_bits
        if self.options.threshold is not None:
            require(
                self.neuron.kind.spikes,
                f"layer {self.name!r} has no threshold: leave {self.name}.threshold out",
            )
            bits = bits or 0
            scale = self.constants.threshold / self.options.threshold * 2**bits / self.payload_unit
        else:
            assert self.options.scale is not None
            scale = self.options.scale
            bits = self._bits(scale * self.payload_unit) if bits is None else bits
        chosen = self._at(scale, bits)
        ranges = chosen.ranges(self.events)
        require(
            not _excess_bits(ranges),
            f"layer {self.name!r} needs states of more than {WIDEST_STATE} bits at a scale of {scale:g}: give a "
            "smaller threshold or a larger scale",
        )
        return chosen, ranges

    def _bits(self, unit: float) -> int:
        """Return the fraction bits that leaks and constants need if the weights' unit is ``unit``."""
        leaks = rounding_bits(self.neuron, unit * self.constants.drive, self.options)
        return max(leaks, self.constants.fraction_bits(unit))

    def _scale(self, goal: Goal | None) -> float:
        """Return a scale for weights without a grid."""
        if not self.weights.any():
            return self.constants.unit / self.payload_unit
        if goal is None:
            return choose_scale(self.weights, self._format, self.options.weight_scale)
        widest = choose_scale(self.weights, self._format, ScaleMethod.MAX)
        scales = [widest * part for part in np.linspace(LEAST_RANGE, 1.0, goal.candidates)]
        return min(scales, key=lambda scale: self._above(scale, self.constants.finest).error(goal))

    def _above(self, scale: float, finest: float) -> IntegerLayer:
        """Return the layer at ``scale``, or at a larger one if states would have a unit below ``finest``."""
        bits = self.options.fraction_bits
        unit = max(scale * self.payload_unit, finest * 2 ** (bits or 0))
        if bits is None:
            bits = self._bits(unit)
            bits = min(bits, math.floor(math.log2(unit / finest))) if finest else bits
        return self._at(unit / self.payload_unit, bits)

    def _decays(self, neuron_params: NeuronParams) -> Ints | None:
        """Return the (channels, n) decays or taps that vary."""
        decays = per_neuron_decays(self.neuron, neuron_params, self.synapses.outputs)
        if decays is None or not isinstance(self.synapses, Conv2d):
            return decays
        return decays[:: self.synapses.outputs // self.synapses.channels]

    def _at(self, scale: float, fraction_bits: int) -> IntegerLayer:
        fine = scale * self.payload_unit / 2**fraction_bits
        neuron_params = integer_neuron(self.name, self.neuron, fine, fraction_bits, self.options)
        bias = to_int64(self.constants.biases / fine, f"biases of stage {self.name!r}")
        return IntegerLayer(
            neuron_params=neuron_params,
            synapses=replace(
                self.synapses, weight=to_grid(self.synapses.weight, scale, self._format), bias=bias, grid=None
            ),
            recurrent=None if self.scaled_recurrent is None else to_grid(self.scaled_recurrent, scale, self._format),
            decays=self._decays(neuron_params),
            scale=scale,
            fine=fine,
        )


def _excess_bits(ranges: StateRanges) -> int:
    """Return the bits by which states are too wide for the hardware; a range that ends at a limit may be clipped."""
    most = max(abs(end) for end in (*ranges.current, *ranges.membrane, ranges.threshold_offset))
    return max(0, signed_bits(most + 1) - WIDEST_STATE)
