"""Energy of a netlist from its activity and the library's tables.

An edge of a net costs C V^2 / 2 for its pins and wires, the internal energy of the driving cell (the mean over the pins
that may have caused the edge) and the internal energies of the input pins that it drives. The total also includes the
clock, memory accesses priced by the technology file, and leakage over the duration of the cycles.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tospike.compare.energy.gates.annotate import CLOCK_SLEW, Annotated
from tospike.compare.energy.gates.parts import PARTS, part_of
from tospike.compare.energy.gates.simulate import Activity
from tospike.compare.energy.gates.summary import ClockTree, GateEnergyReport
from tospike.compare.energy.standard_cells import CellTechnology
from tospike.compare.energy.summary import mean_terms, spread
from tospike.synth.asic.library import CellLibrary
from tospike.synth.asic.netlist import Netlist

CLOCK_FANOUT = 16
"""Fan-out of a buffer of the clock tree."""

STATIC = ("clock", "leakage")
"""Parts that depend on the data only through the number of cycles."""

_HOST = "host"
_MEGA = 1e6
"""pJ per nW ns is 1 / 1e6."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class GateEnergy:
    """Energy of each sample in pJ."""

    parts: dict[str, Floats]
    """pJ by the names of `PARTS`."""
    modules: dict[str, float]
    """Mean pJ of each module's gates and memories, without clock and leakage."""
    clock_tree: ClockTree
    period_ns: float
    edges: float
    """Mean edges of all nets in a sample."""

    @property
    def total(self) -> Floats:
        """(samples,) total pJ."""
        return np.sum(list(self.parts.values()), axis=0)

    def summary(self) -> GateEnergyReport:
        """Return means per inference, parts that add up to the total, percentiles and the values of single samples."""
        means = mean_terms(self.parts)
        return GateEnergyReport(
            **spread(self.total),
            static=sum(means[part] for part in STATIC),
            parts=means,
            modules={name: round(pj, 3) for name, pj in sorted(self.modules.items())},
            edges=self.edges,
        )


def gate_energy(
    netlist: Netlist,
    library: CellLibrary,
    annotated: Annotated,
    activity: Activity,
    technology: CellTechnology,
    *,
    cycles: Floats,
    period_ns: float,
    asleep: Mapping[str, NDArray[np.integer]] = MappingProxyType({}),
) -> GateEnergy:
    """Return the energy of the activity.

    Parameters
    ----------
    technology
        Prices and leakage of memories.
    cycles
        (samples,) cycles to charge.
    period_ns
        Clock period, for leakage.
    asleep
        (samples,) cycles in which the clock of a part stands still, by the path of the part.
    """
    samples = len(cycles)
    modules = sorted({_HOST, *(gate.path for gate in netlist.gates), *(_module(m.path) for m in netlist.macros)})
    number = {name: index for index, name in enumerate(modules)}
    prices = _edge_prices(netlist, library, annotated, number)
    spent = activity.edges.reshape(samples, -1) @ prices.reshape(len(modules), -1).T
    accesses = [
        (macro.path, activity.accesses[:, index].sum(axis=1) * technology.access(macro.width, macro.bits))
        for index, macro in enumerate(netlist.macros)
    ]
    tree = clock_tree(netlist, library, annotated.wire_per_sink)
    parts = {name: np.zeros(samples) for name in PARTS}
    for name, index in number.items():
        parts[part_of(name)] += spent[:, index]
    parts["memories"] += sum((pj for _, pj in accesses), np.zeros(samples))
    clocked = cycles - sum(
        (_share_of_sinks(netlist, library, path) * still for path, still in asleep.items()), np.zeros(samples)
    )
    parts["clock"] += (tree.pins_pj + tree.tree_pj) * clocked
    parts["leakage"] += _leakage_nw(netlist, library, tree, technology) * cycles * period_ns / _MEGA
    means = {name or "top": float(spent[:, index].mean()) for name, index in number.items()}
    return GateEnergy(
        parts=parts,
        modules=means | {f"{path} (memory)": float(pj.mean()) for path, pj in accesses},
        clock_tree=tree,
        period_ns=period_ns,
        edges=float(activity.edges.sum()) / samples,
    )


def _share_of_sinks(netlist: Netlist, library: CellLibrary, part: str) -> float:
    """Return the share of a part's flip-flops and memories among all loads of the clock."""
    paths = [gate.path for gate in netlist.gates if library.cells[gate.cell].flip_flop]
    paths += [macro.path for macro in netlist.macros]
    return sum(path == part or path.startswith(f"{part}.") for path in paths) / len(paths)


def _edge_prices(netlist: Netlist, library: CellLibrary, annotated: Annotated, number: Mapping[str, int]) -> Floats:
    """Return (modules, nets, 2) pJ of a falling and a rising edge of each net, by module."""
    drivers = np.full(netlist.nets, number[_HOST])
    for gate in netlist.gates:
        for pin in library.cells[gate.cell].outputs:
            if pin in gate.pins:
                drivers[gate.pins[pin]] = number[gate.path]
    for macro in netlist.macros:
        for port in macro.reads:
            drivers[list(port.data)] = number[_module(macro.path)]
    prices = np.zeros((len(number), netlist.nets, 2))
    prices[drivers, np.arange(netlist.nets)] = annotated.energy
    for gate, net, fall, rise in annotated.input_energy:
        prices[number[gate.path], net] += fall, rise
    return prices


def _leakage_nw(netlist: Netlist, library: CellLibrary, tree: ClockTree, technology: CellTechnology) -> float:
    """Return the leakage in nW of all gates, the clock tree and the memories."""
    gates = sum(library.cells[gate.cell].leakage for gate in netlist.gates)
    return gates + tree.leakage_nw + sum(macro.bits for macro in netlist.macros) * technology.sram.nw_per_bit


def _module(macro: str) -> str:
    """Return ``engine_0.weights`` of the memory ``engine_0.weights.memory``."""
    return ".".join(macro.split(".")[:2])


def clock_tree(netlist: Netlist, library: CellLibrary, wire_per_sink: float) -> ClockTree:
    """Return the loads of the clock, and the tree that drives them.

    A memory's clock pin is assumed equal to a flip-flop's.
    """
    square = library.voltage**2
    pins = []
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        if cell.flip_flop:
            pins.append(cell.pins[cell.flip_flop.clock])
    flop = library.flip_flop
    assert flop.flip_flop is not None
    pins += [flop.pins[flop.flip_flop.clock]] * len(netlist.macros)
    pins_pj = sum(pin.capacitance * square + sum(pin.energy.at(CLOCK_SLEW, 0.0)) for pin in pins)
    if not pins:
        return ClockTree(sinks=0, buffers=0, buffer="", pins_pj=0.0, tree_pj=0.0, leakage_nw=0.0)
    leaf_load = CLOCK_FANOUT * (sum(pin.capacitance for pin in pins) / len(pins) + wire_per_sink)
    buffer = library.buffer_for(leaf_load)
    input_pin = buffer.pins[buffer.inputs[0]]
    output_pin = buffer.pins[next(iter(buffer.outputs))]
    buffers, level = 0, len(pins)
    while level > 1:
        level = math.ceil(level / CLOCK_FANOUT)
        buffers += level
    wires = (len(pins) + buffers) * wire_per_sink * square
    internal = sum(output_pin.energy.at(CLOCK_SLEW, leaf_load)) + sum(input_pin.energy.at(CLOCK_SLEW, 0.0))
    return ClockTree(
        sinks=len(pins),
        buffers=buffers,
        buffer=buffer.name,
        pins_pj=pins_pj,
        tree_pj=buffers * (input_pin.capacitance * square + internal) + wires,
        leakage_nw=buffers * buffer.leakage,
    )
