"""What is on record of a study of two small networks, ``study.json``, without what place and route decide.

``PYTHONPATH=tests python -m recorded.study REPORT`` writes the figures of REPORT, a ``report.json`` of the command in
``tests/unit/compare/study/test_study.py``, to where they are on record; do so only where a figure is meant to change.
"""

import json
import re
import sys
from pathlib import Path

STUDY = Path(__file__).with_name("study.json")


def renewed(recorded, found):
    """What is on record, with the figures that were found."""
    if isinstance(recorded, dict):
        return {key: renewed(value, found[key]) for key, value in recorded.items()}
    if isinstance(recorded, list) and len(recorded) == len(found):  # a table may have a new row
        return [renewed(*pair) for pair in zip(recorded, found, strict=True)]
    return found


def main():
    report = json.loads(Path(sys.argv[1]).read_text())
    text = json.dumps(renewed(json.loads(STUDY.read_text()), report), indent=1)
    text = re.sub(
        r"\[[-\d.,\s]+\]", lambda numbers: " ".join(numbers[0].split()), text
    )  # a line for each list of numbers
    STUDY.write_text(text + "\n")


if __name__ == "__main__":
    main()
