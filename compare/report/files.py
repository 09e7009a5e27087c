"""The files of a study: page, data, tables and figures, written all or none."""

from collections.abc import Callable
from pathlib import Path

from tospike.compare.report import json_file
from tospike.compare.report.csv_tables import iso_accuracy_csv, samples_csv, summary_csv
from tospike.compare.report.figures.distribution import cycles_figure, energy_distribution_figure
from tospike.compare.report.figures.drawing import Drawing
from tospike.compare.report.figures.energy import (
    accuracy_energy_figure,
    break_even_figure,
    fronts_figure,
    iso_accuracy_figure,
)
from tospike.compare.report.figures.parts import energy_figure, levels_figure
from tospike.compare.report.figures.summary import accuracy_figure, summary_figure
from tospike.compare.report.json_file import report_json
from tospike.compare.report.page import report_html
from tospike.compare.report.study import StudyReport
from tospike.gen.files.results_folder import write_results

PAGE = "report.html"
REPORTS = (json_file.NAME, PAGE)


def write_report(report: StudyReport, out_dir: Path) -> Path:
    """Write the page, its data as JSON and CSV, its figures as SVG and PDF into ``out_dir``; return the page's path.

    Raises
    ------
    InputError
        A file cannot be written; existing files are then unchanged.
    """
    drawn = figures_of(report)
    texts = {
        json_file.NAME: report_json(report),
        PAGE: report_html(report, drawn),
        "summary.csv": summary_csv(report),
        "samples.csv": samples_csv(report),
        **({"iso_accuracy.csv": iso_accuracy_csv(report.iso_accuracy)} if report.iso_accuracy else {}),
    }
    drawings = {"summary": summary_figure(report), **drawn}
    names = {f"{name}.{kind}": drawing for name, drawing in drawings.items() for kind in ("svg", "pdf")}
    write_results(out_dir, {**texts, **{name: drawing.file(name) for name, drawing in names.items()}})
    return out_dir / PAGE


def figures_of(report: StudyReport) -> dict[str, Drawing]:
    """Draw every figure for which the report has data, by name."""
    in_gates = any(design.gates_pj for design in report.designs)
    available: tuple[tuple[str, Callable[[StudyReport], Drawing], bool], ...] = (
        ("accuracy", accuracy_figure, True),
        ("cycles", cycles_figure, True),
        ("energy", energy_figure, True),
        ("levels", levels_figure, in_gates),
        ("energy_samples", energy_distribution_figure, True),
        ("fronts", fronts_figure, report.search is not None),
        ("iso_accuracy", iso_accuracy_figure, report.iso_accuracy is not None),
        ("accuracy_energy", accuracy_energy_figure, report.variants is not None),
        ("break_even", break_even_figure, report.break_even is not None),
    )
    return {name: draw(report) for name, draw, there in available if there}
