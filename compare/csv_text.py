"""Tables as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV: the column names, then the lines; ``None`` is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()
