"""Place dense layers of an ANN on an unrolled engine: consecutive ones share it."""

from itertools import takewhile

import numpy as np

from tospike.gen.place.array import needs_images, requantizer, require_no_table
from tospike.gen.place.dataflow import input_lanes
from tospike.gen.place.options import Engine, Products
from tospike.gen.place.placer import (
    MemoryInit,
    Placed,
    Placer,
    Site,
    input_format,
    random_integers,
    require_weights_on_chip,
)
from tospike.gen.place.widths import accumulator_bits, weight_bits
from tospike.hw.params import (
    AcceleratorParams,
    IntFormat,
    RequantizeParams,
    UnrolledLayer,
    UnrolledParams,
    require,
)
from tospike.hw.unrolled import layout
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Array, Dense, Requantize, Stage


def _place(site: Site) -> Placed | None:
    network = site.network
    if site.stage.is_spiking or site.engine is not Engine.DATAFLOW or site.own.products is not Products.CONSTANTS:
        return None
    require(
        not needs_images(network),
        f"constant weights are for chains of dense layers, which {network.name!r} is not: leave --products out",
    )
    require_weights_on_chip(site, "dataflow")
    unrolled = tuple(takewhile(lambda each: each.own.products is Products.CONSTANTS, site.each[site.index :]))
    for each in unrolled:
        require_no_table(each.stage, "dataflow")
    act, requantize = input_format(network), requantizer(network)
    engine = UnrolledParams(
        layers=tuple(_layer(each, act, requantize) for each in unrolled),
        act=act,
        input_lanes=input_lanes(site, act.bits),
        adder_levels=site.options.adder_levels,
        requantize=requantize,
    )
    return Placed(engine=engine, stages=tuple(each.stage for each in unrolled))


def _layer(site: Site, act: IntFormat, requantize: RequantizeParams) -> UnrolledLayer:
    stage = site.stage
    synapses, neuron = stage.dense, stage.neuron
    multipliers = _multipliers(stage)
    bits = max(2, weight_bits(stage))
    shape = layout.shape_of_sums(synapses.weight.tolist(), synapses.bias.tolist(), act, requantize, weight_bits=bits)
    scaled = multipliers is not None and not all(map(layout.is_power_of_two, multipliers))
    most = site.own.dsp_products
    return UnrolledLayer(
        inputs=synapses.inputs,
        outputs=synapses.outputs,
        weight_bits=bits,
        acc_bits=accumulator_bits(stage, act, requantize.fraction_bits),
        terms=shape.terms,
        adders=shape.adders,
        clamp=neuron.clamp if isinstance(neuron, Requantize) else None,
        shift=neuron.shift if isinstance(neuron, Requantize) else 0,
        scaled=scaled,
        dsps=0 if not scaled else synapses.outputs if most is None else min(most, synapses.outputs),
    )


def _multipliers(stage: Stage) -> list[int] | None:
    return stage.neuron.multiplier.tolist() if isinstance(stage.neuron, Requantize) else None


def _pack(params: UnrolledParams, design: Design, index: int) -> MemoryInit:
    stages = design.stages_of(index)
    return layout.pack(
        params,
        weights=[stage.dense.weight.tolist() for stage in stages],
        biases=[stage.dense.bias.tolist() for stage in stages],
        multipliers=[_multipliers(stage) for stage in stages],
    )


def _random(params: AcceleratorParams, index: int, engine: UnrolledParams, rng: np.random.Generator) -> list[Stage]:
    """Return random layers with no longer sums than the engine has adders for, requantised over the clamping range."""
    return [_random_stage(engine, layer, f"engine_{index}_{n}", rng) for n, layer in enumerate(engine.layers)]


def _random_stage(engine: UnrolledParams, layer: UnrolledLayer, name: str, rng: np.random.Generator) -> Stage:
    weight = random_integers(rng, layer.weight, (layer.outputs, layer.inputs))
    bias = random_integers(rng, layer.weight, (layer.outputs,))
    while not _suits(engine, layer, weight, bias):
        weight[rng.random(weight.shape) < 0.25] = 0
        bias[rng.random(bias.shape) < 0.25] = 0
    requantize = engine.requantize
    neuron: Requantize | Accumulator = Accumulator(fraction_bits=requantize.fraction_bits)
    if layer.clamp is not None:
        most = requantize.multiplier.max
        multiplier = rng.integers(most // 2, most, size=layer.outputs, endpoint=True)
        if not layer.scaled:
            multiplier = 1 << rng.integers(
                max(0, requantize.multiplier_bits - 4), requantize.multiplier_bits, layer.outputs
            )
        neuron = Requantize(
            multiplier=multiplier, shift=layer.shift, clamp=layer.clamp, fraction_bits=requantize.fraction_bits
        )
    return Stage(name=name, synapses=Dense(weight=weight, bias=bias), neuron=neuron)


def _suits(engine: UnrolledParams, layer: UnrolledLayer, weight: Array, bias: Array) -> bool:
    """Return whether the engine has the adders for these sums."""
    shape = layout.shape_of_sums(
        weight.tolist(), bias.tolist(), engine.act, engine.requantize, weight_bits=layer.weight_bits
    )
    return shape.terms <= layer.terms and shape.adders <= layer.adders


UNROLLED = Placer(place=_place, pack=_pack, random_stages=_random)
"""Make logic of layers."""
