"""Lower bounds of a design's flip-flops, and so of its energy and area, without building it.

Counting the flip-flops of a design builds its hardware, which takes longer than its golden model. Energy and area by
counters grow with them, so that with fewer flip-flops than there are, both are bounds.

Counted are registers that every design has: an event engine carries the states of its lanes through its pipeline, an
array operands and a sum in each element and a sum in each column; the rest, of sequencers and address counters, is less
than any engine has. Performance counters are not charged. Cells of a device hold registers of their own, which
`register_bits` does not count: an engine that is built from them has a bound of 0.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tospike.compare.energy.counters.registers import HOST, array_of
from tospike.hw.params import (
    ARRAY,
    AcceleratorParams,
    ArrayParams,
    ConvParams,
    DataflowDenseParams,
    DeltaAnnParams,
    EngineParams,
    EventAnnParams,
    PrimitiveSet,
    RegisterParams,
    SpikingParams,
    SystolicParams,
)

HOST_BITS = 210
"""Of the host port's registers and its two streams."""


def least_registers(params: AcceleratorParams) -> dict[str, int]:
    """Return flip-flops that the host port and each engine have at least, by the names of `register_bits`."""
    engines = {f"engine_{index}": _least(engine) for index, engine in enumerate(params.engines)}
    arrays = {
        array_of(f"engine_{index}"): _array(engine.arrays[0]) if _is_generic(engine) else 0
        for index, engine in enumerate(params.engines)
        if engine.sleeping_parts == ARRAY
    }
    return {HOST: HOST_BITS, **engines, **arrays}


def _least(engine: EngineParams) -> int:
    own = _LEAST.get(type(engine)) if _is_generic(engine) else None
    return own(engine) if own else 0


def _is_generic(engine: EngineParams) -> bool:
    return all(each is PrimitiveSet.GENERIC for each in engine.primitive_sets)


def _array(array: ArrayParams) -> int:
    # forwarded, at the multiplier, and a product, as wide as both operands, in each of its registers
    operands = 2 + array.product_registers if array.products_per_multiplier == 1 else 1
    operands *= array.act.bits + array.weight_bits
    return array.rows * array.cols * (array.acc_bits + operands)


def _beside_array(engine: SystolicParams | ConvParams) -> int:
    return 350 + 25 * engine.array.acc_bits


def _event_ann(engine: EventAnnParams | DeltaAnnParams) -> int:
    return 150 + 200 * (engine.activation is not None) + 9 * engine.lanes * engine.state_bits


def _spiking(engine: SpikingParams) -> int:
    return 200 + 7 * engine.lanes * engine.neuron.accumulated.bits


def _register(engine: RegisterParams) -> int:
    return 100 + engine.lanes * engine.neuron.accumulated.bits


def _dataflow(engine: DataflowDenseParams) -> int:
    registers = 1 if engine.has_tables else 3  # of a product's width: a table has no registers for its operands
    products = registers * engine.products * (engine.act.bits + engine.weight_bits)
    return 60 + 100 * (engine.clamp is not None) + products


_LEAST: Mapping[type[EngineParams], Callable[[Any], int]] = {
    SystolicParams: _beside_array,
    ConvParams: _beside_array,
    EventAnnParams: _event_ann,
    DeltaAnnParams: _event_ann,
    SpikingParams: _spiking,
    RegisterParams: _register,
    DataflowDenseParams: _dataflow,
}
"""Engines that are not listed have few."""
