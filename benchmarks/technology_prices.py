"""Prices of arithmetic, flip-flops and leakage from a Liberty file, as the technologies of standard cells have them.

``python -m benchmarks.technology_prices LIBERTY.lib.gz`` prints them. Random operands, each net changing at most once
per operation, no glitches: a full adder's outputs change in every other operation, an AND's in 3 of 8. A library
without a full adder has one of two XORs and three NANDs.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from tospike.synth.asic.cells import read_library
from tospike.synth.asic.library import Cell, CellLibrary, read_cells

ADDERS = ("FAX1", "sky130_fd_sc_hd__fa_1")
GATES = {
    "and": ("AND2X2", "sky130_fd_sc_hd__and2_1", "sg13g2_and2_1"),
    "xor": ("sg13g2_xor2_1",),
    "nand": ("sg13g2_nand2_1",),
    "flip_flop": ("DFFPOSX1", "sky130_fd_sc_hd__dfxtp_1", "sg13g2_dfrbp_1"),
}


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Energies in pJ, areas in um2, leakage in nW."""

    adder: float
    and_gate: float
    register_bit: float
    register_cycle: float
    adder_um2: float
    and_um2: float
    register_um2: float
    nw_per_um2: float


class Library:
    """The cells of a file, at one slew."""

    def __init__(self, path: Path):
        self.cells: CellLibrary = read_cells(read_library(path), path.name)
        self.volts = self.cells.voltage
        self.slew = 0.18 if self.find(ADDERS[:1]) else 0.1

    def find(self, names: tuple[str, ...]) -> Cell | None:
        """The first cell that the library has."""
        return next((self.cells.cells[name] for name in names if name in self.cells.cells), None)

    def cell(self, kind: str) -> Cell:
        """The library's cell of `GATES`."""
        found = self.find(GATES[kind])
        assert found is not None, f"no {kind} of {GATES[kind]}"
        return found

    def edge(self, cell: Cell, output: str, load: float) -> float:
        """pJ of an edge of an output: inside the cell, and C V^2 / 2 of its load."""
        return fmean(cell.pins[output].energy.at(self.slew, load)) + load * self.volts**2 / 2


def load_of(cell: Cell) -> float:
    """Mean capacitance of a cell's inputs, pF."""
    return fmean(cell.pins[name].capacitance for name in cell.inputs)


def prices_of(path: Path) -> Prices:
    """Prices of a Liberty file."""
    library = Library(path)
    adder, gate, flip_flop = library.find(ADDERS), library.cell("and"), library.cell("flip_flop")
    if adder:
        next_adder = load_of(adder)
        sums = sum(library.edge(adder, output, next_adder) for output in adder.outputs) / 2
        adder_um2, leakage = adder.area, adder.leakage
    else:
        xor, nand = library.cell("xor"), library.cell("nand")
        next_adder = load_of(xor) + load_of(nand)
        # a ^ b, and the sum, change in every other operation; so does the carry; its two terms in 3 of 8
        xors = 2 * library.edge(xor, *xor.outputs, next_adder) / 2
        nands = (1 / 2 + 2 * 3 / 8) * library.edge(nand, *nand.outputs, load_of(nand))
        sums, adder_um2 = xors + nands, 2 * xor.area + 3 * nand.area
        leakage = 2 * xor.leakage + 3 * nand.leakage
    and_gate = library.edge(gate, *gate.outputs, next_adder) * 3 / 8
    clock = flip_flop.pins[flip_flop.flip_flop.clock]
    output = next(name for name in flip_flop.outputs if name in ("Q", "q"))
    written = library.edge(flip_flop, output, next_adder) + fmean(flip_flop.pins["D"].energy.at(library.slew, 0.0))
    return Prices(
        adder=sums,
        and_gate=and_gate,
        register_bit=written / 2,
        register_cycle=sum(clock.energy.at(library.slew, 0.0)) + clock.capacitance * library.volts**2,
        adder_um2=adder_um2,
        and_um2=gate.area,
        register_um2=flip_flop.area,
        nw_per_um2=(leakage + flip_flop.leakage) / (adder_um2 + flip_flop.area),
    )


def main() -> None:
    """Print the keys of a technology file."""
    found = prices_of(Path(sys.argv[1]))
    print(f"[add] pj = {found.adder:.3g}, um2_per_bit = {found.adder_um2:.4g}")
    print(f"[multiply] pj = {found.adder + found.and_gate:.3g}, um2_per_bit2 = {found.adder_um2 + found.and_um2:.4g}")
    print(f"[register] pj_per_bit = {found.register_bit:.3g}, pj_per_cycle = {found.register_cycle:.3g}", end="")
    print(f", um2 = {found.register_um2:.4g}")
    print(f"[logic] nw_per_um2 = {found.nw_per_um2:.2g}")


if __name__ == "__main__":
    main()
