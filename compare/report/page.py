"""report.json and report.html: the whole study in one file each, written at once or not at all."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any, TypeGuard

import jinja2
import numpy as np

from tospike.compare.report import figures
from tospike.compare.report.drawing import Drawing, css_variables
from tospike.compare.report.figures_energy import (
    accuracy_energy_figure,
    break_even_figure,
    energy_distribution_figure,
    iso_accuracy_figure,
    levels_figure,
)
from tospike.compare.report.numbers import count, percent, signed, significant, times
from tospike.compare.report.table import Report, shown, summary_rows
from tospike.compare.report.tables import (
    engines_table,
    gates_table,
    levels_table,
    operations_table,
    part_levels_table,
    published_table,
)
from tospike.gen.results_folder import write_results

REPORTS = ("report.json", "report.html")
_TOP_ORDER = (
    "workload",
    "question",
    "warnings",
    "verdict",
    "designs",
    "controls",
    "twin",
    "activity",
    "break_even",
    "iso_accuracy",
    "sensitivity",
    "variants",
    "gates",
    "models",
    "constants",
    "technology",
    "provenance",
)
_DESIGN_ORDER = (
    "name",
    "kind",
    "description",
    "accuracy",
    "rtl_samples",
    "mismatches",
    "cycles",
    "fpga",
    "latency_us",
    "operations",
    "energy_pj",
    "counted_pj",
    "levels",
    "gates_pj",
    "published_pj",
    "choices",
)
_RESOURCES = {"lut4": "LUT4", "carry": "carry", "ff": "FF", "bram": "BRAM", "dsp": "DSP"}


def write_report(report: Report, out_dir: Path) -> Path:
    """Write the page, its data as JSON and CSV, its figures as SVG and PDF into ``out_dir``; return the page's path.

    Raises
    ------
    InputError
        If a file cannot be written; what was there before is then untouched.
    """
    drawn = figures_of(report)
    texts = {
        REPORTS[0]: report_json(report),
        REPORTS[1]: report_html(report, drawn),
        "summary.csv": summary_csv(report),
        "samples.csv": samples_csv(report),
        **({"iso_accuracy.csv": iso_accuracy_csv(report)} if report.get("iso_accuracy") else {}),
    }
    drawings = {"summary": figures.summary_figure(report), **drawn}
    names = {f"{name}.{kind}": drawing for name, drawing in drawings.items() for kind in ("svg", "pdf")}
    write_results(out_dir, {**texts, **{name: drawing.file(name) for name, drawing in names.items()}})
    return out_dir / "report.html"


def figures_of(report: Report) -> dict[str, Drawing]:
    """Draw every figure that the report has data for, by name."""
    designs = report["designs"]
    available: tuple[tuple[str, Callable[[Report], Drawing], object], ...] = (
        ("accuracy", figures.accuracy_figure, True),
        ("cycles", figures.cycles_figure, True),
        ("energy", figures.energy_figure, any(d.get("levels") for d in designs)),
        ("levels", levels_figure, any(d.get("gates_pj") for d in designs)),
        ("energy_samples", energy_distribution_figure, any(d.get("counted_pj") for d in designs)),
        ("iso_accuracy", iso_accuracy_figure, report.get("iso_accuracy")),
        ("accuracy_energy", accuracy_energy_figure, report.get("variants")),
        ("break_even", break_even_figure, report.get("break_even")),
    )
    return {name: draw(report) for name, draw, there in available if there}


def summary_csv(report: Report) -> str:
    """Return the main table, a line per figure and design, numbers in full."""
    lines = [
        (row.group, row.label, design["name"], value)
        for row in summary_rows(report)
        for design, value in zip(shown(report), row.numbers, strict=True)
    ]
    return _csv(("group", "figure", "design", "value"), lines)


def samples_csv(report: Report) -> str:
    """Return cycles and energy (level 2, pJ) of every sample and design."""
    lines = []
    for design in shown(report):
        cycles = np.atleast_1d(design.get("cycles_samples", []))
        energy = (design.get("counted_pj") or {}).get("samples") or [""] * len(cycles)
        lines += [(design["name"], n, int(c), e) for n, (c, e) in enumerate(zip(cycles, energy, strict=True))]
    return _csv(("design", "sample", "cycles", "energy_pj"), lines)


def iso_accuracy_csv(report: Report) -> str:
    """Return every point of both networks over bits and time steps."""
    columns = ("kind", "label", "accuracy", "pj", "front")
    return _csv(columns, [[point[column] for column in columns] for point in report["iso_accuracy"]["points"]])


def _csv(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()


def report_json(report: Report) -> str:
    """Return the report as JSON with its keys in a fixed order; NaN and infinity are refused."""
    ordered = _ordered(report, _TOP_ORDER)
    for key in ("designs", "controls"):
        if key in ordered:
            ordered[key] = [_ordered(design, _DESIGN_ORDER) for design in report[key]]
    text = json.dumps(ordered, indent=1, ensure_ascii=False, allow_nan=False, default=_plain) + "\n"
    # One line for the numbers of all samples. Inside a JSON string there is no newline to match.
    return re.sub(r"\[\n[-+.\deE,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text)


def _ordered(mapping: Mapping[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    """Put the named keys first, then the others by name."""
    rest = sorted(key for key in mapping if key not in first)
    return {key: mapping[key] for key in (*first, *rest) if key in mapping}


def _plain(value: object) -> object:
    """Turn NumPy's numbers and arrays, and paths, into what JSON knows."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in report.json")


def report_html(report: Report, drawn: Mapping[str, Drawing]) -> str:
    """Return the page: one file with its style and the figures of `figures_of` inside, that needs no network."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(significant=significant, count=count, plain=_text, signed=signed, percent=percent)
    template = environment.from_string(
        resources.files("tospike.compare.report").joinpath("page.html.j2").read_text("utf-8")
    )
    designs = shown(report)
    rows = [(name, list(group)) for name, group in groupby(summary_rows(report), key=lambda row: row.group)]
    return template.render(
        report=report,
        designs=designs,
        margins=_margins(report),
        rows=rows,
        variables=css_variables(),
        figures={name: drawing.in_page for name, drawing in drawn.items()},
        levels=levels_table(designs),
        gates=gates_table(designs),
        part_levels=part_levels_table(designs),
        operations=operations_table(designs),
        published=published_table(report),
        resources=_RESOURCES,
        engines=[(d["name"], name, area) for d in designs for name, area in engines_table(d).items()],
        choices=_choices(designs),
    )


def _text(value: object) -> str:
    """Write a choice or a provenance entry as a reader expects it."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case Mapping():
            return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            return str(value)


def _choices(designs: list[Mapping[str, Any]]) -> list[tuple[str, list[object]]]:
    """One row per choice, nested names joined, with each design's value."""
    flat = [dict(_flatten(design.get("choices") or {})) for design in designs]
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


def _margins(report: Report) -> list[tuple[str, str, str]]:
    """Return the margins beside the verdict: (figure, what it is, what it rests on). Ratios are SNN over ANN."""
    margins = report["verdict"]["margins"]
    accuracy, energy, latency, area = (margins[key] for key in ("accuracy", "energy", "latency", "area"))
    points = accuracy["difference_points"]
    basis = "RTL" if accuracy["basis"] == "rtl" else "golden model"
    shown = [(f"{points:+.1f} points".replace("-", "−"), "accuracy", f"SNN minus ANN, {basis}")]
    if energy is not None:
        spans = [(energy["interval"], "inputs")]
        if len(energy["technologies"]) > 1:
            ratios = energy["technologies"].values()
            spans.append(((min(ratios), max(ratios)), "technologies"))
        notes = [f"{significant(span[0])} to {significant(span[1])} over {what}" for span, what in spans if span]
        note = "; ".join(notes) or energy["model"]
        shown.append((times(energy["ratio"]), "energy", note))
    shown.append((times(latency["ratio"]), "latency", "time" if latency["unit"] == "us" else "in cycles"))
    if area is not None:
        shown.append((times(area["lut4"]), "area", "LUT4"))
    return shown
