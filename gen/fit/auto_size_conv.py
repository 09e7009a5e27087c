"""The array of a conv engine with the fewest cycles on a device."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from tospike.gen.area.conv import image_blocks, predict
from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import least_blocks
from tospike.gen.fit.auto_size import useful
from tospike.gen.fit.fit import ANY_SOURCE, Fit, fastest, load
from tospike.gen.fit.nearest import largest_layer, refusal
from tospike.gen.fit.room import count_weights
from tospike.gen.place.array import array
from tospike.gen.place.conv import columns, conv_engine, in_passes
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.placer import Site
from tospike.hw.params import WORD_BITS, ArrayParams, ConvLayer, ConvParams, InputError, WeightSource, ceil_div
from tospike.hw.params.devices import Device
from tospike.hw.params.engines.conv import LEAST_RING
from tospike.sim.conv.timing import frame_cycles
from tospike.sim.network import Network


def fit_conv(
    network: Network, options: PlanOptions, device: Device, *, sources: Sequence[WeightSource] = ANY_SOURCE
) -> Fit[ConvParams]:
    """Return the fastest conv engine for a network that fits a device; of equally fast ones the smallest.

    Only the array's rows and columns, and the products per multiplier, are chosen. Weights come from the first of
    ``sources`` with which an array fits.

    Raises
    ------
    InputError
        No array fits; the message has the numbers.
    """
    search = Search(network=network, options=options)
    for source in sources:
        if best := search.fastest(device, source):
            return best
    streamed, closest = WeightSource.STREAM, search.closest(device, sources[-1])
    images = image_blocks(closest, device.family)

    def other_fit(engine: ConvParams, other: Device) -> Fit[ConvParams] | None:
        known = AREA_COSTS[other.family.name].conv
        return search.fastest(other, engine.weights) if known else None

    weights = {stage.name: count_weights(stage) for stage in network.stages}
    raise InputError(
        refusal(
            closest,
            device,
            streamed=None if streamed in sources else replace(closest, weights=streamed),
            fastest=other_fit,
            predict=predict,
            weights=sum(weights.values()),
            cause=f"weights are streamed, but images alone need {images:,} bram"
            if closest.streams_weights and images > device.capacity["bram"]
            else largest_layer(weights),
        )
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """The engines that can run a network."""

    network: Network
    """In integers."""
    options: PlanOptions

    @property
    def _one_column(self) -> bool:
        """Whether results must leave through one column."""
        return columns(self.network) == 1

    @cached_property
    def _base(self) -> ArrayParams:
        """An array as wide as the network's numbers need, of one row and one column."""
        return self._array(self.network)

    @cached_property
    def _layers(self) -> tuple[ConvLayer, ...]:
        """The layers on a wide array, where none takes more passes than it must."""
        cols = 1 if self._one_column else 256
        engine = conv_engine(in_passes(self.network, cols), replace(self._base, cols=cols))
        return engine.layers

    def _array(self, network: Network) -> ArrayParams:
        options = replace(self.options, rows=1, products_per_multiplier=1)
        return array(network, Site(network=network, options=options), 1)

    def _engine(self, one: ArrayParams, source: WeightSource) -> ConvParams:
        """Return the engine with an array like this; where a depthwise layer has to be a convolution, its zeros may
        need wider weights."""
        network = in_passes(self.network, one.cols)
        if any(stage is not whole for stage, whole in zip(network.stages, self.network.stages, strict=True)):
            one = replace(one, weight_bits=self._array(network).weight_bits)
        return replace(conv_engine(network, one), **replace(self.options, weights=source).weight_source)

    def fastest(self, device: Device, source: WeightSource) -> Fit[ConvParams] | None:
        """Return the fastest engine that fits with weights from ``source``, if any does."""
        bits = sum(map(count_weights, self.network.stages)) * self._base.weight_bits
        if source is WeightSource.MEMORY and least_blocks(bits, device.family) > device.capacity["bram"]:
            return None  # LUTs as ROMs hold less
        arrays = self._arrays(device)
        candidates = ((self._least_cycles(one, source), partial(self._engine, one, source)) for one in arrays)
        return fastest(candidates, device, predict=predict, cycles=frame_cycles)

    def _least_cycles(self, array: ArrayParams, source: WeightSource) -> int:
        """Return cycles that every frame takes: those of the array's steps, or of one result per cycle, or of the beats
        of streamed weights."""
        layers, late = self._layers, 0
        if source is WeightSource.STREAM:
            words = sum(layer.weight_words(array.cols) for layer in layers)
            beats = ceil_div(array.cols * array.weight_bits, self.options.weight_stream_bits or WORD_BITS)
            late = (words - max(LEAST_RING, 2 * max(layer.depth for layer in layers))) * beats
        computing = sum(
            max(ceil_div(math.prod(layer.size), array.rows) * layer.passes(array.cols) * layer.depth, layer.results)
            for layer in layers
        )
        return max(computing, late)

    def closest(self, device: Device, source: WeightSource) -> ConvParams:
        """Return the engine that comes closest to fitting."""
        engines = (self._engine(one, source) for one in self._arrays(device))
        return min(engines, key=lambda engine: load(predict(engine, device.family), device))

    def _arrays(self, device: Device) -> Iterator[ArrayParams]:
        """Yield the arrays without rows or columns that would never be of use, and with no more multipliers than
        there are."""
        heights, widths = ({side for layer in self._layers for side in useful({layer.size[axis]})} for axis in (0, 1))
        cols = {1} if self._one_column else useful({layer.outputs for layer in self._layers})
        cols |= set() if self._one_column else {col + 1 for col in cols if col % 2}  # two may share a multiplier
        most = 2 * device.capacity["dsp"] if self._base.multipliers else device.capacity["lut4"]
        for rows in sorted({height * width for height in heights for width in widths}):
            for col in sorted(cols):
                if rows > 256 or rows * col > most:
                    break
                one = replace(self._base, rows=rows, cols=col)
                yield one
                if one.packing_obstacle is None and device.family.shares_multipliers:
                    yield replace(one, products_per_multiplier=2)
