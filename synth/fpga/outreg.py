"""ECP5: move registers after block RAMs into the block RAMs.

The data of a DP16KD are valid 5.8 ns after the clock, or 0.5 ns with its output register, which neither Yosys nor
nextpnr uses. If each read bit drives one plain flip-flop and nothing else, both circuits are equivalent.
"""

from collections import defaultdict
from typing import Any

Cell = dict[str, Any]

_WIDE = 36
"""Data width at which port B also uses the outputs of port A."""


def absorb_output_registers(netlist: dict[str, Any]) -> dict[str, int]:
    """Modify ``netlist``, the output of ``write_json``, in place; return the number of flip-flops removed per module.

    Only block RAMs that read in every cycle are changed, because it is not documented whether the output register
    holds while the read port is disabled. The flip-flops must have neither enable nor reset, and an initial value of 0,
    as the block RAM has.
    """
    absorbed = {}
    for name, module in netlist["modules"].items():
        cells: dict[str, Cell] = module["cells"]
        users = _users(module)
        count = 0
        for cell in list(cells.values()):
            if cell["type"] == "DP16KD":
                for port in "AB":
                    count += _absorb(port, cell, cells, users)
        if count:
            absorbed[name] = count
    return absorbed


def _users(module: dict[str, Any]) -> dict[Any, list[tuple[str, str]]]:
    """Return (cell, port) of each input that a net drives, including output ports of the module."""
    users: dict[Any, list[tuple[str, str]]] = defaultdict(list)
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                for bit in bits:
                    users[bit].append((name, port))
    for name, port in module["ports"].items():
        if port["direction"] != "input":
            for bit in port["bits"]:
                users[bit].append(("", name))
    return users


def _absorb(port: str, ram: Cell, cells: dict[str, Cell], users: dict[Any, list[tuple[str, str]]]) -> int:
    """Absorb the flip-flops after one port of ``ram``, and return their number."""
    widths = {p: int(ram["parameters"][f"DATA_WIDTH_{p}"], 2) for p in "AB"}
    if widths["B"] == _WIDE and port == "A":
        return 0
    sides = "AB" if widths["B"] == _WIDE else port
    outputs = {pin: bits for pin, bits in ram["connections"].items() if pin[:2] == "DO" and pin[2] in sides}
    registers = {}
    for pin, (bit,) in outputs.items():
        if not users[bit]:
            continue
        if len(users[bit]) != 1:
            return 0
        name, input_pin = users[bit][0]
        if input_pin != "DI" or not _is_plain(cells[name], ram["connections"][f"CLK{port}"]):
            return 0
        registers[pin] = name
    parameters = ram["parameters"]
    reads_always = ram["connections"][f"CE{port}"] == ["1"] and parameters[f"CLK{port}MUX"] == f"CLK{port}"
    if not registers or not reads_always or any(parameters[f"REGMODE_{side}"] != "NOREG" for side in sides):
        return 0
    for pin, name in registers.items():
        ram["connections"][pin] = cells.pop(name)["connections"]["Q"]
    for side in sides:
        parameters[f"REGMODE_{side}"] = "OUTREG"
        ram["connections"][f"OCE{side}"] = ["1"]
    return len(registers)


def _is_plain(cell: Cell, clock: list[Any]) -> bool:
    """Return whether this is a flip-flop of ``clock`` without enable and reset that starts at 0."""
    parameters, pins = cell["parameters"], cell["connections"]
    return (
        cell["type"] == "TRELLIS_FF"
        and pins["CLK"] == clock
        and parameters["CLKMUX"] == "CLK"
        and parameters["REGSET"] == "RESET"
        and (parameters["CEMUX"].strip() == "1" or pins.get("CE") == ["1"])
        and pins.get("LSR", ["0"]) == ["0"]
    )


def reduce_statistics(statistics: dict[str, Any], absorbed: dict[str, int]) -> None:
    """Correct ``statistics``, the output of ``stat -json`` for the unmodified netlist, in place."""
    for name, figures in statistics["modules"].items():
        if count := absorbed.get(name.removeprefix("\\")):
            figures["num_cells_by_type"]["TRELLIS_FF"] -= count
