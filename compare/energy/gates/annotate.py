"""Loads, transition times, delays and edge energies of a netlist's nets and gates, from a cell library."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.synth.asic.library import CellLibrary, Pin
from tospike.synth.asic.netlist import CONSTANTS, Gate, Netlist

CLOCK_SLEW = 0.1
"""Transition time in ns at clock pins and input ports."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WireModel:
    """Wire model: each pin driven by a net adds a wire ``pitches`` times as long as an average cell is wide."""

    pitches: float = 3.0
    """An assumption, typical of placed random logic of this size."""
    ff_per_um: float = 0.2
    """Capacitance of a minimum-width wire with neighbours, nearly the same in every process."""

    def __post_init__(self) -> None:
        for name in ("pitches", "ff_per_um"):
            value = getattr(self, name)
            require(math.isfinite(value) and value >= 0, f"the wire model's {name} must not be negative, not {value}")

    def per_sink(self, area: float, cells: int) -> float:
        """Return the load in pF of the wire to one pin, in a design of ``cells`` cells with a total area of ``area``
        um2."""
        return self.pitches * math.sqrt(area / cells) * self.ff_per_um / 1000 if cells else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Annotated:
    """Arrays over nets; energies in pJ, loads in pF."""

    load: Floats
    wire_per_sink: float
    energy: Floats
    """(nets, 2): energy of a falling and a rising edge, from the net's charge and the driver's internal energy."""
    input_energy: tuple[tuple[Gate, int, float, float], ...]
    """Internal energies of input pins: gate, net, and pJ of a falling and a rising edge."""
    delays: dict[int, list[tuple[int, int]]]
    """By the net of an output: ps to its rising and falling edge, from each input of the cell in order; for a
    flip-flop, from the clock."""
    memory_delay: int
    """ps from the clock to a memory's data, assumed equal to a flip-flop's."""


def annotate(netlist: Netlist, library: CellLibrary, wires: WireModel) -> Annotated:
    """Propagate transition times from the flip-flops through the gates, as static timing analysis does."""
    area = sum(library.cells[gate.cell].area for gate in netlist.gates)
    per_sink = wires.per_sink(area, len(netlist.gates))
    pins, sinks = _pins(netlist, library)
    load = pins + sinks * per_sink
    energy = np.repeat(load[:, None] * (library.voltage**2 / 2), 2, axis=1)
    slew = np.full(netlist.nets, CLOCK_SLEW)
    delays: dict[int, list[tuple[int, int]]] = {}
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        inputs = [cell.flip_flop.clock] if cell.flip_flop else cell.inputs
        incoming = [CLOCK_SLEW if cell.flip_flop else float(slew[gate.pins[name]]) for name in inputs]
        for name in (n for n in cell.outputs if n in gate.pins):
            net, pin = gate.pins[name], cell.pins[name]
            arcs = [(pin.slews[r], s) for r, s in zip(inputs, incoming, strict=True) if r in pin.slews]
            slew[net] = max((fmean(slews.at(s, load[net])) for slews, s in arcs), default=CLOCK_SLEW)
            delays[net] = [_picoseconds(pin, r, s, load[net]) for r, s in zip(inputs, incoming, strict=True)]
            rise, fall = pin.energy.at(fmean(incoming or [CLOCK_SLEW]), load[net])
            energy[net] += fall, rise
    energy[:CONSTANTS] = 0
    flop = library.flip_flop
    assert flop.flip_flop is not None
    data = flop.pins[next(iter(flop.outputs))]
    return Annotated(
        load=load,
        wire_per_sink=per_sink,
        energy=energy,
        input_energy=tuple(_input_energies(netlist, library, slew)),
        delays=delays,
        memory_delay=max(_picoseconds(data, flop.flip_flop.clock, CLOCK_SLEW, _data_load(library))),
    )


def _data_load(library: CellLibrary) -> float:
    """Return the capacitance of a memory's pin, assumed equal to that of a flip-flop's data pin."""
    return library.flip_flop.pins[library.flip_flop.inputs[0]].capacitance


def _pins(netlist: Netlist, library: CellLibrary) -> tuple[Floats, NDArray[np.int64]]:
    """Return the capacitance of the pins that each net drives, and their number."""
    load = np.zeros(netlist.nets)
    sinks = np.zeros(netlist.nets, dtype=np.int64)
    for gate in netlist.gates:
        pins = library.cells[gate.cell].pins
        for name, net in gate.pins.items():
            if pins[name].is_input:
                load[net] += pins[name].capacitance
                sinks[net] += 1
    for net in (n for macro in netlist.macros for n in macro.driven):
        load[net] += _data_load(library)
        sinks[net] += 1
    return load, sinks


def _input_energies(netlist: Netlist, library: CellLibrary, slew: Floats) -> Iterator[tuple[Gate, int, float, float]]:
    for gate in netlist.gates:
        cell = library.cells[gate.cell]
        for pin in (cell.pins[name] for name in cell.inputs):
            if pin.energy.rise or pin.energy.fall:
                net = gate.pins[pin.name]
                rise, fall = pin.energy.at(float(slew[net]), 0.0)
                yield gate, net, fall, rise


def _picoseconds(pin: Pin, related: str, slew: float, load: float) -> tuple[int, int]:
    """Return the delays in ps of a rising and a falling edge at an output, at least 1 so that time advances."""
    rise, fall = pin.delays[related].at(slew, load) if related in pin.delays else (0.0, 0.0)
    return max(1, round(rise * 1000)), max(1, round(fall * 1000))
