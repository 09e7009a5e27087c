"""Place an ANN that is a chain of dense layers on a systolic engine, which runs all of them."""

import numpy as np

from tospike.gen.place.array import (
    MOST_COLUMNS,
    array,
    has_table,
    needs_images,
    random_table,
    requantizer,
    shares_array,
    shifts,
    tables,
)
from tospike.gen.place.placer import MemoryInit, Placed, Placer, Site, random_integers
from tospike.hw.params import AcceleratorParams, DenseLayer, SystolicParams
from tospike.hw.systolic import layout
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Dense, Requantize, Stage


def _place(site: Site) -> Placed | None:
    if not shares_array(site):
        return None
    network, options = site.shared, site.options
    if needs_images(network):
        return None
    engine = SystolicParams(
        array=array(network, site, options.cols or MOST_COLUMNS),
        layers=tuple(_layer(stage) for stage in network.stages),
        requantize=requantizer(network),
        **options.weight_source,
        weight_banks=not options.unbanked,
    )
    return Placed(engine=engine, stages=network.stages)


def _pack(params: SystolicParams, design: Design, index: int) -> MemoryInit:
    stages = design.stages_of(index)
    return layout.pack(
        params,
        weights=[stage.dense.weight.tolist() for stage in stages],
        biases=[stage.dense.bias.tolist() for stage in stages],
        multipliers=[
            stage.neuron.multiplier.tolist() if isinstance(stage.neuron, Requantize) else None for stage in stages
        ],
        shifts=shifts(stages, params.requantize),
        tables=tables(stages),
    )


def _random(params: AcceleratorParams, index: int, engine: SystolicParams, rng: np.random.Generator) -> list[Stage]:
    """Return random layers, requantised such that results span the clamping range and somewhat more."""
    stages = []
    for number, layer in enumerate(engine.layers):
        weight = rng.choice(engine.array.weight_values, (layer.outputs, layer.inputs))
        bias = random_integers(rng, engine.array.weight, (layer.outputs,))
        fraction_bits = engine.requantize.fraction_bits
        neuron: Requantize | Accumulator = Accumulator(fraction_bits=fraction_bits)
        if layer.clamp is not None:
            typical = engine.array.act.max * engine.array.weight.max * layer.inputs**0.5
            shift = max(1, round(np.log2(typical / layer.clamp[1] * (1 << 14)))) + fraction_bits
            shift = min(engine.requantize.max_shift, shift)
            half = engine.requantize.multiplier.max // 2
            multiplier = rng.integers(max(1, half // 2), half, size=layer.outputs, endpoint=True)
            table = random_table(rng, engine.array.act, layer.clamp) if layer.tabled else None
            neuron = Requantize(
                multiplier=multiplier, shift=shift, clamp=layer.clamp, fraction_bits=fraction_bits, table=table
            )
        stages.append(Stage(name=f"engine_{index}_{number}", synapses=Dense(weight=weight, bias=bias), neuron=neuron))
    return stages


SYSTOLIC = Placer(
    place=_place,
    pack=_pack,
    random_stages=_random,
    stream_order=(
        "layer by layer, as many outputs at a time as the array has columns. An output-stationary array takes a word "
        "for each input, and the layer again for the next rows of the matrix; a weight-stationary one takes, for as "
        "many inputs at a time as it has rows, a word for each, the last one first"
    ),
)


def _layer(stage: Stage) -> DenseLayer:
    clamp = stage.neuron.clamp if isinstance(stage.neuron, Requantize) else None
    tabled = has_table(stage)
    return DenseLayer(rows=1, inputs=stage.dense.inputs, outputs=stage.dense.outputs, clamp=clamp, tabled=tabled)
