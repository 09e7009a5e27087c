"""A group of lanes of an event engine: synapses, states, neurons and spike counters, controlled by nets of its own."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from amaranth.hdl import *
from amaranth.lib import data, wiring

from tospike.hw.arithmetic import shape_of
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import SPIKE, EventParams, Readout
from tospike.hw.spiking.accumulate import Accumulate
from tospike.hw.spiking.count import SpikeCounts
from tospike.hw.spiking.lanes import NeuronLanes
from tospike.hw.spiking.multiply import Multiply
from tospike.hw.spiking.ring import AccumulateRing


def groups_of_lanes(params: EventParams) -> list[range]:
    """Return the lanes of each group."""
    ends = list(itertools.accumulate(params.group_sizes))
    return [range(end - size, end) for end, size in zip(ends, params.group_sizes, strict=True)]


def make_accumulator(params: EventParams, *, lanes: int) -> wiring.Component:
    """Return the `Accumulate` or `AccumulateRing` for ``lanes`` lanes of each word."""
    shape: dict[str, Any] = {
        "state": params.neuron.accumulated,
        "addend_bits": params.product.bits + params.neuron.state_fraction_bits,
        "lanes": lanes,
        "words": params.words,
    }
    if params.states_in_ring:
        return AccumulateRing(**shape)
    # the next event of a window may begin with any word
    return Accumulate(**shape, distance=1 if params.window else params.words)


class LaneGroup:
    """Cycles 2 to 9 of the diagram in `tospike.hw.spiking.engine.EventEngine`, built in that engine's module.

    Parameters
    ----------
    stages
        The operation in cycle n of the pipeline, for all n: for group n, n cycles later than for the first group.
    lanes
        The group's lanes within a word.
    number
        The group's number, from 0 on.

    Attributes
    ----------
    neurons : NeuronLanes
    """

    def __init__(self, params: EventParams, stages: Sequence[data.View], lanes: range, *, number: int):
        self._params = params
        self._stages = stages
        self._lanes = lanes
        self._suffix = f"_{number}" if params.lane_groups > 1 else ""
        self._accumulator = make_accumulator(params, lanes=len(lanes))
        self.neurons = NeuronLanes(params, stages, lanes, number=number)

    def connect(self, m: Module, weights: Value, stored: Mapping[str, LoadableMemory]) -> None:
        """Build the group.

        Parameters
        ----------
        weights
            Those of all lanes; those of this group are in cycle 3.
        stored
            The memories of the neurons, by name.
        """
        bits = self._params.weight_bits
        products = self._products(m, weights[self._lanes.start * bits : self._lanes.stop * bits])
        self._accumulate(m, products)
        self.neurons.connect(m, self._accumulator, stored)

    def values(self, m: Module) -> Value:
        """Return the values that the readout sends."""
        params = self._params
        if params.readout is Readout.SPIKES:
            return self.neurons.spikes
        if params.readout is Readout.MEMBRANE:
            return self.neurons.after
        counts = SpikeCounts(
            params.output.payload, spike_bits=params.neuron.spike_bits, lanes=len(self._lanes), words=params.words
        )
        m.submodules[f"counts{self._suffix}"] = counts
        fetched = self._stages[4 + params.neuron.extra_cycles]
        m.d.comb += [
            counts.fetch.valid.eq(fetched.update),
            counts.fetch.clear.eq(fetched.clear),
            counts.fetch.word.eq(fetched.word),
            counts.spikes.eq(self.neurons.spikes),
        ]
        return counts.counts

    def saturations(self, m: Module) -> list[Value]:
        """Return the flags of all saturating additions, each high for a cycle."""
        return self.neurons.saturations(m, self._accumulator.saturated)

    def _products(self, m: Module, weights: Value):
        """Return payload * weight in cycle 4."""
        params = self._params
        weight = data.View(data.ArrayLayout(shape_of(params.weight), len(self._lanes)), weights)
        if params.event == SPIKE:
            product = Signal(data.ArrayLayout(shape_of(params.product), len(self._lanes)), reset_less=True)
            m.d.sync += [product[index].eq(weight[index]) for index in range(len(self._lanes))]
            return product
        multiply = Multiply(params, lanes=len(self._lanes))
        m.submodules[f"multiply{self._suffix}"] = multiply
        payload = Signal(shape_of(params.event))
        m.d.comb += [payload.eq(self._stages[3].payload), multiply.weights.eq(weight), multiply.payload.eq(payload)]
        return multiply.products

    def _accumulate(self, m: Module, products) -> None:
        """Add the products to the states: cycles 2 to 6."""
        params, accumulate = self._params, self._accumulator
        m.submodules[f"accumulate{self._suffix}"] = accumulate
        fetched, stored = self._stages[2], self._stages[9 + params.neuron.extra_cycles]
        m.d.comb += [
            accumulate.fetch.valid.eq(fetched.accumulate | fetched.update),
            accumulate.fetch.accumulate.eq(fetched.accumulate),
            accumulate.fetch.word.eq(fetched.word),
            accumulate.store.valid.eq(stored.update),
            accumulate.store.word.eq(stored.word),
        ]
        shift = params.neuron.state_fraction_bits
        m.d.comb += [accumulate.addend[index].eq(products[index] << shift) for index in range(len(self._lanes))]
