"""The FPGAs on boards, by the vendor's name, as amaranth-boards has it.

Capacities are those of nextpnr's databases: an LFE5U-12F is a 25F, an iCE40 HX4K an HX8K, which the vendor's tools
restrict.
"""

from tospike.hw.params.devices import ECP5, ICE40, Device

_ECP5_SIZES = {
    "12F": ("12k", 24288, 56, 28),
    "25F": ("25k", 24288, 56, 28),
    "45F": ("45k", 43848, 108, 72),
    "85F": ("85k", 83640, 208, 156),
}
"""nextpnr's name, LUTs, block RAMs and multipliers."""
_ECP5_LINES = {"LFE5U": "", "LFE5UM": "um-", "LFE5UM5G": "um5g-"}
"""What precedes the size in nextpnr's name."""


def _ecp5(line: str, size: str) -> Device:
    short, luts, rams, multipliers = _ECP5_SIZES[size]
    return Device(
        name=f"{line}-{size}",
        title=f"{line}-{size}",
        family=ECP5,
        capacity={"lut4": luts, "ff": luts, "bram": rams, "dsp": multipliers},
        size=_ECP5_LINES[line] + short,
        package="",
        speeds=(8,) if line == "LFE5UM5G" else (6, 7, 8),
    )


def _ice40(name: str, cells: int, rams: int, *, kind: str, die: str = "", more: dict[str, int] | None = None) -> Device:
    capacity = {"lut4": cells, "ff": cells, "bram": rams, "dsp": 0, **(more or {})}
    size = die or name.removeprefix("iCE40").lower()
    return Device(
        name=name, title=name, family=ICE40, capacity=capacity, size=size, package="", yosys=f"-device {kind}"
    )


PARTS = {
    part.name: part
    for part in (
        *(_ecp5("LFE5U", size) for size in _ECP5_SIZES),
        *(_ecp5("LFE5UM", size) for size in ("25F", "45F", "85F")),
        *(_ecp5("LFE5UM5G", size) for size in ("25F", "45F", "85F")),
        _ice40("iCE40LP1K", 1280, 16, kind="lp"),
        _ice40("iCE40LP8K", 7680, 32, kind="lp"),
        _ice40("iCE40HX1K", 1280, 16, kind="hx"),
        _ice40("iCE40HX4K", 7680, 32, kind="hx", die="hx8k"),
        _ice40("iCE40HX8K", 7680, 32, kind="hx"),
        _ice40("iCE40UP5K", 5280, 30, kind="u", more={"dsp": 8, "spram": 4}),
    )
}
PACKAGES = {"BG256": "CABGA256", "BG381": "CABGA381", "BG554": "CABGA554", "BG756": "CABGA756", "MG285": "CSFBGA285"}
"""nextpnr's names of ECP5 packages; those of iCE40 are the vendor's in lower case."""
PACKAGE_SUFFIXES = {"iCE40HX4K": ":4k"}
"""What nextpnr appends to the package of a part that is another die."""
