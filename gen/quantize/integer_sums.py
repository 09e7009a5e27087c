"""Quantise the synapses of an ANN, and relate their integer sums to real values."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tospike.gen.quantize.common_step import common_step
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.scale import LEAST, choose_scale, relative_error, to_grid
from tospike.hw.params import InputError, IntFormat, require
from tospike.sim.arithmetic import to_int64
from tospike.sim.network import Add, AveragePool2d, Conv2d, Dense, QuantGrid, SumPool2d

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ADD_WEIGHTS = np.arange(1, 128)
"""Candidates for the larger weight of an addition."""
ROUNDS = 8
"""Most rounds of increasing scales until biases fit. One round suffices for a channel, but it may affect others."""
ROUNDING = 1e-6
"""Precision of a ratio of scales, which are float32."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Integer synapses without bias; the real value of a sum is ``unit * (sum - zeros) + bias``."""

    synapses: Dense | Conv2d | SumPool2d | Add
    rows: Ints
    """(channels, taps) the weights in a sum of each channel."""
    unit: Floats
    """(channels,) real value of a sum of 1."""
    zeros: Floats
    """(channels,) the sum of inputs that represent 0."""
    bias: Floats
    """(channels,) the trained bias, a real value."""
    weight_scale: float
    """Real value of a weight of 1; the largest if channels differ."""
    weight_error: float
    value_error: float
    """Most that the rounding of weights moves a sum in any channel, a real value."""

    def bounds(self, low: int, high: int) -> tuple[Ints, Ints]:
        """Return (channels,) least and greatest sum of inputs from ``low`` to ``high``, including partial sums in any
        order."""
        ends = self.rows * high, self.rows * low
        return np.minimum(np.minimum(*ends), 0).sum(axis=1), np.maximum(np.maximum(*ends), 0).sum(axis=1)

    @property
    def unit_bias(self) -> Floats:
        """(channels,) the bias of a sum, in its unit."""
        return self.bias / self.unit - self.zeros


def tap_means(synapses: Dense | Conv2d, inputs: Floats) -> Floats:
    """Return (channels, taps) the mean of (N, inputs) that each weight multiplies; for an image, of its channel."""
    means = inputs.mean(axis=0)
    if isinstance(synapses, Dense):
        return np.broadcast_to(means, synapses.weight.shape)
    per_group = means.reshape(synapses.groups, -1, synapses.shape[1] * synapses.shape[2]).mean(axis=2)
    per_output = np.repeat(per_group, synapses.channels // synapses.groups, axis=0)
    return np.repeat(per_output, synapses.window.taps, axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighted:
    """Dense synapses or a convolution to be quantised."""

    synapses: Dense | Conv2d
    source: QuantGrid
    """Grid of its inputs."""
    options: QuantizeOptions
    one_scale: bool
    """One scale for all channels, which makes logits comparable; trained scales that differ are then ignored."""
    name: str
    means: Floats | None = None
    """(channels, taps) what each weight multiplies, on average; the bias then makes up for the rounding of weights."""

    @property
    def weight(self) -> Floats:
        """(channels, taps)."""
        return self.synapses.weight.astype(np.float64).reshape(self.synapses.channels, -1)

    @property
    def grid(self) -> QuantGrid | None:
        """The weights' trained grid; ``None`` if they have none, or if they are to have fewer bits than on it."""
        grid = self.synapses.grid
        if grid is None or (self.one_scale and np.ptp(grid.scale)):
            return None
        return None if self._is_narrowed(grid) else grid

    def _is_narrowed(self, grid: QuantGrid) -> bool:
        """Return whether fewer bits were asked for than the default, and than the weights on the grid need."""
        if self.options.weight_bits >= QuantizeOptions.weight_bits:
            return False
        levels = np.rint(self.weight / np.reshape(grid.scale, (-1, 1)))
        return bool(np.abs(levels).max(initial=0) > max(1, self._format.max))

    @property
    def is_binary(self) -> bool:
        """Whether all weights are +1 and -1."""
        grid = self.grid
        if grid is None:
            return self.options.weight_bits == 1
        return (grid.qmin, grid.qmax) == (-1, 1) and bool(
            (np.rint(self.weight / np.reshape(grid.scale, (-1, 1))) != 0).all()
        )

    def own_scales(self) -> Floats:
        """Return (channels,) the scales that suit the weights alone; 0 for a channel of zeros only.

        A trained scale is kept, as is the step of a grid on which the stored weights already lie.
        """
        weight, channels, grid = self.weight, self.synapses.channels, self.grid
        require(
            grid is None or self.options.scale is None,
            f"layer {self.name!r} was trained with a scale of its own: leave {self.name}.scale out",
        )
        if grid is not None:
            return np.array(np.broadcast_to(np.ravel(grid.scale), channels), dtype=np.float64)
        if self.options.scale is not None:
            return np.where(weight.any(axis=1), self.options.scale, 0.0)
        if self.options.weight_bits > 1:
            step = common_step([weight], self._format.max)
            if step is not None:
                return np.where(weight.any(axis=1), step, 0.0)
        if self.one_scale:
            return np.full(channels, self._scale(weight))
        return np.array([self._scale(row) for row in weight])

    def _scale(self, weight: Floats) -> float:
        if np.abs(weight).max() < LEAST:
            return 0.0
        if self.options.weight_bits == 1:
            # the least squares fit of +scale and -scale: Rastegari et al., "XNOR-Net", ECCV 2016, eq. 6
            return float(np.abs(weight).mean())
        return common_step([weight], self._format.max) or choose_scale(weight, self._format, self.options.weight_scale)

    @property
    def _format(self) -> IntFormat:
        return IntFormat(bits=self.options.weight_bits, signed=True)

    def sums(self, scale: Floats, constant: NDArray[np.bool_]) -> Sums:
        """Return the integers with a weight scale per channel, and no weights in ``constant`` channels."""
        weight, column = self.weight, scale[:, None]
        rows = self._integers(weight, column)
        # weights of +1 and -1 are never 0, so make them cancel
        rows[constant] = np.where(np.arange(rows.shape[1]) % 2, -1, 1) if self.is_binary else 0
        synapses: Dense | Conv2d = replace(self.synapses, weight=rows.reshape(self.synapses.weight.shape), grid=None)
        if isinstance(synapses, Conv2d):
            synapses = replace(synapses, pad_value=pad_value(synapses.padding, self.source, self.name))
        largest = float(self.source.scale) * max(
            abs(end - self.source.zero_point) for end in (self.source.qmin, self.source.qmax)
        )
        exact, rounded = weight[~constant], (rows * column)[~constant]
        bias = self.synapses.bias.astype(np.float64)
        if self.means is not None:
            bias = bias + np.where(constant, 0.0, ((weight - rows * column) * self.means).sum(axis=1))
        return Sums(
            synapses=synapses,
            rows=rows,
            unit=scale * float(self.source.scale),
            zeros=self.source.zero_point * rows.sum(axis=1),
            bias=bias,
            weight_scale=float(scale[~constant].max(initial=0)),
            weight_error=relative_error(rounded, exact) if exact.size else 0.0,
            value_error=largest * float(np.abs(rounded - exact).sum(axis=1).max(initial=0)),
        )

    def hold_biases(
        self, scale: Floats, constant: NDArray[np.bool_], act: IntFormat, largest: int, offset: float = 0.0
    ) -> Floats:
        """Return the scales, larger for channels whose sums fit the accumulator alone but not with their bias.

        ``largest`` is the accumulator's maximum, and ``offset`` a real value that is added to the biases.
        """
        for _ in range(ROUNDS):
            sums = self.sums(scale, constant)
            least, most = sums.bounds(act.min, act.max)
            extent, bias = np.maximum(most, -least), np.abs(sums.unit_bias) + abs(offset) / sums.unit
            over = ~constant & (extent <= largest) & (bias + extent > largest)
            if not over.any():
                break
            times = 2.0 ** np.maximum(1, np.ceil(np.log2(np.where(over, bias, 1.0) / (largest / 2))))
            scale = np.where(over, scale * times, scale)
            if self.one_scale:
                scale = np.where(constant, scale, scale[~constant].max())
        return scale

    def _integers(self, weight: Floats, column: Floats) -> Ints:
        grid = self.grid
        if grid is not None:
            return to_int64(np.clip(weight / column, grid.qmin, grid.qmax), "weights on their trained grid")
        if self.options.weight_bits == 1:
            return np.where(weight >= 0, 1, -1)
        return to_grid(weight, column, self._format)


def pool_sums(synapses: AveragePool2d | SumPool2d, source: QuantGrid, name: str) -> Sums:
    """Return the sums of a pool; a mean of N values is their sum in units of 1/N."""
    taps, channels = synapses.window.taps, synapses.channels
    return Sums(
        synapses=SumPool2d(
            shape=synapses.shape,
            window=synapses.window,
            bias=np.zeros(channels, dtype=np.int64),
            pad_value=pad_value(synapses.window.padding, source, name),
        ),
        rows=np.ones((channels, taps), dtype=np.int64),
        unit=np.full(channels, float(source.scale) / (taps if isinstance(synapses, AveragePool2d) else 1)),
        zeros=np.full(channels, source.zero_point * taps),
        bias=np.zeros(channels) if isinstance(synapses, AveragePool2d) else synapses.bias.astype(np.float64),
        weight_scale=1.0,
        weight_error=0.0,
        value_error=0.0,
    )


def addition_sums(synapses: Add, sources: list[QuantGrid]) -> Sums:
    """Return the sums of an addition, with integer weights nearest to the ratio of the scales: 1 and 1 if equal."""
    exact = synapses.weight * np.array([float(grid.scale) for grid in sources])
    widest = float(np.abs(exact).max()) or 1.0
    ratio = np.abs(exact).min() / widest
    errors = np.abs(ratio * ADD_WEIGHTS - np.rint(ratio * ADD_WEIGHTS)) / ADD_WEIGHTS
    larger = ADD_WEIGHTS[np.argmax(errors <= errors.min() + ROUNDING)]
    unit = widest / larger
    weight = to_int64(exact / unit, "weights of an addition")
    ends = [max(abs(grid.qmin - grid.zero_point), abs(grid.qmax - grid.zero_point)) for grid in sources]
    return Sums(
        synapses=Add(shape=synapses.shape, weight=weight, bias=np.zeros(synapses.channels, dtype=np.int64)),
        rows=np.tile(weight, (synapses.channels, 1)),
        unit=np.full(synapses.channels, unit),
        zeros=np.full(
            synapses.channels, float(sum(w * grid.zero_point for w, grid in zip(weight, sources, strict=True)))
        ),
        bias=synapses.bias.astype(np.float64),
        weight_scale=unit / float(sources[0].scale),
        weight_error=relative_error(weight * unit, exact),
        value_error=float(np.abs(weight * unit - exact) @ ends),
    )


def pad_value(padding: tuple[int, ...], source: QuantGrid, name: str) -> int:
    """Return the integer that represents 0, if there is padding.

    Raises
    ------
    InputError
        No integer represents 0.
    """
    if any(padding) and source.zero_point != round(source.zero_point):
        raise InputError(f"stage {name!r} pads with 0, which its input's quantiser cannot express: train it unpadded")
    return round(source.zero_point) if any(padding) else 0
