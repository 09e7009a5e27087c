"""A study as the output of a notebook cell."""

from tospike.compare.report.rows import grouped_rows, notes
from tospike.compare.report.study import StudyReport
from tospike.compare.report.template import fill


def notebook_html(report: StudyReport) -> str:
    """Return verdict and main table as an HTML fragment."""
    return fill(
        "notebook.html.j2", report=report, designs=report.shown, notes=list(notes(report)), rows=grouped_rows(report)
    )
