"""Calibration of an FPGA's prices by power that was measured on a board.

`tospike power` writes it, `--calibration` reads it.

A file is TOML: the name of the technology, and a table for each measurement::

    technology = "ice40"

    [[measurement]]
    design = "digits_snn"          # what ran
    configuration = "e88940045bb89818"
    meter = "INA219, 0.1 ohm"
    samples = 12000
    seconds = 20.0
    dynamic = [1.31, 1.22, 1.40]   # measured over modelled energy of an inference above idle: ratio, lower, upper end
    idle = [0.97, 0.95, 0.99]      # the same of the power between inferences; only if the core's supply was measured

Several measurements give the geometric mean, and an interval from the lowest to the highest end.
"""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from tospike.compare.energy.cost_model import Technology
from tospike.compare.energy.fpga import FpgaTechnology, scaled
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import TEXT_BYTES

LARGEST_RATIO = 1000
"""Of measured to modelled, or its inverse: what is beyond is a mistake, such as one of units."""
MOST_SAMPLES = 10**15


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A ratio of measured to modelled, and its ends."""

    ratio: float
    low: float
    high: float

    def __post_init__(self) -> None:
        ends = (self.low, self.ratio, self.high)
        require(
            all(math.isfinite(end) for end in ends) and 0 < self.low <= self.ratio <= self.high,
            f"a measured ratio needs 0 < lower end <= ratio <= upper end, not {self.low:g}, {self.ratio:g}, "
            f"{self.high:g}",
        )
        require(
            self.low >= 1 / LARGEST_RATIO and self.high <= LARGEST_RATIO,
            f"a measured ratio of {self.ratio:g} ({self.low:g} to {self.high:g}) is beyond 1/{LARGEST_RATIO} to "
            f"{LARGEST_RATIO}: check the shunt, the units of the log, and that this design ran",
        )

    @classmethod
    def over(cls, several: Sequence["Interval"]) -> "Interval":
        """Return the geometric mean of several, from the lowest end to the highest."""
        mean = math.exp(sum(math.log(each.ratio) for each in several) / len(several))
        return cls(ratio=mean, low=min(each.low for each in several), high=max(each.high for each in several))


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One design on one board."""

    design: str
    configuration: str
    meter: str
    samples: int
    seconds: float
    dynamic: Interval
    idle: Interval | None = None

    def __post_init__(self) -> None:
        for name in ("design", "configuration", "meter"):
            _check_name(name, getattr(self, name))
        require(
            type(self.samples) is int and 1 <= self.samples <= MOST_SAMPLES,
            f"samples must be a whole number from 1 to {MOST_SAMPLES}, not {_said(self.samples)}",
        )
        good = type(self.seconds) in (int, float) and 0 < self.seconds <= MOST_SAMPLES
        require(good, f"seconds must be a positive number up to {MOST_SAMPLES}, not {_said(self.seconds)}")

    def __str__(self) -> str:
        return f"{self.design} on {self.meter}"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The measurements of one technology."""

    technology: str
    measurements: tuple[Measurement, ...]

    def __post_init__(self) -> None:
        _check_name("technology", self.technology)
        require(len(self.measurements) >= 1, "a calibration needs a measurement: see tospike power")

    @property
    def dynamic(self) -> Interval:
        """Of the energy of an inference above idle."""
        return Interval.over([each.dynamic for each in self.measurements])

    @property
    def idle(self) -> Interval | None:
        """Of the power between inferences; ``None``: it was not measured."""
        known = [each.idle for each in self.measurements if each.idle is not None]
        return Interval.over(known) if known else None

    def with_measurement(self, more: Measurement) -> "Calibration":
        """Return this calibration with one more; an earlier one of the same configuration and meter is replaced."""
        kept = [
            each for each in self.measurements if (each.configuration, each.meter) != (more.configuration, more.meter)
        ]
        return replace(self, measurements=(*kept, more))

    def __str__(self) -> str:
        found = self.dynamic
        return (
            f"calibrated with {', '.join(map(str, self.measurements))}: measured over modelled {found.ratio:.3g} "
            f"({found.low:.3g} to {found.high:.3g})"
        )

    def to_toml(self) -> str:
        """Return the file."""
        lines = [f"technology = {_quoted(self.technology)}"]
        for each in self.measurements:
            lines += ["", "[[measurement]]"]
            lines += [f"{name} = {_quoted(getattr(each, name))}" for name in ("design", "configuration", "meter")]
            lines += [f"samples = {each.samples}", f"seconds = {each.seconds!r}"]
            for name, found in (("dynamic", each.dynamic), ("idle", each.idle)):
                if found is not None:
                    lines.append(f"{name} = [{found.ratio!r}, {found.low!r}, {found.high!r}]")
        return "\n".join([*lines, ""])


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file.

    Raises
    ------
    InputError
        It is not there, not TOML, or a key is missing, unknown or invalid.
    """
    require(path.is_file(), f"there is no file {path}: tospike power writes one")
    with reading(path, "calibration in TOML", "write it with tospike power"):
        tables = tomllib.loads(read_text(path, TEXT_BYTES))
        _check_keys(tables, ("technology", "measurement"), "it")
        listed = tables["measurement"]
        require(isinstance(listed, list), "measurement is a list of tables: write [[measurement]] above each")
        measured = tuple(_measurement(each, f"measurement {number}") for number, each in enumerate(listed, 1))
        return Calibration(technology=tables["technology"], measurements=measured)


def _measurement(table: Any, where: str) -> Measurement:
    require(isinstance(table, dict), f"{where} is no table: write [[measurement]] above it")
    every = fields(Measurement)
    _check_keys(table, [each.name for each in every if each.default is MISSING], where, ["idle"])
    try:
        intervals = {name: _interval(name, table[name]) for name in ("dynamic", "idle") if name in table}
        return Measurement(**{**table, **intervals})
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _interval(name: str, value: Any) -> Interval:
    good = isinstance(value, list) and len(value) == 3 and all(type(each) in (int, float) for each in value)
    require(good, f"{name}: an interval is [ratio, lower end, upper end], not {_said(value)}")
    ratio, low, high = (_float(each) for each in value)
    return Interval(ratio=ratio, low=low, high=high)


def _float(value: float) -> float:
    """Return a number of a file, which may be an integer beyond every float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _check_name(what: str, value: Any) -> None:
    good = isinstance(value, str) and value != "" and value.isprintable()
    require(good, f"{what} is a name, a text of one line, not {_said(value)}")


def _said(value: Any) -> str:
    """Return a value for a message, shortened."""
    text = "a huge number" if isinstance(value, int) and abs(value) > MOST_SAMPLES else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _quoted(text: str) -> str:
    """Return a printable text as TOML has it, whose strings are those of JSON but for escaped surrogates."""
    return json.dumps(text, ensure_ascii=False)


def _check_keys(table: Mapping[str, Any], needed: Sequence[str], where: str, optional: Sequence[str] = ()) -> None:
    also = f", and {', '.join(optional)} may be there" if optional else ""
    unknown = next((key for key in table if key not in (*needed, *optional)), None)
    require(unknown is None, f"{where} has an unknown key {_said(unknown)}: it has {', '.join(needed)}{also}")
    missing = next((key for key in needed if key not in table), None)
    require(missing is None, f"{where} lacks the key {missing!r}: it has {', '.join(needed)}{also}")


@dataclass(frozen=True, kw_only=True)
class CalibratedTechnology(FpgaTechnology):
    """An FPGA's prices, times what was measured; in place of factors, the interval of the measurements."""

    calibration: Calibration
    base: FpgaTechnology = field(repr=False)
    """The prices as they were."""

    def corners(self) -> tuple[Technology, ...]:
        """Return the prices at the ends of what was measured, in every combination.

        All dynamic prices move together: the power of a whole design says nothing of its parts. Where the idle power
        was not measured, clock and static power keep their factors.
        """
        dynamic, idle, base = self.calibration.dynamic, self.calibration.idle, self.base
        factors = base.devices.static_factor, base.devices.clock_factor
        ends = [(idle.low, idle.low), (idle.high, idle.high)] if idle else [*product(*((1 / f, f) for f in factors))]
        return tuple(
            scaled(base, dynamic=scale, static=static, clock=clock)
            for scale in (dynamic.low, dynamic.high)
            for static, clock in ends
        )


def calibrated(technology: Technology, calibration: Calibration) -> CalibratedTechnology:
    """Return a technology with calibrated prices.

    Raises
    ------
    InputError
        It is no FPGA's, or not the one that was measured.
    """
    if not isinstance(technology, FpgaTechnology):
        raise InputError(f"technology {technology.name} prices standard cells: a calibration is for an FPGA's")
    require(
        technology.name == calibration.technology,
        f"the calibration is of technology {calibration.technology}, not of {technology.name}",
    )
    idle = calibration.idle.ratio if calibration.idle else 1.0
    found = scaled(technology, dynamic=calibration.dynamic.ratio, static=idle, clock=idle)
    own = {each.name: getattr(found, each.name) for each in fields(FpgaTechnology)}
    about = f"{technology.description.removesuffix(', uncalibrated').removesuffix('; uncalibrated')}; {calibration}"
    return CalibratedTechnology(**{**own, "description": about}, calibration=calibration, base=technology)
