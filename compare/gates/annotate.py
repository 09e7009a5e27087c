"""What each net and gate of a netlist has in this library: load, transition times, delays, energy of an edge."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.synth.library import CellLibrary
from tospike.synth.netlist import CONSTANTS, Gate, Netlist

CLOCK_SLEW = 0.1
"""Transition time in ns at clock pins and input ports."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WireModel:
    """Each pin that a net drives adds a wire ``pitches`` times as long as an average cell is wide."""

    pitches: float = 3.0
    """Assumption: what placed random logic of this size comes near to."""
    ff_per_um: float = 0.2
    """Capacitance of a minimum-width wire with neighbours, nearly the same in every process."""

    def __post_init__(self) -> None:
        for name in ("pitches", "ff_per_um"):
            value = getattr(self, name)
            require(math.isfinite(value) and value >= 0, f"the wire model's {name} must not be negative, not {value}")

    def per_sink(self, area: float, cells: int) -> float:
        """Load in pF of the wire to one pin, in a design of ``cells`` cells that take ``area`` um2 together."""
        return self.pitches * math.sqrt(area / cells) * self.ff_per_um / 1000 if cells else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotated:
    """Arrays over nets; energies in pJ, loads in pF."""

    load: Floats
    sinks: NDArray[np.int64]
    """Pins that each net drives."""
    wire_per_sink: float
    energy: Floats
    """(nets, 2): of a falling and of a rising edge, its charge and the internal energy of what drives it."""
    input_energy: tuple[tuple[Gate, int, float, float], ...]
    """Gate, net, and pJ of a falling and a rising edge: internal energies of input pins."""
    delays: dict[int, list[tuple[int, int]]]
    """By the net of an output: ps to its rising and falling edge, from each input of the cell in their order; of a
    flip-flop from the clock."""
    memory_delay: int
    """ps from the clock to a memory's data: taken to be a flip-flop's."""


def annotate(netlist: Netlist, library: CellLibrary, wires: WireModel) -> Annotated:
    """Propagate transition times from the flip-flops through the gates, as static timing analysis does."""
    area = sum(library.cells[gate.cell].area for gate in netlist.gates)
    per_sink = wires.per_sink(area, len(netlist.gates))
    flop = library.flip_flop
    assert flop.flip_flop is not None
    data_load = flop.pins[flop.inputs[0]].capacitance
    pin_load = np.zeros(netlist.nets)
    sinks = np.zeros(netlist.nets, dtype=np.int64)
    for gate in netlist.gates:
        for pin, net in gate.pins.items():
            if library.cells[gate.cell].pins[pin].is_input:
                pin_load[net] += library.cells[gate.cell].pins[pin].capacitance
                sinks[net] += 1
    for macro in netlist.macros:
        for net in (n for p in (*macro.reads, *macro.writes) for n in (*p.address, *p.enable)):
            pin_load[net] += data_load
            sinks[net] += 1
        for net in (n for port in macro.writes for n in port.data):
            pin_load[net] += data_load
            sinks[net] += 1
    load = pin_load + sinks * per_sink
    energy = np.repeat(load[:, None] * (library.voltage**2 / 2), 2, axis=1)
    slew = np.full((netlist.nets, 2), CLOCK_SLEW)
    delays: dict[int, list[tuple[int, int]]] = {}
    input_energy = []
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        inputs = (cell.flip_flop.clock,) if cell.flip_flop else cell.inputs
        for name in cell.outputs:
            if name not in gate.pins:
                continue
            net, pin = gate.pins[name], cell.pins[name]
            worst = [0.0, 0.0]
            delays[net] = []
            slews_in = []
            for related in inputs:
                incoming = CLOCK_SLEW if cell.flip_flop else float(slew[gate.pins[related]].mean())
                slews_in.append(incoming)
                rise, fall = pin.delays[related].at(incoming, load[net]) if related in pin.delays else (0.0, 0.0)
                delays[net].append((_picoseconds(rise), _picoseconds(fall)))
                if related in pin.slews:
                    worst = [max(a, b) for a, b in zip(worst, pin.slews[related].at(incoming, load[net]), strict=True)]
            slew[net] = worst[1], worst[0]
            rise, fall = pin.energy.at(float(np.mean(slews_in or [CLOCK_SLEW])), load[net])
            energy[net] += fall, rise
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        for name in cell.inputs:
            if cell.pins[name].energy.rise or cell.pins[name].energy.fall:
                net = gate.pins[name]
                rise, fall = cell.pins[name].energy.at(float(slew[net].mean()), 0.0)
                input_energy.append((gate, net, fall, rise))
    energy[:CONSTANTS] = 0
    first = next(name for name in flop.outputs)
    access = flop.pins[first].delays[flop.flip_flop.clock].at(CLOCK_SLEW, data_load)
    return Annotated(
        load=load,
        sinks=sinks,
        wire_per_sink=per_sink,
        energy=energy,
        input_energy=tuple(input_energy),
        delays=delays,
        memory_delay=_picoseconds(max(access)),
    )


def _picoseconds(ns: float) -> int:
    return max(1, round(ns * 1000))
