"""Random convolutional networks, and the conv engine against its golden model."""

import math
from dataclasses import replace

import numpy as np
from support.engine_bench import check_engine

from tospike.gen.emit.memory_init import pack
from tospike.gen.place.array import random_table
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.gen.place.streaming import frame_weights
from tospike.hw.conv.engine import ConvEngine
from tospike.hw.params import ConvParams, IntFormat
from tospike.sim.conv.golden import run
from tospike.sim.conv.timing import frame_timing
from tospike.sim.network import (
    Accumulator,
    Add,
    Conv2d,
    Dense,
    InputSpec,
    MaxPool2d,
    Network,
    Requantize,
    Stage,
    SumPool2d,
    Window,
)

SIGNED = IntFormat(bits=8, signed=True)


class Maker:
    """Builds random integer networks, stage by stage; ``shape`` is what the next stage gets."""

    def __init__(self, shape, *, seed=0, act=SIGNED, weight_bits=8, finer=0):
        self.rng = np.random.default_rng(seed)
        self.shape = self.input = shape
        self.act, self.weight_bits, self.finer = act, weight_bits, finer
        self.stages = []

    def _weights(self, *shape):
        if self.weight_bits == 1:
            return self.rng.choice([-1, 1], shape)
        high = (1 << (self.weight_bits - 1)) - 1
        return self.rng.integers(-high - 1, high, shape, endpoint=True)

    def _append(self, synapses, taps, *, sources=(), relu=True):
        channels = synapses.channels
        size = max(1, np.log2(taps) / 2 + self.weight_bits - 2)
        multiplier = self.rng.integers(1 << 13, 1 << 15, channels)
        clamp = (max(0, self.act.min), self.act.max) if relu else (self.act.min, self.act.max)
        shift = round(15 + size - 1) + self.finer
        neuron = Requantize(multiplier=multiplier, shift=shift, clamp=clamp, fraction_bits=self.finer)
        name = f"{len(self.stages)}"
        self.stages.append(Stage(name=name, synapses=synapses, neuron=neuron, sources=sources))
        shape = synapses.output_shape
        self.shape = shape if len(shape) == 3 else (shape[0], 1, 1)
        return self

    def conv(self, outputs, kernel, *, stride=(1, 1), padding=(0, 0, 0, 0), groups=1, pad_value=0, **options):
        weight = self._weights(outputs, self.shape[0] // groups, *kernel)
        synapses = Conv2d(
            shape=self.shape,
            weight=weight,
            bias=self.rng.integers(-99, 99, outputs),
            stride=stride,
            padding=padding,
            groups=groups,
            pad_value=pad_value,
        )
        return self._append(synapses, weight[0].size, **options)

    def dense(self, outputs):
        inputs = math.prod(self.shape)
        bias = self.rng.integers(-99, 99, outputs)
        return self._append(Dense(weight=self._weights(outputs, inputs), bias=bias), inputs)

    def max_pool(self, kernel, **window):
        self._append(MaxPool2d(shape=self.shape, window=Window(kernel=kernel, **window)), 1)
        last = self.stages[-1]
        self.stages[-1] = Stage(name=last.name, synapses=last.synapses, neuron=Accumulator(), sources=last.sources)
        return self

    def sum_pool(self, kernel, **window):
        bias = self.rng.integers(-99, 99, self.shape[0])
        synapses = SumPool2d(shape=self.shape, window=Window(kernel=kernel, **window), bias=bias)
        return self._append(synapses, 4)

    def add(self, first, second, weight=(1, 1)):
        bias = self.rng.integers(-99, 99, self.shape[0])
        return self._append(Add(shape=self.shape, weight=np.array(weight), bias=bias), 1, sources=(first, second))

    def function(self):
        """Give the last stage a function: a table that its results index."""
        last = self.stages[-1]
        table = random_table(self.rng, self.act, (-128, 127))
        neuron = replace(last.neuron, clamp=(-128, 127), table=table)
        self.stages[-1] = replace(last, neuron=neuron)
        return self

    def logits(self):
        last = self.stages[-1]
        neuron = Accumulator(fraction_bits=self.finer)
        self.stages[-1] = Stage(name=last.name, synapses=last.synapses, neuron=neuron, sources=last.sources)
        return self

    def design(self, rows, cols, **options):
        spec = InputSpec(inputs=math.prod(self.input), format=self.act)
        network = Network(name="test", input=spec, stages=tuple(self.stages))
        return plan(network, PlanOptions(rows=rows, cols=cols, **options))


def check(design, *, frames=1, stall=0.0, sparse=False, seed=0, extreme=False):
    """Engine equals golden model in tokens and counters, and for a lone frame without stalls in every cycle."""
    (params,) = design.params.engines
    assert isinstance(params, ConvParams)
    rng = np.random.default_rng(seed)
    act, shape = params.array.act, (frames, params.input.addresses)
    x = rng.choice([act.min, act.max], shape) if extreme else rng.integers(act.min, act.max, shape, endpoint=True)
    if sparse:
        x *= rng.random(shape) < 0.3
    golden = run(params, design.network, x)
    dut, weights = ConvEngine(params, pack(design)[0]), frame_weights(design)
    check_engine(dut, golden, frame_timing(params), x, stall=stall, sparse=sparse, weights=weights)
    return golden
