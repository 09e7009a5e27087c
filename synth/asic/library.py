"""A library of standard cells: function, delay, energy and area of each cell.

Everything is in pF, ns, pJ, nW and V, and in the library's unit of area (mostly square micrometres).
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require
from tospike.synth.asic.boolean import truth_table
from tospike.synth.asic.liberty import Group, parse_liberty

_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}
_LOAD = "total_output_net_capacitance"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Values over input transition time (ns) and load (pF); a missing axis has a single point."""

    slews: tuple[float, ...]
    loads: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    """``values[slew][load]``."""

    def at(self, slew: float, load: float) -> float:
        """Interpolate bilinearly. Extrapolate beyond the largest load, but not beyond the slowest input, where a layout
        would have buffers."""
        i, s = _place(self.slews, min(max(slew, self.slews[0]), self.slews[-1]))
        j, t = _place(self.loads, load)
        low, high = self.values[i], self.values[min(i + 1, len(self.values) - 1)]
        k = min(j + 1, len(low) - 1)
        return (low[j] * (1 - t) + low[k] * t) * (1 - s) + (high[j] * (1 - t) + high[k] * t) * s


def _place(points: Sequence[float], x: float) -> tuple[int, float]:
    """Return the segment of ``x``, and the relative position in it."""
    if len(points) == 1:
        return 0, 0.0
    index = min(max(bisect_right(points, x) - 1, 0), len(points) - 2)
    return index, (x - points[index]) / (points[index + 1] - points[index])


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Tables for a rising and a falling edge; several (for other pins or conditions) are averaged."""

    rise: tuple[Table, ...]
    fall: tuple[Table, ...]

    def at(self, slew: float, load: float) -> tuple[float, float]:
        """Return (rise, fall); 0 without a table."""
        rise, fall = ([table.at(slew, load) for table in tables] for tables in (self.rise, self.fall))
        return fmean(rise) if rise else 0.0, fmean(fall) if fall else 0.0


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of a cell."""

    name: str
    is_input: bool
    capacitance: float
    max_capacitance: float
    function: str | None
    """Function of an output, of inputs or of a flip-flop's state."""
    energy: Edges
    """Internal energy (pJ) of an edge at this pin; for an output, the mean over the pins that may have caused it."""
    delays: dict[str, Edges]
    """For an output: delay of its edges from each input pin, in ns."""
    slews: dict[str, Edges]
    """For an output: transition times of its edges, ns."""


@dataclass(frozen=True, kw_only=True)
class FlipFlop:
    """State of a sequential cell: ``next_state`` is stored at a rising edge of ``clock``."""

    state: str
    inverse: str
    clock: str
    next_state: str
    unsupported: str
    """Why the cell cannot be simulated; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A standard cell."""

    name: str
    area: float
    leakage: float
    pins: dict[str, Pin]
    flip_flop: FlipFlop | None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Input pins except a flip-flop's clock."""
        clock = self.flip_flop.clock if self.flip_flop else None
        return tuple(pin.name for pin in self.pins.values() if pin.is_input and pin.name != clock)

    @cached_property
    def outputs(self) -> dict[str, int]:
        """Truth tables over `inputs` of the output pins of a combinational cell.

        For a flip-flop: its outputs as functions of its state, 0b10 or, inverted, 0b01.
        """
        functions = {p.name: p.function for p in self.pins.values() if not p.is_input and p.function}
        if self.flip_flop is None:
            return {name: truth_table(function, self.inputs) for name, function in functions.items()}
        state, inverse = self.flip_flop.state, self.flip_flop.inverse
        rows = {name: truth_table(function, (state, inverse)) for name, function in functions.items()}
        # only the rows in which state and inverse differ matter: 0b01, where the state is 1, and 0b10
        return {name: (row >> 0b01 & 1) << 1 | (row >> 0b10 & 1) for name, row in rows.items()}

    @cached_property
    def next_state(self) -> int:
        """Truth table of a flip-flop's next state over `inputs` and, last, its state."""
        assert self.flip_flop is not None
        require(not self.flip_flop.unsupported, f"cell {self.name} {self.flip_flop.unsupported}")
        return truth_table(self.flip_flop.next_state, (*self.inputs, self.flip_flop.state))


@dataclass(frozen=True, kw_only=True)
class CellLibrary:
    """The cells of a Liberty file, by name."""

    name: str
    voltage: float
    cells: dict[str, Cell]

    @property
    def flip_flop(self) -> Cell:
        """The smallest flip-flop that can be simulated."""
        return min(
            (cell for cell in self.cells.values() if cell.flip_flop and not cell.flip_flop.unsupported),
            key=lambda cell: (cell.area, cell.name),
        )

    def buffer_for(self, load: float) -> Cell:
        """Return the smallest buffer that may drive ``load`` pF, or else the strongest one.

        Raises
        ------
        InputError
            The library has no buffer.
        """
        found = []
        for cell in self.cells.values():
            if cell.flip_flop is None and len(cell.inputs) == 1 and list(cell.outputs.values()) == [0b10]:
                limit = cell.pins[next(iter(cell.outputs))].max_capacitance
                found.append(((limit < load) * -limit, cell.area, cell.name, cell))
        require(bool(found), f"the library {self.name} has no buffer for the clock tree")
        return min(found)[-1]


def read_cells(library: bytes, name: str = "the Liberty file") -> CellLibrary:
    """Return the cells of a Liberty file; errors refer to it as ``name``.

    Raises
    ------
    InputError
        The file cannot be read, or lacks voltage or units.
    """
    with reading(name, "Liberty file", "download it again"):
        return _cells(parse_liberty(library.decode(errors="replace")))


def _cells(group: Group) -> CellLibrary:
    units = _units(group)
    voltage = group.number("nom_voltage")
    for conditions in group.of("operating_conditions"):
        if conditions.args == (group.attributes.get("default_operating_conditions"),):
            voltage = conditions.number("voltage", voltage)
    require(voltage > 0, f"the library {' '.join(group.args)} does not state its voltage")
    templates = {t.args: t for kind in ("lu_table_template", "power_lut_template") for t in group.of(kind)}
    reader = _Reader(units=units, templates=templates, default_leakage=group.number("default_cell_leakage_power"))
    return CellLibrary(
        name=" ".join(group.args), voltage=voltage, cells={c.args[0]: reader.cell(c) for c in group.of("cell")}
    )


@dataclass(frozen=True, kw_only=True)
class _Units:
    """Factors from the file's units to this module's."""

    time: float
    load: float
    energy: float
    leakage: float


def _units(group: Group) -> _Units:
    def scale(name: str, default: str) -> float:
        match = re.fullmatch(r"([\d.eE+-]+)\s*([fpnum]?)[A-Za-z]+", group.attributes.get(name, default))
        if match is None:
            raise InputError(f"the library's {name} {group.attributes[name]!r} is not a unit")
        return float(match[1]) * _PREFIXES[match[2]]

    factor, unit = group.complex.get("capacitive_load_unit", ("1", "pf"))
    farads = float(factor) * _PREFIXES[unit.lower().removesuffix("f")]
    volts = scale("voltage_unit", "1V")
    return _Units(
        time=scale("time_unit", "1ns") / 1e-9,
        load=farads / 1e-12,
        energy=farads * volts**2 / 1e-12,  # by the Liberty standard
        leakage=scale("leakage_power_unit", "1nW") / 1e-9,
    )


@dataclass(frozen=True, kw_only=True)
class _Reader:
    units: _Units
    templates: dict[tuple[str, ...], Group]
    default_leakage: float

    def cell(self, group: Group) -> Cell:
        conditions = [state.number("value") for state in group.of("leakage_power")]
        leakage = group.number("cell_leakage_power", fmean(conditions) if conditions else self.default_leakage)
        return Cell(
            name=group.args[0],
            area=group.number("area"),
            leakage=leakage * self.units.leakage,
            pins={pin.args[0]: self._pin(pin) for pin in group.of("pin")},
            flip_flop=_flip_flop(group),
        )

    def _pin(self, group: Group) -> Pin:
        units = self.units
        delays, slews = {}, {}
        for related in {name for timing in group.of("timing") for name in _related(timing)}:
            arcs = [timing for timing in group.of("timing") if related in _related(timing)]
            delays[related] = self._edges(arcs, "cell_rise", "cell_fall", units.time)
            slews[related] = self._edges(arcs, "rise_transition", "fall_transition", units.time)
        return Pin(
            name=group.args[0],
            is_input=group.attributes.get("direction") == "input",
            capacitance=group.number("capacitance") * units.load,
            max_capacitance=group.number("max_capacitance", float("inf")) * units.load,
            function=group.attributes.get("function"),
            energy=self._edges(list(group.of("internal_power")), "rise_power", "fall_power", units.energy),
            delays=delays,
            slews=slews,
        )

    def _edges(self, groups: list[Group], rise: str, fall: str, unit: float) -> Edges:
        both = [
            tuple(self._table(table, unit) for group in groups for name in (kind, "power") for table in group.of(name))
            for kind in (rise, fall)
        ]
        return Edges(rise=both[0], fall=both[1])

    def _table(self, group: Group, unit: float) -> Table:
        rows = [_numbers(row) for row in group.complex["values"]]
        template = self.templates.get(group.args)
        axes = []
        for number in (1, 2):
            variable = template.attributes.get(f"variable_{number}") if template else None
            index = group.complex.get(f"index_{number}") or (template and template.complex.get(f"index_{number}"))
            if variable and index:
                axes.append((variable, _numbers(index[0])))
        if not axes:
            return Table(slews=(0.0,), loads=(0.0,), values=((rows[0][0] * unit,),))
        if len(axes) == 1 and len(rows) == 1:
            rows = [(value,) for value in rows[0]]
        if axes[0][0] == _LOAD:  # values[load][slew]
            rows = list(zip(*rows, strict=True))
            axes.reverse()
        loads = next((points for name, points in axes if name == _LOAD), (0.0,))
        slews = next((points for name, points in axes if name != _LOAD), (0.0,))
        return Table(
            slews=tuple(x * self.units.time for x in slews),
            loads=tuple(x * self.units.load for x in loads),
            values=tuple(tuple(value * unit for value in row) for row in rows),
        )


def _related(timing: Group) -> list[str]:
    return timing.attributes.get("related_pin", "").split()


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(item) for item in text.replace(",", " ").split())
    except ValueError:
        raise InputError(f"the Liberty file has a table with {text[:40]!r}, which is not a list of numbers") from None


def _flip_flop(group: Group) -> FlipFlop | None:
    latches = [*group.of("latch"), *group.of("latch_bank"), *group.of("ff_bank"), *group.of("statetable")]
    found = next(group.of("ff"), None)
    if found is None:
        if not latches:
            return None
        return FlipFlop(state="", inverse="", clock="", next_state="", unsupported="is a latch or a bank")
    clock = found.attributes.get("clocked_on", "").strip("() ")
    asynchronous = [name for name in ("clear", "preset") if name in found.attributes]
    unsupported = f"has an asynchronous {asynchronous[0]}" if asynchronous else ""
    if not re.fullmatch(r"\w+", clock):
        unsupported = f"is clocked on {clock!r}, not on the rising edge of a pin"
    return FlipFlop(
        state=found.args[0],
        inverse=found.args[1] if len(found.args) > 1 else f"{found.args[0]} inverted",
        clock=clock,
        next_state=found.attributes.get("next_state", ""),
        unsupported=unsupported,
    )
