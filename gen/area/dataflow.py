"""Predict the area of a chain of dataflow engines on an FPGA.

DSP blocks, block RAMs, adders and pipeline registers are counted; the remaining LUTs grow with the layers, their
products and their requantisers, by factors fitted to synthesised designs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import BLOCK_DEPTH, Memory, MemoryCells, cells_of
from tospike.gen.area.systolic import PART_BITS, Area
from tospike.hw.dataflow import layout
from tospike.hw.params import DataflowDenseParams, ceil_div
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
SUM_BIT = Cells(lut=2.1, ff=2.1)
"""An accumulator, per bit, with the shift register through which the sums leave."""
LUT_INPUTS = 4
"""Inputs of a LUT."""
REGISTERS = {True: 1, False: layout.OPERAND_LATENCY}
"""Registers of a word that is read, by whether it comes from block RAM, which contains the others."""


def predict(layers: Sequence[DataflowDenseParams], family: Family) -> Area:
    """Return the area of an accelerator with these engines, host port included."""
    parts = [_layer(params, family) for params in layers]
    return Area(
        lut4=round(HOST.lut) + sum(part.lut4 for part in parts),
        ff=round(HOST.ff) + sum(part.ff for part in parts),
        bram=sum(part.bram for part in parts),
        dsp=sum(part.dsp for part in parts),
    )


def _layer(params: DataflowDenseParams, family: Family) -> Area:
    costs, acc, lanes = AREA_COSTS[family.name], params.acc_bits, params.output_lanes
    operand_bits = params.act.bits + params.weight_bits
    memories = sum((cells_of(memory, family) for memory in _memories(params)), MemoryCells())
    in_luts = params.products - params.dsps if operand_bits >= costs.least_product else params.products
    sums = params.pe * acc * (params.words > 1)
    scaled = 0 if params.clamp is None else lanes * acc
    products = _tables(params) if params.has_tables else _products(params, in_luts)
    lut = CONTROL.lut + products.lut + SUM_BIT.lut * sums + REQUANTIZER_BIT.lut * scaled
    lut += params.pe * sum(adders * bits for adders, _, bits in _tree(params)) + lanes * acc
    lut += costs.lutram_places * memories.lutram + memories.rom
    ff = CONTROL.ff + products.ff + SUM_BIT.ff * sums + REQUANTIZER_BIT.ff * scaled
    ff += lanes * acc + memories.ff + _operand_registers(params)
    ff += params.pe * sum(registers * bits for _, registers, bits in _tree(params))
    dsps = params.products - in_luts + requantizer_dsps(params)
    return Area(lut4=round(lut), ff=round(ff), bram=memories.bram, dsp=dsps)


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
    registers = 0 if params.input_lanes == params.simd else max(word, params.input_lanes * params.act.bits)
    if params.fold > 1:
        registers += word * REGISTERS[params.groups > 1 and _frames_depth(params) >= BLOCK_DEPTH]
        registers += params.products * params.weight_bits * REGISTERS[params.fold >= BLOCK_DEPTH]
    return registers


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
        if shape.depth > 1:
            yield Memory(width=shape.width, depth=shape.depth, is_initialized=True, is_rom=True)
    if params.groups > 1:
        yield Memory(width=params.simd * params.act.bits, depth=_frames_depth(params), is_initialized=True)
    depth = max(2, layout.credits(params) * params.group_beats)
    yield Memory(width=params.output_lanes * params.output.payload.bits + 1, depth=depth)
