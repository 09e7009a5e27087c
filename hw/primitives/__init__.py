"""The primitives of arrays, by device family; `tospike.hw.params.PRIMITIVES` lists their capabilities."""

from collections.abc import Mapping
from importlib import resources

from tospike.hw.params import PrimitiveSet
from tospike.hw.primitives.ecp5 import Ecp5
from tospike.hw.primitives.generic import Generic
from tospike.hw.primitives.ice40 import MultiplyAdd as Ice40MultiplyAdd
from tospike.hw.primitives.protocol import MultiplyAdd, Primitives

CELLS: Mapping[PrimitiveSet, Primitives] = {
    PrimitiveSet.GENERIC: Generic(),
    PrimitiveSet.ECP5: Ecp5(),
    PrimitiveSet.ICE40: Generic(),
}
"""The cells of each family. On an iCE40, synthesis maps multipliers that no adder follows."""
MULTIPLY_ADD: Mapping[PrimitiveSet, MultiplyAdd] = {PrimitiveSet.ICE40: Ice40MultiplyAdd()}
"""The families whose multiplier and adder are one cell."""


def cell_model(primitives: PrimitiveSet) -> tuple[str, str]:
    """Return name and text of a Verilog file with models of vendor cells, for simulation only."""
    name = f"{primitives.value}_cells.v"
    return name, (resources.files("tospike.hw.primitives") / name).read_text(encoding="utf-8")
