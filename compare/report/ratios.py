"""Ratios of two designs beside that of energy: latency and area. Every ratio is SNN over ANN."""

from typing import Literal

from tospike.compare.report.area import CellArea, FpgaArea
from tospike.compare.report.design import DesignReport


def latency_ratio(ann: DesignReport, snn: DesignReport) -> tuple[float, Literal["us", "cycles"]]:
    """Return the ratio of mean latencies: in time if both designs were placed and routed, otherwise in cycles."""
    if ann.latency_us and snn.latency_us:
        return snn.latency_us.mean / ann.latency_us.mean, "us"
    return snn.cycles.mean / ann.cycles.mean, "cycles"


def area_ratio(ann: DesignReport, snn: DesignReport) -> tuple[float, Literal["LUTs", "cells' area"]] | None:
    """Return the ratio of LUTs, or of the area of standard cells; ``None`` if it is not known."""
    match ann.fpga, snn.fpga:
        case FpgaArea() as below, FpgaArea() as above if below.lut4:
            return above.lut4 / below.lut4, "LUTs"
        case CellArea() as few, CellArea() as many if few.area:
            return many.area / few.area, "cells' area"
        case _:
            return None
