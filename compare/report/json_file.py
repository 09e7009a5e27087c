"""Write and read report.json: a study as a file that can be drawn and judged again."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tospike.compare.plain import from_plain, to_plain
from tospike.compare.report.study import FORMAT, StudyReport
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import require

NAME = "report.json"
_KIND, _REMEDY = "report of `tospike compare`", "compare again"


def report_json(report: StudyReport) -> str:
    """Return the report as JSON; NaN and infinity are refused."""
    text = json.dumps(to_plain(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # One line for the numbers of all samples. JSON strings contain no newlines, so only lists match.
    return re.sub(r"\[\n[-+.\deE,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text)


def parse_report(text: str, where: str = NAME) -> StudyReport:
    """Parse the output of `report_json`.

    Raises
    ------
    InputError
        The text is not a report, or is from another version of tospike.
    """
    with reading(where, _KIND, _REMEDY):
        data: Any = json.loads(text)
    require(isinstance(data, Mapping) and "verdict" in data, f"{where} is not a {_KIND}: give its {NAME}")
    found = data.get("format")
    provenance = data.get("provenance")
    version = provenance.get("tospike") if isinstance(provenance, Mapping) else None
    require(
        found == FORMAT,
        f"{where} is a report of another version of tospike ({version or 'unknown'}, format {found or 'none'}, not "
        f"{FORMAT}): compare again",
    )
    return from_plain(StudyReport, data, where)


def load_report(path: Path) -> StudyReport:
    """Read a saved report.

    Parameters
    ----------
    path
        The file, or the folder of `tospike compare`.

    Raises
    ------
    InputError
        As for `parse_report`; or the file is missing.
    """
    file = path / NAME if path.is_dir() else path
    with reading(file, _KIND, _REMEDY):
        text = read_text(file)
    return parse_report(text, str(file))
