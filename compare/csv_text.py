"""Tables as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence


def to_csv(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A table as text: the names of its columns, then its lines; ``None`` is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return text.getvalue()
