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

from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import DATA_BYTES

TIMES = ("time", "timestamp", "t", "seconds")
VOLTS, AMPERES, WATTS = (
    ("volts", "voltage", "v"),
    ("amperes", "current", "amps", "a", "i"),
    ("watts", "power", "w", "p"),
)
"""Names of columns, in any case; a unit in brackets may follow, with a prefix m, u or n."""
_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9}
_UNITS = {"v": VOLTS, "a": AMPERES, "w": WATTS, "s": TIMES}
_ZONES = ("utc", "iso 8601", "sec", "seconds")
"""What may stand in brackets after a time besides a unit."""
LARGEST_HOLE = 0.25
"""Part of a phase that may be without a reading."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """Watts at times in seconds since 1970, ascending."""

    seconds: NDArray[np.float64]
    watts: NDArray[np.float64]

    def __post_init__(self) -> None:
        require(
            bool((np.diff(self.seconds) > 0).all()),
            "the times of readings do not ascend: was the clock of the computer set meanwhile?",
        )

    def mean(self, begin: float, end: float) -> float:
        """Return the mean power from ``begin`` to ``end``, over time: between readings it is a straight line.

        Readings outside are left out: the power may have changed between. Before the first one inside and after the
        last, the power is theirs.

        Raises
        ------
        InputError
            There are fewer than two readings in that time, or none in a large part of it; or the power is negative.
        """
        inside = (self.seconds >= begin) & (self.seconds <= end)
        require(
            int(inside.sum()) >= 2,
            f"there are {int(inside.sum())} readings of power from {begin:.3f} to {end:.3f} s, in a phase of "
            f"{end - begin:.3g} s: log more often, give more --seconds, or shift the log by --log-offset",
        )
        times = np.concatenate([[begin], self.seconds[inside], [end]])
        watts = np.pad(self.watts[inside], 1, mode="edge")
        holes = np.diff(times)
        hole = int(holes.argmax())
        require(
            float(holes[hole]) <= LARGEST_HOLE * (end - begin),
            f"there is no reading of power from {times[hole]:.3f} to {times[hole + 1]:.3f} s, in a phase of "
            f"{end - begin:.3g} s from {begin:.3f} s, and at most a quarter may lack: log more often, give more "
            "--seconds, or shift the log by --log-offset",
        )
        mean = float(((watts[:-1] + watts[1:]) / 2 * holes).sum() / (end - begin))
        require(
            mean >= 0,
            f"the power from {begin:.3f} to {end:.3f} s is negative, {1000 * mean:.3g} mW: swap the shunt's leads",
        )
        return mean


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
    with reading(path, "log of power", "give CSV in UTF-8, with commas between its columns"):
        return _parse(read_text(path, DATA_BYTES).removeprefix("\ufeff"), offset)


def _parse(text: str, offset: float) -> Readings:
    table = csv.reader(io.StringIO(text, newline=None), strict=True)
    lines = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    require(len(lines) >= 3, f"it has {max(0, len(lines) - 1)} readings: a line of names and two readings at least")
    names, rows = [cell.strip().lower() for cell in lines[0][1]], lines[1:]
    for other, said in ((";", "semicolons"), ("\t", "tabs")):
        require(
            len(names) > 1 or other not in names[0],
            f"it has {said} between its columns: write commas, and points in decimal numbers",
        )
    time = _find(names, TIMES)
    power, volts, amperes = (_find(names, known) for known in (WATTS, VOLTS, AMPERES))
    if time is None or (power is None and (volts is None or amperes is None)):
        raise InputError(
            f"it has the columns {_short(', '.join(names))}: it needs time, and watts, or volts and amperes; units in "
            "brackets may be s, W, V and A, with m, u or n before them"
        )
    seconds = np.array([_time(_cell(row, time[0], line), time[1], line) for line, row in rows])
    for (line, _), step in zip(rows[1:], np.diff(seconds), strict=True):
        require(step > 0, f"line {line}: its times do not ascend, each later than the one before")
    watts = np.ones(len(rows))
    for index, scale in [power] if power is not None else [each for each in (volts, amperes) if each is not None]:
        watts *= scale * np.array([_number(_cell(row, index, line), line) for line, row in rows])
    return Readings(seconds=seconds + offset, watts=watts)


def _find(names: Sequence[str], known: Sequence[str]) -> tuple[int, float] | None:
    """Return the column of a quantity, and the factor of its unit."""
    for index, name in enumerate(names):
        word, _, rest = name.partition("(") if "(" in name else name.partition("[")
        unit = rest.strip(" )]")
        if word.strip() in known and (not unit or (known is TIMES and unit in _ZONES)):
            return index, 1.0
        if word.strip() in known and _UNITS.get(unit[-1:]) is known and unit[:-1] in _PREFIXES:
            return index, _PREFIXES[unit[:-1]]
    return None


def _cell(row: Sequence[str], index: int, line: int) -> str:
    require(index < len(row), f"line {line} has {len(row)} values, too few")
    return row[index].strip()


def _number(text: str, line: int) -> float:
    try:
        found = float(text)
    except ValueError:
        raise InputError(f"line {line}: {_short(text)!r} is not a number") from None
    require(math.isfinite(found), f"line {line}: {text!r} is not a finite number")
    return found


def _time(text: str, scale: float, line: int) -> float:
    try:
        return scale * float(text) if math.isfinite(float(text)) else _number(text, line)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"line {line}: {_short(text)!r} is neither seconds nor a date") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
