"""Costs of array engines in an FPGA family's cells: fitted to designs, or Yosys's own cost of memories."""

from dataclasses import dataclass

from tospike.hw.params import ArrayParams, Dataflow
from tospike.hw.params.devices import ECP5, ICE40


@dataclass(frozen=True, kw_only=True)
class Factors:
    """Cells of one kind in an array and its surroundings."""

    base: float
    """Of the host port and the control."""
    column: float
    """Per column and bit of a sum."""
    element: float
    """Per element and each of its bits."""
    accumulator: float = 0.0
    """More per column and bit of a sum, if weight-stationary."""

    def __call__(self, array: ArrayParams, element_bits: int) -> float:
        """Return the number of cells for an array."""
        column = self.column + (self.accumulator if array.dataflow is Dataflow.WS else 0)
        elements = array.rows * array.cols
        return self.base + column * array.cols * array.acc_bits + self.element * elements * element_bits


@dataclass(frozen=True, kw_only=True)
class EngineCosts:
    """The costs of an engine around an array."""

    lut: Factors
    """The bits of an element are those of its sum."""
    ff: Factors
    """The bits of an element are those of its sum and twice those of its operands."""
    rotation: float = 0.0
    """Conv: LUTs for each row, bank and bit of an activation."""
    bank_address: float = 0.0
    """Conv: flip-flops for each bank and bit of its address."""


@dataclass(frozen=True, kw_only=True)
class AreaCosts:
    """The costs of an FPGA family."""

    systolic: EngineCosts
    block_ram: int
    """Yosys's cost of a block RAM, on the scale on which a LUT RAM costs 4 and a bit in a flip-flop 1."""
    lutram_places: int = 0
    """LUTs for 16 words of 4 bits; 0 if there are no LUT RAMs."""
    conv: EngineCosts | None = None
    """``None``: unknown."""
    least_product: int = 0
    """Bits of the narrowest product that gets a DSP block."""
    table: float = 0.0
    """LUTs around the memory of tables of activations, if there is one, per bit of a sum."""


AREA_COSTS = {
    ECP5.name: AreaCosts(
        systolic=EngineCosts(
            lut=Factors(base=1130, column=2.13, element=1.06),
            ff=Factors(base=1050, column=2.69, element=1.54, accumulator=3.53),
        ),
        conv=EngineCosts(
            lut=Factors(base=1782, column=0.0, element=2.03),
            ff=Factors(base=1740, column=1.5, element=1.42),
            rotation=0.97,
            bank_address=3.57,
        ),
        block_ram=128,
        lutram_places=6,
        table=6.0,
    ),
    ICE40.name: AreaCosts(
        systolic=EngineCosts(
            lut=Factors(base=1099, column=2.54, element=1.65),
            ff=Factors(base=1229, column=3.18, element=0.44),
        ),
        block_ram=64,
        least_product=11,
        table=2.75,
    ),
}
"""By name of the family."""
