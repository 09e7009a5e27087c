"""Place the pools of an ANN of dataflow engines on pooling engines."""

from dataclasses import replace

import numpy as np

from tospike.gen.fold.folding import fewest_lanes
from tospike.gen.place.array import requantizer
from tospike.gen.place.dataflow import image_window, input_lanes, padding_of, require_chain
from tospike.gen.place.options import Engine
from tospike.gen.place.placer import MemoryInit, Placed, Placer, Site, input_format, random_integers
from tospike.gen.place.widths import accumulator_bits
from tospike.hw.params import AcceleratorParams, DataflowPoolParams, IntFormat, RequantizeParams
from tospike.hw.window import layout
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, MaxPool2d, Requantize, Stage, SumPool2d, Window


def _place(site: Site) -> Placed | None:
    network, stage = site.network, site.stage
    synapses, neuron = stage.synapses, stage.neuron
    if site.engine is not Engine.DATAFLOW or not isinstance(synapses, MaxPool2d | SumPool2d):
        return None
    require_chain(site)
    act, maximum = input_format(network), isinstance(synapses, MaxPool2d)
    requantize = RequantizeParams() if isinstance(synapses, MaxPool2d) else requantizer(network)
    window = image_window(synapses, pad_value=act.min if isinstance(synapses, MaxPool2d) else synapses.pad_value)
    arriving = input_lanes(site, act.bits)
    lanes = fewest_lanes(window, input_lanes=arriving, cycles=site.own.fold, name=stage.name)
    engine = DataflowPoolParams(
        window=replace(window, lanes=lanes),
        maximum=maximum,
        act=act,
        input_lanes=arriving,
        acc_bits=maximum_bits(act) if maximum else accumulator_bits(stage, act, requantize.fraction_bits),
        clamp=neuron.clamp if isinstance(neuron, Requantize) else None,
        shift=neuron.shift if isinstance(neuron, Requantize) else 0,
        requantize=requantize,
    )
    return Placed(engine=engine, stages=(stage,))


def maximum_bits(act: IntFormat) -> int:
    """Return the bits of a signed sum that holds a maximum."""
    return act.bits + 2


def _pack(params: DataflowPoolParams, design: Design, index: int) -> MemoryInit:
    (stage,) = design.stages_of(index)
    synapses, neuron = stage.synapses, stage.neuron
    return layout.pack(
        params,
        biases=synapses.bias.tolist() if isinstance(synapses, SumPool2d) else (),
        multipliers=neuron.multiplier.tolist() if isinstance(neuron, Requantize) else None,
    )


def _random(params: AcceleratorParams, index: int, engine: DataflowPoolParams, rng: np.random.Generator) -> list[Stage]:
    """Return a pool; sums are requantised such that results span the clamping range and somewhat more."""
    window, channels = engine.window, engine.window.shape[0]
    slides = Window(kernel=window.kernel, stride=window.stride, padding=padding_of(window))
    name = f"engine_{index}"
    if engine.maximum:
        return [Stage(name=name, synapses=MaxPool2d(shape=window.shape, window=slides), neuron=Accumulator())]
    fraction_bits = engine.requantize.fraction_bits
    neuron: Requantize | Accumulator = Accumulator(fraction_bits=fraction_bits)
    if engine.clamp is not None:
        most = engine.requantize.multiplier.max
        multiplier = rng.integers(most // 2, most, size=channels, endpoint=True)
        neuron = Requantize(multiplier=multiplier, shift=engine.shift, clamp=engine.clamp, fraction_bits=fraction_bits)
    bias = random_integers(rng, IntFormat(bits=4, signed=True), (channels,))
    pool = SumPool2d(shape=window.shape, window=slides, bias=bias, pad_value=window.pad_value)
    return [Stage(name=name, synapses=pool, neuron=neuron)]


DATAFLOW_POOL = Placer(place=_place, pack=_pack, random_stages=_random)
