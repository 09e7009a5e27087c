"""Predict the area of a chain of dataflow engines on an FPGA.

DSP blocks, block RAMs, adders and pipeline registers are counted; the remaining LUTs grow with the layers, their
products and their requantisers, by factors fitted to synthesised designs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import BLOCK_DEPTH, Memory, MemoryCells, cells_of
from tospike.gen.area.systolic import PART_BITS, Area
from tospike.hw.dataflow import layout
from tospike.hw.layout import MemoryShape
from tospike.hw.params import DataflowDenseParams, DataflowPoolParams, EngineParams, ImageWindow, ceil_div
from tospike.hw.params.banks import bank_depths
from tospike.hw.params.devices import Family


@dataclass(frozen=True, kw_only=True)
class Cells:
    """LUTs, including those that carry chains occupy, and flip-flops."""

    lut: float
    ff: float


HOST = Cells(lut=560, ff=560)
"""The host port."""
CONTROL = Cells(lut=90, ff=130)
"""The control of a layer."""
PRODUCT_BIT = Cells(lut=2.3, ff=0.35)
"""A multiplier made of LUTs, per pair of operand bits; its operands have registers, too."""
REQUANTIZER_BIT = Cells(lut=14, ff=16)
"""A requantiser, per bit of a sum; a layer that sends its sums only adds the bias."""
NARROW_REQUANTIZER_BIT = Cells(lut=4, ff=4)
"""The same for sums that a single DSP block multiplies."""
SUM_BIT = Cells(lut=2.1, ff=2.1)
"""An accumulator, per bit, with the shift register through which the sums leave."""
WINDOW = Cells(lut=60, ff=20)
"""The control of a line buffer, beyond that of a layer."""
POOL_BIT = Cells(lut=2.2, ff=1)
"""A sum or maximum of a pool, per bit."""
CHOSEN_BIT = 1.1
"""LUTs of a multiplexer, per bit and input."""
LUT_INPUTS = 4
"""Inputs of a LUT."""
REGISTERS = {True: 1, False: layout.OPERAND_LATENCY}
"""Registers of a word that is read, by whether it comes from block RAM, which contains the others."""


def predict(layers: Sequence[EngineParams], family: Family) -> Area:
    """Return the area of an accelerator with these engines, host port included."""
    parts = [AREAS[type(params)](params, family) for params in layers]
    return Area(
        lut4=round(HOST.lut) + sum(part.lut4 for part in parts),
        ff=round(HOST.ff) + sum(part.ff for part in parts),
        bram=sum(part.bram for part in parts),
        dsp=sum(part.dsp for part in parts),
    )


def _layer(params: DataflowDenseParams, family: Family) -> Area:
    costs, acc, lanes = AREA_COSTS[family.name], params.acc_bits, params.output_lanes
    operand_bits = params.act.bits + params.weight_bits
    memories = _cells(_memories(params), family)
    window = _window(params.window, params.act.bits)
    in_luts = params.products - params.dsps if operand_bits >= costs.least_product else params.products
    sums = params.pe * acc * (params.words > 1)
    scaled = _requantizers(params)
    products = _tables(params) if params.has_tables else _products(params, in_luts)
    lut = CONTROL.lut + window.lut + products.lut + SUM_BIT.lut * sums + scaled.lut
    lut += params.pe * sum(adders * bits for adders, _, bits in _tree(params)) + lanes * acc
    lut += costs_of(memories, family)
    ff = CONTROL.ff + window.ff + products.ff + SUM_BIT.ff * sums + scaled.ff
    ff += lanes * acc + memories.ff + _operand_registers(params)
    ff += params.pe * sum(registers * bits for _, registers, bits in _tree(params))
    dsps = params.products - in_luts + requantizer_dsps(params)
    return Area(lut4=round(lut), ff=round(ff), bram=memories.bram, dsp=dsps)


def _pool(params: DataflowPoolParams, family: Family) -> Area:
    layer, window = params.layer, params.window
    act, acc, lanes = params.act.bits, layer.acc_bits, window.lanes
    memories = _cells([*_lines(window, act), *_results(layer, channels=not params.maximum)], family)
    scaled = _requantizers(layer)
    sums = lanes * (act if params.maximum else acc) * (layer.words > 1)
    control = _window(window, act)
    lut = CONTROL.lut + control.lut + POOL_BIT.lut * sums + scaled.lut + lanes * acc
    lut += costs_of(memories, family)
    ff = CONTROL.ff + control.ff + POOL_BIT.ff * sums + scaled.ff + lanes * acc + memories.ff
    ff += _resized(window.lanes * act, params.input_lanes * act)
    return Area(lut4=round(lut), ff=round(ff), bram=memories.bram, dsp=requantizer_dsps(layer))


AREAS: Mapping[type[EngineParams], Callable[[Any, Family], Area]] = {
    DataflowDenseParams: _layer,
    DataflowPoolParams: _pool,
}
"""By the class of an engine's parameters."""


def _cells(memories: Iterable[Memory], family: Family) -> MemoryCells:
    return sum((cells_of(memory, family) for memory in memories), MemoryCells())


def costs_of(memories: MemoryCells, family: Family) -> int:
    """Return the LUTs of memories."""
    return AREA_COSTS[family.name].lutram_places * memories.lutram + memories.rom


def _window(window: ImageWindow | None, act_bits: int) -> Cells:
    """Return the cells of a line buffer beside its memories: control, the way from ring to kernel rows, registers."""
    if window is None:
        return Cells(lut=0, ff=0)
    word = window.width * act_bits
    inputs = window.banks if window.banks > 1 else 0
    memory_registers = window.banks * window.lanes * act_bits * REGISTERS[_is_block(window.depth)]
    return Cells(lut=WINDOW.lut + word * (CHOSEN_BIT * inputs + window.pads), ff=WINDOW.ff + word + memory_registers)


def _tables(params: DataflowDenseParams) -> Cells:
    """Return the cells of products that are tables: for each bit 1 LUT, or 3 for 5 operand bits, and a register."""
    bits = params.act.bits + params.weight_bits
    return Cells(lut=params.products * bits * (1 if bits <= LUT_INPUTS else 3), ff=params.products * bits)


def _products(params: DataflowDenseParams, in_luts: int) -> Cells:
    """Return the cells of multipliers, of which ``in_luts`` are made of LUTs; their operands have registers."""
    pairs = params.act.bits * params.weight_bits * in_luts
    operands = (params.act.bits + params.weight_bits) * (params.products + in_luts)
    return Cells(lut=PRODUCT_BIT.lut * pairs, ff=PRODUCT_BIT.ff * pairs + operands)


def _operand_registers(params: DataflowDenseParams) -> int:
    """Return the registers between link, memories and multipliers."""
    word = params.simd * params.act.bits
    taken = params.simd if params.window is None else params.window.lanes
    registers = _resized(taken * params.act.bits, params.input_lanes * params.act.bits)
    if params.fold > 1:
        stored = params.groups > 1 and _is_block(_frames_depth(params))
        registers += word * REGISTERS[stored] if params.window is None else 0
        registers += params.products * params.weight_bits * REGISTERS[_is_block(params.fold)]
    return registers


def _resized(word: int, beat: int) -> int:
    """Return the registers between beats and words of so many bits."""
    return 0 if word == beat else max(word, beat)


def _is_block(depth: int) -> bool:
    """Return whether so many words are in block RAM."""
    return sum(bank_depths(depth)) >= BLOCK_DEPTH


def _requantizers(params: DataflowDenseParams) -> Cells:
    """Return the cells of the requantisers."""
    if params.clamp is None:
        return Cells(lut=0, ff=0)
    bit = REQUANTIZER_BIT if params.acc_bits > PART_BITS else NARROW_REQUANTIZER_BIT
    bits = params.output_lanes * params.acc_bits
    return Cells(lut=bit.lut * bits, ff=bit.ff * bits)


def requantizer_dsps(params: DataflowDenseParams) -> int:
    """Return the DSP blocks of the requantisers: one for each part of a sum."""
    return 0 if params.clamp is None else params.output_lanes * ceil_div(params.acc_bits, PART_BITS)


def _tree(params: DataflowDenseParams) -> Iterator[tuple[int, int, int]]:
    """Yield, for each level of a neuron's adder tree, its adders, its registered sums and their bits."""
    terms, bits = params.simd, params.act.bits + params.weight_bits
    while terms > 1:
        sums = ceil_div(terms, layout.FAN_IN)
        bits = min(bits + 2, params.acc_bits)
        yield terms - sums, sums, bits
        terms = sums


def _frames_depth(params: DataflowDenseParams) -> int:
    """Return the words of the memory that holds two frames."""
    return 2 << (params.words - 1).bit_length()


def _memories(params: DataflowDenseParams) -> Iterator[Memory]:
    for shape in layout.memories(params):
        if shape.name == "weights" and shape.depth > 1:
            yield _rom(shape)
    if params.window is not None:
        yield from _lines(params.window, params.act.bits)
    elif params.groups > 1:
        yield Memory(width=params.simd * params.act.bits, depth=_frames_depth(params), is_initialized=True)
    yield from _results(params)


def _rom(shape: MemoryShape) -> Memory:
    """Return a memory with contents, whose depth is that of its banks."""
    return Memory(width=shape.width, depth=sum(bank_depths(shape.depth)), is_initialized=True, is_rom=True)


def _lines(window: ImageWindow, act_bits: int) -> Iterator[Memory]:
    """Yield the memories of a line buffer."""
    depth = sum(bank_depths(window.depth))
    yield Memory(width=window.lanes * act_bits, depth=depth, copies=window.banks, is_initialized=True)


def _results(params: DataflowDenseParams, *, channels: bool = True) -> Iterator[Memory]:
    """Yield the memories behind the sums of a layer."""
    for shape in layout.memories(params):
        if channels and shape.name == "channels" and shape.depth > 1:
            yield _rom(shape)
    depth = max(2, layout.credits(params) * params.group_beats)
    yield Memory(width=params.output_lanes * params.output.payload.bits + 1, depth=depth)
