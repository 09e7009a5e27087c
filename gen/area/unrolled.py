"""Predict the area of an unrolled engine on an FPGA: its adders and registers are counted, one by one.

Fitted to the synthesised network of `tospike.examples.make_jets`: a few LUTs for each result, and the part of the
registers that synthesis finds to be equal to others.
"""

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.dataflow import HOST, Cells
from tospike.gen.area.memories import Memory, cells_of
from tospike.gen.area.systolic import Area
from tospike.gen.place.placer import MemoryInit
from tospike.hw.params import UnrolledLayer, UnrolledParams
from tospike.hw.params.devices import Family
from tospike.hw.unrolled import layout
from tospike.hw.unrolled.digits import signed_digits

CONTROL = Cells(lut=60, ff=100)
RESULT_BIT = Cells(lut=1.0, ff=1.0)
"""A result that is shifted, rounded and clamped, per bit of an activation."""
DISTINCT = 0.9
"""Of all registers, those that are not equal to another one, or constant."""


def predict(params: UnrolledParams, contents: MemoryInit, family: Family) -> Area:
    """Return the area of an accelerator with this engine alone, host port included."""
    lut, ff, dsp = HOST.lut + CONTROL.lut, HOST.ff + CONTROL.ff, 0
    for index, (layer, (graph, _)) in enumerate(zip(params.layers, layout.graphs(params, contents), strict=True)):
        lut += sum(node.adder_bits + node.adder_bits % 2 for node in graph.nodes)  # a carry cell has two bits
        ff += DISTINCT * sum(node.format.bits for node in graph.nodes if node.registered)
        if layer.clamp is not None:
            lut += RESULT_BIT.lut * layer.outputs * params.act.bits
            ff += RESULT_BIT.ff * layer.outputs * params.act.bits
        if layer.scaled:
            for number, factor in enumerate(layout.factors(params, contents, index)):
                in_dsp = layout.uses_dsp(layer, number, factor)
                dsp += in_dsp
                lut += 0 if in_dsp else _product_luts(layer, factor)
            ff += layout.SCALE_LATENCY * layer.outputs * layer.acc_bits
    queue = Memory(width=params.output.lanes * params.output.payload.bits, depth=layout.credits(params))
    cells = cells_of(queue, family)
    lut += AREA_COSTS[family.name].lutram_places * cells.lutram
    word = params.frame_lanes * params.act.bits
    ff += cells.ff + word * (params.input.beats > 1) + params.output.lanes * params.output.payload.bits
    return Area(lut4=round(lut), ff=round(ff), bram=cells.bram, dsp=dsp)


def _product_luts(layer: UnrolledLayer, factor: int) -> int:
    """Return the LUTs of a multiplier made of adders; the average one adds to half the bits of the factor."""
    return max(0, len(signed_digits(factor)) - 1) * (layer.acc_bits + factor.bit_length() // 2)
