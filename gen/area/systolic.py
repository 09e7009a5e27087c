"""Area of a systolic accelerator on an FPGA, before anything is built.

Multipliers, block RAMs and the registers that skew operands are counted; what is left of the LUTs and flip-flops
grows with the array's columns and elements by factors that were fitted to 14 synthesised designs, with 1 to 8 rows, 1
to 32 columns and operands of 4 to 8 bits. For those, LUTs and flip-flops are off by 11 % at most, block RAMs by 11 %.
"""

from dataclasses import dataclass

from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.memories import memory_cells
from tospike.hw.params import ArrayParams, SystolicParams, ceil_div
from tospike.hw.params.devices import Family

PART_BITS = 16
"""The requantiser has a multiplier for so many bits of a sum: `tospike.hw.requantize`."""
LUTS_PER_PRODUCT_BIT = 3
"""Of a multiplier without a DSP block, for each pair of bits."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """Cells of an FPGA. Carries, on ECP5, and LUT RAMs are counted as the LUTs whose places they take."""

    lut4: int
    ff: int
    bram: int
    dsp: int


def predict(params: SystolicParams, family: Family) -> Area:
    """Area of an accelerator with this engine alone, host port included."""
    array, costs = params.array, AREA_COSTS[family.name]
    memories = memory_cells(params, family)
    operands = array.act.bits + array.weight.bits
    narrow = array.multipliers if operands < costs.least_product else 0
    luts = costs.lut(array, array.acc_bits) + costs.lutram_places * memories.lutram + memories.rom
    luts += narrow * LUTS_PER_PRODUCT_BIT * array.act.bits * array.weight.bits
    if array.weight_bits == 1:
        luts += array.rows * array.cols * array.act.bits  # to negate an activation
    registers = costs.ff(array, array.acc_bits + 2 * operands) + _skew_bits(array) + memories.ff
    return Area(
        lut4=round(luts),
        ff=round(registers),
        bram=memories.bram,
        dsp=array.multipliers - narrow + ceil_div(array.acc_bits, PART_BITS),
    )


def _skew_bits(array: ArrayParams) -> int:
    """Of the registers by which operands come later to later rows and columns; an activation has two flags."""
    cols = sum(col // array.products_per_multiplier for col in range(array.cols))
    rows = sum(range(array.rows))
    return cols * array.weight.bits + rows * (array.act.bits + 2)
