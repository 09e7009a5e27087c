"""report.json: a study as a file that can be read, drawn and compared again."""

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
_KIND, _MEND = "report of `tospike compare`", "compare again"


def report_json(report: StudyReport) -> str:
    """Return the report as JSON; NaN and infinity are refused."""
    text = json.dumps(to_plain(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # One line for the numbers of all samples. Inside a JSON string there is no newline to match.
    return re.sub(r"\[\n[-+.\deE,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text)


def parse_report(text: str, where: str = NAME) -> StudyReport:
    """Return the report that `report_json` wrote.

    Raises
    ------
    InputError
        It is no such report, or one of another version of tospike.
    """
    with reading(where, _KIND, _MEND):
        data: Any = json.loads(text)
    require(isinstance(data, Mapping) and "verdict" in data, f"{where} is no {_KIND}: give the {NAME} of one")
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
        The file, or the folder that `tospike compare` wrote it into.

    Raises
    ------
    InputError
        As `parse_report`; or there is none.
    """
    file = path / NAME if path.is_dir() else path
    with reading(file, _KIND, _MEND):
        text = read_text(file)
    return parse_report(text, str(file))
