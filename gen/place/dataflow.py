"""Place the dense layers of an ANN on dataflow engines: one engine per layer, each with its own folding."""

import numpy as np

from tospike.gen.fold.folding import Fold, cheapest_fold
from tospike.gen.place.array import needs_images, requantizer
from tospike.gen.place.options import Engine
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
from tospike.hw.dataflow import layout
from tospike.hw.params import (
    BYTES_PER_BEAT,
    AcceleratorParams,
    BeatFormat,
    DataflowDenseParams,
    ceil_div,
    require,
)
from tospike.sim.design import Design
from tospike.sim.network import Accumulator, Dense, Requantize, Stage


def _place(site: Site) -> Placed | None:
    network, stage = site.network, site.stage
    if stage.is_spiking or site.engine is not Engine.DATAFLOW:
        return None
    require_dense_chain(site)
    act, requantize = input_format(network), requantizer(network)
    synapses = stage.dense
    lanes = input_lanes(site, act.bits)
    fold = cheapest_fold(synapses.inputs, synapses.outputs, input_lanes=lanes, cycles=site.own.fold, name=stage.name)
    neuron = stage.neuron
    bits = max(2, weight_bits(stage))
    engine = DataflowDenseParams(
        inputs=synapses.inputs,
        outputs=synapses.outputs,
        simd=fold.simd,
        pe=fold.pe,
        act=act,
        input_lanes=lanes,
        output_lanes=fold.output_lanes,
        weight_bits=bits,
        acc_bits=accumulator_bits(stage, act, requantize.fraction_bits),
        dsp_products=_dsps(site, fold),
        clamp=neuron.clamp if isinstance(neuron, Requantize) else None,
        shift=neuron.shift if isinstance(neuron, Requantize) else 0,
        requantize=requantize,
    )
    return Placed(engine=engine, stages=(stage,))


def require_dense_chain(site: Site) -> None:
    """Refuse what no dataflow engine runs.

    Raises
    ------
    InputError
        The network has images, or its weights are to be streamed in.
    """
    require(
        not needs_images(site.network),
        f"dataflow engines run chains of dense layers only, which {site.network.name!r} is not: give --engine systolic",
    )
    require_weights_on_chip(site, "dataflow")


def input_lanes(site: Site, bits: int) -> int:
    """Return the values in a beat of what arrives: of a packed one of the host's, the fewest with which no frame takes
    more beats."""
    upstream = site.engines[-1].output if site.engines else None
    if isinstance(upstream, BeatFormat):
        return upstream.lanes
    if site.options.host_bits is None:
        return BYTES_PER_BEAT
    inputs = site.stage.dense.inputs
    return ceil_div(inputs, ceil_div(inputs, site.options.host_bits // bits))


def _dsps(site: Site, fold: Fold) -> int | None:
    """Return how many products DSP blocks compute; ``None`` for all of them."""
    most = site.own.dsp_products
    return None if most is None else min(most, fold.simd * fold.pe)


def _pack(params: DataflowDenseParams, design: Design, index: int) -> MemoryInit:
    (stage,) = design.stages_of(index)
    neuron = stage.neuron
    return layout.pack(
        params,
        weights=stage.dense.weight.tolist(),
        biases=stage.dense.bias.tolist(),
        multipliers=neuron.multiplier.tolist() if isinstance(neuron, Requantize) else None,
    )


def _random(
    params: AcceleratorParams, index: int, engine: DataflowDenseParams, rng: np.random.Generator
) -> list[Stage]:
    """Return a random layer, requantised such that results span the clamping range and somewhat more."""
    weight = random_integers(rng, engine.weight, (engine.outputs, engine.inputs))
    bias = random_integers(rng, engine.weight, (engine.outputs,))
    fraction_bits = engine.requantize.fraction_bits
    neuron: Requantize | Accumulator = Accumulator(fraction_bits=fraction_bits)
    if engine.clamp is not None:
        most = engine.requantize.multiplier.max
        multiplier = rng.integers(most // 2, most, size=engine.outputs, endpoint=True)
        neuron = Requantize(multiplier=multiplier, shift=engine.shift, clamp=engine.clamp, fraction_bits=fraction_bits)
    return [Stage(name=f"engine_{index}", synapses=Dense(weight=weight, bias=bias), neuron=neuron)]


DATAFLOW_DENSE = Placer(place=_place, pack=_pack, random_stages=_random)
