"""A study in the output of a notebook's cell."""

from tospike.compare.report.rows import grouped_rows, notes
from tospike.compare.report.study import StudyReport
from tospike.compare.report.template import fill


def notebook_html(report: StudyReport) -> str:
    """Return verdict and main table as a fragment of HTML."""
    return fill(
        "notebook.html.j2", report=report, designs=report.shown, notes=list(notes(report)), rows=grouped_rows(report)
    )
