"""Registers behind block RAMs: which ones move into them, and which must not."""

import copy

import pytest

from tospike.synth.fpga.outreg import absorb_output_registers, reduce_statistics

CLOCK, READ, DATA = 2, 10, 20


def flip_flop(index, **changes):
    parameters = {"CEMUX": "1 ", "CLKMUX": "CLK", "REGSET": "RESET"} | changes.pop("parameters", {})
    pins = {"CLK": [CLOCK], "LSR": ["0"], "DI": [READ + index], "Q": [DATA + index]} | changes
    directions = {pin: "output" if pin == "Q" else "input" for pin in pins}
    return {"type": "TRELLIS_FF", "parameters": parameters, "port_directions": directions, "connections": pins}


def netlist(width="100", **ram):
    """A block RAM read through DOB0 and DOA0 or DOB1, and the flip-flops behind it."""
    second = "DOA0" if width == "100100" else "DOB1"
    pins = {"CLKA": [CLOCK], "CLKB": [CLOCK], "CEA": ["1"], "CEB": ["1"], "OCEA": ["0"], "OCEB": ["1"]}
    pins |= {"DOB0": [READ], second: [READ + 1]} | ram
    parameters = {f"REGMODE_{p}": "NOREG" for p in "AB"} | {f"DATA_WIDTH_{p}": width for p in "AB"}
    parameters |= {f"CLK{p}MUX": f"CLK{p}" for p in "AB"}
    directions = {pin: "output" if pin.startswith("DO") else "input" for pin in pins}
    memory = {"type": "DP16KD", "parameters": parameters, "port_directions": directions, "connections": pins}
    cells = {"ram": memory, "a": flip_flop(0), "b": flip_flop(1)}
    ports = {"q": {"direction": "output", "bits": [DATA, DATA + 1]}}
    return {"modules": {"top": {"cells": cells, "ports": ports}}}


@pytest.mark.parametrize(("width", "sides"), [("100", "B"), ("100100", "AB")])
def test_plain_flip_flops_move(width, sides):
    design = netlist(width)
    assert absorb_output_registers(design) == {"top": 2}
    cells = design["modules"]["top"]["cells"]
    ram = cells["ram"]
    assert list(cells) == ["ram"]
    assert [bits for pin, bits in ram["connections"].items() if pin.startswith("DO")] == [[DATA], [DATA + 1]]
    assert {p: ram["parameters"][f"REGMODE_{p}"] for p in "AB"} == {
        p: "OUTREG" if p in sides else "NOREG" for p in "AB"
    }
    assert all(ram["connections"][f"OCE{side}"] == ["1"] for side in sides)


def change(design, cell, **changes):
    design["modules"]["top"]["cells"][cell] = flip_flop(1, **changes)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda design: design["modules"]["top"]["cells"]["ram"]["connections"].update(CEB=[7]),
        lambda design: design["modules"]["top"]["cells"]["ram"]["parameters"].update(CLKBMUX="INV"),
        lambda design: design["modules"]["top"]["cells"]["ram"]["parameters"].update(REGMODE_B="OUTREG"),
        lambda design: design["modules"]["top"]["ports"]["q"]["bits"].append(READ),
        lambda design: design["modules"]["top"]["cells"].update(more=flip_flop(0, Q=[40])),
        lambda design: change(design, "b", CLK=[3]),
        lambda design: change(design, "b", LSR=[8]),
        lambda design: change(design, "b", CE=[8], parameters={"CEMUX": "CE"}),
        lambda design: change(design, "b", parameters={"REGSET": "SET"}),
        lambda design: change(design, "b", parameters={"CLKMUX": "INV"}),
    ],
)
def test_everything_else_stays(spoil):
    design = netlist()
    spoil(design)
    before = copy.deepcopy(design)
    assert absorb_output_registers(design) == {}
    assert design == before


def test_statistics_lose_what_the_netlist_lost():
    figures = {"modules": {"\\top": {"num_cells_by_type": {"TRELLIS_FF": 5}}, "other": {"num_cells_by_type": {}}}}
    reduce_statistics(figures, {"top": 2})
    assert figures["modules"]["\\top"]["num_cells_by_type"] == {"TRELLIS_FF": 3}
