"""The report in the terminal: the main table, the verdict, and the path of the page."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from tospike.cli.console import Table
from tospike.compare.report.numbers import MISSING
from tospike.compare.report.rows import notes, summary_rows
from tospike.compare.report.study import StudyReport

_LABELS = 16
"""Minimum width of the labels in a narrow terminal, in characters."""


def comparison_table(report: StudyReport) -> Table:
    """Return the main table for the terminal."""
    workload = report.workload
    designs, rows = report.shown, summary_rows(report)
    table = Table(title=f"{workload.name}: {workload.samples} samples", title_justify="left")
    table.add_column("", min_width=_LABELS)
    for number, design in enumerate(designs):
        # in a narrow terminal a long name is folded, but never a number
        widest = max(len(row.values[number]) for row in rows)
        heading = f"{design.name}\n({design.kind.upper()})"
        table.add_column(heading, justify="right", min_width=widest)
    table.add_column("SNN / ANN", justify="right", no_wrap=True)
    group = None
    for row in rows:
        if row.group != group:
            if group is not None:
                table.add_section()
            group = row.group
            table.add_row(Text(group, style="bold"))
        empty = all(value == MISSING for value in row.values)
        table.add_row(f"  {row.label}", *row.values, row.ratio, style="dim" if empty else None)
    return table


def print_report(report: StudyReport, page: Path, console: Console) -> None:
    """Print the table, the verdict, and the path of the page."""
    console.print(comparison_table(report))
    console.print()
    console.print(Text(report.verdict.sentence, style="bold"))
    console.print()
    for text in notes(report):
        console.print(Text(text))
        console.print()
    # neither wrapped nor coloured, so that the path can be copied
    console.print(Text(f"report: {page}"), soft_wrap=True)
