"""A study's tables as CSV, with unrounded numbers."""

from dataclasses import astuple, fields

from tospike.compare.csv_text import to_csv
from tospike.compare.report.rows import summary_rows
from tospike.compare.report.study import StudyReport
from tospike.compare.report.variations import IsoAccuracy, Point


def summary_csv(report: StudyReport) -> str:
    """Return the main table, one line per figure and design."""
    lines = [
        (row.group, row.label, design.name, value)
        for row in summary_rows(report)
        for design, value in zip(report.shown, row.numbers, strict=True)
    ]
    return to_csv(("group", "figure", "design", "value"), lines)


def samples_csv(report: StudyReport) -> str:
    """Return cycles and energy (hardware counters, pJ) of every sample and design."""
    lines = [
        (design.name, number, cycles, energy)
        for design in report.shown
        for number, (cycles, energy) in enumerate(zip(design.cycles_samples, design.counters_pj.samples, strict=True))
    ]
    return to_csv(("design", "sample", "cycles", "energy_pj"), lines)


def iso_accuracy_csv(found: IsoAccuracy) -> str:
    """Return every point of both networks over bits and time steps."""
    return to_csv([field.name for field in fields(Point)], map(astuple, found.points))
