"""report.html: the whole study on one self-contained page."""

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, TypeGuard

from tospike.compare.plain import to_plain
from tospike.compare.report.area import CellArea
from tospike.compare.report.candidates import Candidate, describe
from tospike.compare.report.design import DesignReport
from tospike.compare.report.figures.drawing import Drawing, css_variables
from tospike.compare.report.numbers import percent, significant, times
from tospike.compare.report.ratios import area_ratio, latency_ratio
from tospike.compare.report.rows import grouped_rows
from tospike.compare.report.study import StudyReport
from tospike.compare.report.tables import (
    engines_table,
    gates_table,
    in_gates,
    levels_table,
    operations_table,
    part_levels_table,
    published_table,
)
from tospike.compare.report.template import fill
from tospike.compare.report.verdict import PlatformVerdict

_RESOURCES = {"lut4": "LUT4", "carry": "carry", "ff": "FF", "bram": "BRAM", "dsp": "DSP"}


def report_html(report: StudyReport, drawn: Mapping[str, Drawing]) -> str:
    """Return the page as one file, with style and the figures of `figures_of` embedded."""
    designs = report.shown
    return fill(
        "page.html.j2",
        report=report,
        designs=designs,
        ratios=_ratios(report),
        platforms=_platforms(report),
        level_error=percent(math.expm1(report.verdict.level_error)),
        rows=grouped_rows(report),
        fronts=_fronts(report, drawn),
        variables=css_variables(),
        figures={name: drawing.in_page for name, drawing in drawn.items()},
        levels=levels_table(designs),
        measured=[design for design, _ in in_gates(designs)],
        gates=gates_table(designs),
        part_levels=part_levels_table(designs),
        operations=operations_table(designs),
        published=published_table(report),
        resources=_RESOURCES,
        engines=engines_table(designs),
        in_cells=[design for design in designs if isinstance(design.fpga, CellArea)],
        choices=_choices(designs),
        provenance=[(name, value) for name, value in to_plain(report.provenance).items() if name != "command"],
    )


def _fronts(report: StudyReport, drawn: Mapping[str, Drawing]) -> str:
    """Return the section of the candidates; empty without a search."""
    if report.search is None:
        return ""
    return fill(
        "fronts.html.j2",
        search=report.search,
        candidates=report.candidates,
        best=(report.best.ann, report.best.snn),
        figure=drawn["fronts"].in_page,
        model=report.technology.name,
        sizes=_size,
        script=resources.files("tospike.compare.report").joinpath("fronts.js").read_text("utf-8"),
    )


def _size(candidate: Candidate) -> str:
    """Return the size of a candidate's engines, in words."""
    array = [f"{candidate.rows} x {candidate.cols}"] if candidate.rows else []
    lanes = [f"{candidate.lanes} lane{'s'[: candidate.lanes > 1]}"] if candidate.lanes else []
    fold = [f"{candidate.fold:,} cycles per layer"] if candidate.fold else []
    gated = ["gated clock"] if candidate.clock_gating else []
    return ", ".join([*array, *lanes, *fold, *gated]) or "–"


def _choices(designs: Sequence[DesignReport]) -> list[tuple[str, list[object]]]:
    """Return one row per choice, with nested names joined and each design's value."""
    flat = [dict(_flatten(design.choices)) for design in designs]
    names = list(dict.fromkeys(name for choices in flat for name in choices))
    return [(name, [choices.get(name) for choices in flat]) for name in names]


def _flatten(choices: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in choices.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        items = {item["stage"]: item for item in value} if _is_stages(value) else value
        if isinstance(items, Mapping):
            yield from _flatten(items, f"{name}: ")
        elif key != "stage":
            yield name, value


def _is_stages(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(item, Mapping) and "stage" in item for item in value)


def _platforms(report: StudyReport) -> list[tuple[str, PlatformVerdict, str, str]]:
    """Return the verdict of each platform with the designs that it compares, in words."""
    found = (("ASIC", report.verdict.platforms.asic), ("FPGA", report.verdict.platforms.fpga))
    return [(name, each, describe(each.against), describe(each.judged)) for name, each in found if each]


def _ratios(report: StudyReport) -> list[tuple[str, str, str]]:
    """Return the figures beside the verdict: (figure, label, basis). Ratios are SNN over ANN."""
    verdict, accuracy = report.verdict, report.verdict.accuracy
    points = f"{100 * (accuracy.snn - accuracy.ann):+.1f} points".replace("-", "−")
    latency, unit = latency_ratio(report.ann, report.snn)
    area = area_ratio(report.ann, report.snn)
    low, high = (significant(end) for end in verdict.interval)
    return [
        (times(verdict.ratio), "energy", f"{low} to {high}, {verdict.level}"),
        (points, "accuracy", f"at least {100 * accuracy.bound:+.1f} for the cheaper side".replace("-", "−")),
        (times(latency), "latency", "time" if unit == "us" else "in cycles"),
        *([(times(area[0]), "area", area[1])] if area else []),
    ]
