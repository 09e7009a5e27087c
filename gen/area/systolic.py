"""Predict the area of a systolic accelerator on an FPGA.

Multipliers, block RAMs and the registers that skew operands are counted; the remaining LUTs and flip-flops grow with
the array's columns and elements, by factors fitted to 14 synthesised designs with 1 to 8 rows, 1 to 32 columns and
operands of 4 to 8 bits. For these designs, LUTs, flip-flops and block RAMs are off by at most 11 %.
"""

from dataclasses import dataclass

from tospike.gen.area.costs import AREA_COSTS, EngineCosts
from tospike.gen.area.memories import MemoryCells, memory_cells
from tospike.hw.params import ArrayParams, SystolicParams, ceil_div
from tospike.hw.params.devices import Family

PART_BITS = 16
"""Bits of a sum per multiplier of the requantiser: `tospike.hw.requantize`."""
LUTS_PER_PRODUCT_BIT = 3
"""LUTs of a multiplier without a DSP block, per pair of bits."""
TABLE_FLAGS = 14
"""Flip-flops of what accompanies a result through a table: its own two registers have the bits of a sum."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """Cells of an FPGA. Carry cells (ECP5) and LUT RAMs are counted as the LUTs that they occupy."""

    lut4: int
    ff: int
    bram: int
    dsp: int


def predict(params: SystolicParams, family: Family) -> Area:
    """Return the area of an accelerator with this engine alone, including the host port."""
    engine = AREA_COSTS[family.name].systolic
    return area_around(params.array, memory_cells(params, family), engine, family, has_tables=params.tables > 0)


def area_around(
    array: ArrayParams,
    memories: MemoryCells,
    engine: EngineCosts,
    family: Family,
    *,
    has_tables: bool,
    lut: float = 0.0,
    ff: float = 0.0,
) -> Area:
    """Return the area of an accelerator with an engine around an array; ``lut`` and ``ff`` are further cells."""
    costs = AREA_COSTS[family.name]
    operands = array.act.bits + array.weight.bits
    narrow = array.multipliers if operands < costs.least_product else 0
    luts = lut + engine.lut(array, array.acc_bits) + costs.lutram_places * memories.lutram + memories.rom
    luts += narrow * LUTS_PER_PRODUCT_BIT * array.act.bits * array.weight.bits
    if array.weight_bits == 1:
        luts += array.rows * array.cols * array.act.bits  # to negate an activation
    if has_tables:
        luts += costs.table * array.acc_bits
        ff += 2 * array.acc_bits + TABLE_FLAGS
    registers = ff + engine.ff(array, array.acc_bits + 2 * operands) + _skew_bits(array) + memories.ff
    return Area(
        lut4=round(luts),
        ff=round(registers),
        bram=memories.bram,
        dsp=array.multipliers - narrow + ceil_div(array.acc_bits, PART_BITS),
    )


def _skew_bits(array: ArrayParams) -> int:
    """Return the bits of the registers that skew operands by row and column; an activation has two flags."""
    cols = sum(col // array.products_per_multiplier for col in range(array.cols))
    rows = sum(range(array.rows))
    return cols * array.weight.bits + rows * (array.act.bits + 2)
