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
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from tospike.compare.energy.cost_model import Technology
from tospike.compare.energy.fpga import FpgaTechnology, scaled
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import TEXT_BYTES


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

    def __str__(self) -> str:
        return f"{self.design} on {self.meter}"


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The measurements of one technology."""

    technology: str
    measurements: tuple[Measurement, ...]

    def __post_init__(self) -> None:
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
        """Return this calibration with one more; an earlier one of the same design and meter is replaced."""
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
        lines = [f"technology = {json.dumps(self.technology)}"]
        for each in self.measurements:
            lines += ["", "[[measurement]]"]
            for name in ("design", "configuration", "meter", "samples", "seconds"):
                lines.append(f"{name} = {json.dumps(getattr(each, name))}")
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
    _check_keys(tables, ("technology", "measurement"), str(path))
    technology, listed = tables["technology"], tables["measurement"]
    require(
        isinstance(technology, str) and isinstance(listed, list), f"{path}: technology is a name, measurement a table"
    )
    return Calibration(technology=technology, measurements=tuple(_measurement(each, str(path)) for each in listed))


def _measurement(table: Any, where: str) -> Measurement:
    require(isinstance(table, dict), f"{where}: a measurement is a table")
    known = tuple(each.name for each in fields(Measurement))
    _check_keys({"idle": None, **table}, known, f"{where}: measurement")
    for name, kind in (("design", str), ("configuration", str), ("meter", str), ("samples", int)):
        require(type(table[name]) is kind, f"{where}: {name} must be {kind.__name__}, not {table[name]!r}")
    require(type(table["seconds"]) in (int, float), f"{where}: seconds must be a number, not {table['seconds']!r}")
    idle = table.get("idle")
    given: dict[str, Any] = {**table, "dynamic": _interval(table["dynamic"], where)}
    return Measurement(**{**given, "idle": None if idle is None else _interval(idle, where)})


def _interval(value: Any, where: str) -> Interval:
    good = isinstance(value, list) and len(value) == 3 and all(type(each) in (int, float) for each in value)
    require(good, f"{where}: an interval is [ratio, lower end, upper end], not {value!r}")
    return Interval(ratio=float(value[0]), low=float(value[1]), high=float(value[2]))


def _check_keys(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    require(set(table) == set(known), f"{where} must have {', '.join(known)}, not {', '.join(table) or 'nothing'}")


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
