"""Area of a systolic accelerator on an FPGA, before anything is built.

Multipliers, block RAMs and the registers that skew operands are counted; what is left of the LUTs and flip-flops
grows with the array's columns and elements by factors that were fitted to 14 synthesised designs, with 1 to 8 rows, 1
to 32 columns and operands of 4 to 8 bits. For those, LUTs and flip-flops are off by 11 % at most, block RAMs by 11 %.
"""

from dataclasses import dataclass

from tospike.gen.area_memories import memory_cells
from tospike.hw.params import ArrayParams, Dataflow, SystolicParams, Technology, ceil_div

PART_BITS = 16
"""The requantiser has a multiplier for so many bits of a sum: `tospike.hw.ann.requantize`."""
LUTS_PER_PRODUCT_BIT = 3
"""Of a multiplier without a DSP block, for each pair of bits."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """Cells of an FPGA. Carries, on ECP5, and LUT RAMs are counted as the LUTs whose places they take."""

    lut4: int
    ff: int
    bram: int
    dsp: int


@dataclass(frozen=True, kw_only=True)
class _Factors:
    """Cells: of the host port and the control; for each column and bit of a sum, weight-stationary and in any case; for
    each element and each of its bits."""

    base: float
    column: float
    element: float
    accumulator: float = 0.0

    def __call__(self, array: ArrayParams, element_bits: int) -> float:
        column = self.column + (self.accumulator if array.dataflow is Dataflow.WS else 0)
        elements = array.rows * array.cols
        return self.base + column * array.cols * array.acc_bits + self.element * elements * element_bits


@dataclass(frozen=True, kw_only=True)
class _Model:
    lut: _Factors
    """Bits of an element: of its sum."""
    ff: _Factors
    """Bits of an element: of its sum and twice its operands."""
    lutram_places: int
    """LUTs for 16 words of 4 bits."""
    least_product: int = 0
    """Bits of the narrowest product that gets a DSP block."""


MODELS = {
    Technology.ECP5: _Model(
        lut=_Factors(base=1130, column=2.13, element=1.06),
        ff=_Factors(base=1050, column=2.69, element=1.54, accumulator=3.53),
        lutram_places=6,
    ),
    Technology.ICE40: _Model(
        lut=_Factors(base=1099, column=2.54, element=1.65),
        ff=_Factors(base=1229, column=3.18, element=0.44),
        lutram_places=0,
        least_product=11,
    ),
}


def predict(params: SystolicParams, technology: Technology) -> Area:
    """Area of an accelerator with this engine alone, host port included."""
    array, model = params.array, MODELS[technology]
    memories = memory_cells(params, technology)
    operands = array.act.bits + array.weight.bits
    narrow = array.multipliers if operands < model.least_product else 0
    luts = model.lut(array, array.acc_bits) + model.lutram_places * memories.lutram + memories.rom
    luts += narrow * LUTS_PER_PRODUCT_BIT * array.act.bits * array.weight.bits
    if array.weight_bits == 1:
        luts += array.rows * array.cols * array.act.bits  # to negate an activation
    registers = model.ff(array, array.acc_bits + 2 * operands) + _skew_bits(array) + memories.ff
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
