"""Results of synthesis in a report: area on an FPGA or in standard cells, and clock frequency."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.plain import from_plain
from tospike.hw.params import InputError
from tospike.synth.report import AREA_ONLY, AreaReport, CriticalPath, FpgaReport, SynthReport


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Cells of an FPGA: see :data:`tospike.synth.targets.RESOURCES`."""

    lut4: int
    carry: int
    ff: int
    bram: int
    dsp: int
    lutram: int
    spram: int


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Cells of one kind, as named by the place and route tool."""

    used: int
    available: int


@dataclass(frozen=True, kw_only=True)
class FpgaArea(Resources):
    """The design on an FPGA, placed and routed."""

    target: str
    speed: int | None
    """Speed grade; ``None`` if the device has only one."""
    seed: int
    fmax_mhz: float
    critical_path: CriticalPath
    engines: Mapping[str, Resources]
    """Resources of each engine, part of the total."""
    wrapper: Resources
    """Resources of the wrapper around the pins, not part of the total."""
    placed: Mapping[str, Placed]
    limits: Mapping[str, int]
    """Capacity of the device."""
    tools: Mapping[str, str]
    """Versions."""
    options: Mapping[str, str]
    """Command of each tool."""


@dataclass(frozen=True, kw_only=True)
class CellArea:
    """The design in standard cells; areas in the library's unit, mostly square micrometres."""

    target: str
    area: float
    """Area of cells; memories are counted in bits."""
    cells: int
    ff: int
    memory_bits: int
    engines: Mapping[str, Mapping[str, float]]
    tools: Mapping[str, str]
    """Versions."""


def area_of(report: SynthReport) -> FpgaArea | CellArea:
    """Convert a report of synthesis, as in ``tospike synth --json``.

    Raises
    ------
    InputError
        It is of an FPGA family without a clock, which a study cannot use.
    """
    if isinstance(report, AreaReport):
        raise InputError(f"{report.target} is {AREA_ONLY}: give another --target")
    if isinstance(report, FpgaReport):
        return from_plain(FpgaArea, report.to_json(), "synthesis")
    return from_plain(CellArea, report.to_json(), "synthesis")
