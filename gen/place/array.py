"""The array that all layers of an ANN share, and which of the two engines around it runs them."""

from collections.abc import Sequence

import numpy as np

from tospike.gen.place.options import Engine
from tospike.gen.place.placer import Site, input_format
from tospike.gen.place.widths import accumulator_bits, weight_bits
from tospike.hw.params import ArrayParams, Dataflow, InputError, IntFormat, RequantizeParams, require
from tospike.sim.network import Array, Dense, MaxPool2d, Network, Requantize, Stage

MOST_COLUMNS = 8
"""Columns of an array if the user gave no number."""


def needs_images(network: Network) -> bool:
    """Return whether an ANN is more than a chain of dense layers."""
    return any(stage.sources or not isinstance(stage.synapses, Dense) for stage in network.stages)


def shares_array(site: Site) -> bool:
    """Return whether the layers of this ANN share one array.

    Raises
    ------
    InputError
        They do, but a layer has options of its own.
    """
    if site.stage.is_spiking or site.engine is not Engine.SYSTOLIC:
        return False
    for layer in (stage.name for stage in site.shared.stages):
        if names := [name for name in site.options.layers.get(layer, {}) if name not in ("engine", "place")]:
            kind = Engine.DATAFLOW if names[0] in ("fold", "dsp_products", "products") else Engine.EVENT
            shared = (
                f"{layer}.{names[0]} is for {kind} engines, but all layers of {site.network.name!r} share one array"
            )
            raise InputError(f"{shared}: leave it out, or give --engine {kind}")
    return True


def requantizer(network: Network) -> RequantizeParams:
    """Return the requantiser, which turns sums into activations: as wide as its multipliers and shifts need."""
    usual, neurons = RequantizeParams(), [stage.neuron for stage in network.stages]
    scaled = [neuron for neuron in neurons if isinstance(neuron, Requantize)]
    return RequantizeParams(
        multiplier_bits=max(usual.multiplier_bits, *(int(n.multiplier.max()).bit_length() for n in scaled), 0),
        max_shift=max(usual.max_shift, *(neuron.shift for neuron in scaled), 0),
        fraction_bits=max(stage.fraction_bits for stage in network.stages),
        rounding=network.rounding,
    )


def array(network: Network, site: Site, cols: int) -> ArrayParams:
    """Return an array with the operand and accumulator widths that the layers of ``network`` need."""
    act, options = input_format(network), site.options
    fraction_bits = requantizer(network).fraction_bits
    return ArrayParams(
        rows=options.rows,
        cols=cols,
        dataflow=options.dataflow,
        act=act,
        weight_bits=_weight_bits(network, options.dataflow),
        acc_bits=max(accumulator_bits(stage, act, fraction_bits) for stage in network.stages),
        products_per_multiplier=options.products_per_multiplier,
    )


def _weight_bits(network: Network, dataflow: Dataflow) -> int:
    """Return 1 if every weight of the network is +1 or -1; but a weight-stationary array also needs weights of 0."""
    bits = max(weight_bits(stage) for stage in network.stages)
    return bits if dataflow is Dataflow.OS else max(2, bits)


def shifts(stages: Sequence[Stage], requantize: RequantizeParams) -> list[int]:
    """Return the shifts of stages. The engine adds its fraction bits to every sum; a maximum has none, so they are
    shifted out again."""
    unscaled = [requantize.fraction_bits if isinstance(stage.synapses, MaxPool2d) else 0 for stage in stages]
    return [
        stage.neuron.shift if isinstance(stage.neuron, Requantize) else other
        for stage, other in zip(stages, unscaled, strict=True)
    ]


def has_table(stage: Stage) -> bool:
    """Return whether the results of a stage index a table: whether it has a function."""
    return isinstance(stage.neuron, Requantize) and stage.neuron.table is not None


def tables(stages: Sequence[Stage]) -> list[list[int] | None]:
    """Return the tables of stages, as the engines around an array store them; ``None`` for those without a function."""
    neurons = [stage.neuron for stage in stages]
    return [
        neuron.table.tolist() if isinstance(neuron, Requantize) and neuron.table is not None else None
        for neuron in neurons
    ]


def random_table(rng: np.random.Generator, act: IntFormat, clamp: tuple[int, int]) -> Array:
    """Return random activations for each result from one end of a clamp to the other."""
    return rng.integers(act.min, act.max, size=clamp[1] - clamp[0] + 1, endpoint=True)


def require_no_table(stage: Stage, engine: str) -> None:
    """Refuse a stage with a function for an engine that has no tables.

    Raises
    ------
    InputError
        It has one.
    """
    message = f"layer {stage.name!r} has a function, which a table computes, and {engine} engines have none"
    require(not has_table(stage), f"{message}: leave --engine out, or give --engine {Engine.SYSTOLIC}")
