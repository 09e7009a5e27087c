"""Readings of power over time, from a sensor or a logged file."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tospike.gen.files.reading import read_text
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES

TIMES = ("time", "timestamp", "t", "seconds")
VOLTS, AMPERES, WATTS = (
    ("volts", "voltage", "v"),
    ("amperes", "current", "amps", "a", "i"),
    ("watts", "power", "w", "p"),
)
"""Names of columns, in any case; a unit in brackets may follow, with a prefix m or u."""
_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6}
_UNITS = {"v": VOLTS, "a": AMPERES, "w": WATTS}


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Watts at times in seconds since 1970, ascending."""

    seconds: NDArray[np.float64]
    watts: NDArray[np.float64]

    def mean(self, begin: float, end: float) -> float:
        """Return the mean power from ``begin`` to ``end``.

        Raises
        ------
        InputError
            There are fewer than two readings in that time.
        """
        inside = (self.seconds >= begin) & (self.seconds <= end)
        require(
            int(inside.sum()) >= 2,
            f"there are {int(inside.sum())} readings of power from {begin:.3f} to {end:.3f} s, in a phase of "
            f"{end - begin:.3g} s: log more often, give more --seconds, or shift the log by --log-offset",
        )
        return float(self.watts[inside].mean())


def read_log(path: Path, offset: float = 0.0) -> Readings:
    """Read a CSV file with a line of names: time, and watts, or volts and amperes.

    Parameters
    ----------
    offset
        Seconds to add to its times, which are seconds since 1970, or dates in ISO 8601.

    Raises
    ------
    InputError
        It is not there, has no such columns, or a value is not a number.
    """
    require(path.is_file(), f"there is no file {path}: give a log of power, CSV")
    rows = list(csv.reader(io.StringIO(read_text(path, DATA_BYTES))))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    require(len(rows) >= 3, f"{path} has {max(0, len(rows) - 1)} readings: a line of names and two readings at least")
    names, values = [cell.strip().lower() for cell in rows[0]], rows[1:]
    time = _find(names, TIMES)
    power, volts, amperes = (_find(names, known) for known in (WATTS, VOLTS, AMPERES))
    require(
        time is not None and (power is not None or (volts is not None and amperes is not None)),
        f"{path} has the columns {', '.join(names)}: it needs time, and watts, or volts and amperes",
    )
    assert time is not None
    seconds = np.array([_time(_cell(row, time[0], path, number), path, number) for number, row in enumerate(values, 2)])
    columns = [power] if power is not None else [volts, amperes]
    watts = np.ones(len(values))
    for column in columns:
        assert column is not None
        index, scale = column
        cells = [_number(_cell(row, index, path, number), path, number) for number, row in enumerate(values, 2)]
        watts *= scale * np.array(cells)
    require(bool((np.diff(seconds) >= 0).all()), f"{path}: its times do not ascend")
    return Readings(seconds=seconds + offset, watts=watts)


def _find(names: Sequence[str], known: Sequence[str]) -> tuple[int, float] | None:
    """Return the column of a quantity, and the factor of its unit."""
    for index, name in enumerate(names):
        word, _, rest = name.partition("(") if "(" in name else name.partition("[")
        unit = rest.strip(" )]")
        if word.strip() in known and (not unit or known is TIMES):
            return index, 1.0
        if word.strip() in known and _UNITS.get(unit[-1:]) is known and unit[:-1] in _PREFIXES:
            return index, _PREFIXES[unit[:-1]]
    return None


def _cell(row: Sequence[str], index: int, path: Path, line: int) -> str:
    require(index < len(row), f"{path}: line {line} has {len(row)} values, too few")
    return row[index].strip()


def _number(text: str, path: Path, line: int) -> float:
    try:
        found = float(text)
    except ValueError:
        raise InputError(f"{path}: line {line}: {text!r} is not a number") from None
    require(math.isfinite(found), f"{path}: line {line}: {text!r} is not a finite number")
    return found


def _time(text: str, path: Path, line: int) -> float:
    try:
        return float(text) if math.isfinite(float(text)) else _number(text, path, line)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{path}: line {line}: {text!r} is neither seconds nor a date") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
