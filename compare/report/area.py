"""What synthesis says of a design: area on an FPGA or in standard cells, and the clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from tospike.compare.plain import from_plain
from tospike.synth.report import CellReport, CriticalPath, FpgaReport


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
    """Cells of one kind, in the words of the place and route tool."""

    used: int
    available: int


@dataclass(frozen=True, kw_only=True)
class FpgaArea(Resources):
    """The design on an FPGA, placed and routed."""

    target: str
    speed: int | None
    """Speed grade; ``None`` where the device has but one."""
    seed: int
    fmax_mhz: float
    critical_path: CriticalPath
    engines: Mapping[str, Resources]
    """Those of each engine, which are part of the whole."""
    wrapper: Resources
    """The shell around the pins, which is not."""
    placed: Mapping[str, Placed]
    limits: Mapping[str, int]
    """What the device has."""
    tools: Mapping[str, str]
    """Versions."""
    options: Mapping[str, str]
    """What each tool was told to do."""


@dataclass(frozen=True, kw_only=True)
class CellArea:
    """The design in standard cells; areas in the library's unit, mostly square micrometres."""

    target: str
    area: float
    """Of cells; memories are counted in bits."""
    cells: int
    ff: int
    memory_bits: int
    engines: Mapping[str, Mapping[str, float]]
    tools: Mapping[str, str]
    """Versions."""


def area_of(report: FpgaReport | CellReport) -> FpgaArea | CellArea:
    """Return what a study keeps of synthesis: what ``tospike synth --json`` writes."""
    if isinstance(report, FpgaReport):
        return from_plain(FpgaArea, report.to_json(), "synthesis")
    return from_plain(CellArea, report.to_json(), "synthesis")
