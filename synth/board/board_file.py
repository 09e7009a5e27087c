"""A board as a TOML file describes it: for boards that amaranth-boards lacks.

::

    name = "colorlight-i5"
    device = "LFE5U-25F"          # by the vendor's name
    package = "CABGA381"
    speed = 6                     # of an ECP5
    io-standard = "LVCMOS33"      # of all pins
    load = "openFPGALoader --board colorlight-i5 {bitstream}"

    [clock]
    pin = "P3"
    mhz = 25

    [uart]                        # as seen from the FPGA
    rx = "H18"
    tx = "J17"

    [reset]                       # optional
    pin = "K18"
    inverted = true
    pull = "up"

    [leds]                        # optional: busy, heartbeat, error
    busy = { pin = "U16", inverted = true }
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.devices import ECP5, Device
from tospike.synth.board.boards import BOARDS, OWN_TOOL, Board
from tospike.synth.board.packers import Pin
from tospike.synth.board.parts import PACKAGES, PARTS
from tospike.synth.board.shell import LEDS, RESET_PIN

SUFFIX = ".toml"
_KEYS = ("name", "device", "package", "speed", "io-standard", "load", "clock", "uart", "reset", "leds")
_PIN_KEYS = ("pin", "inverted", "pull", "io-standard")
_PULLS = ("up", "down", "none")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
"""Names and pins, which go into constraints."""


@dataclass(frozen=True, kw_only=True)
class FileBoard(Board):
    """A board of a file."""

    device_part: Device
    device_package: str
    grade: int | None
    oscillator_mhz: float
    placed: tuple[Pin, ...]

    @property
    def part(self) -> Device:
        """The FPGA."""
        return self.device_part

    @property
    def package(self) -> str:
        """Its package."""
        return self.device_package

    @property
    def speed(self) -> int | None:
        """Its speed grade."""
        return self.grade

    @property
    def clock_mhz(self) -> float:
        """Frequency of the oscillator, MHz."""
        return self.oscillator_mhz

    def pins(self) -> list[Pin]:
        """Return the pins in the order of the file's tables."""
        return list(self.placed)


def find_board(name: str) -> Board:
    """Return the board called ``name``, or that of the file ``name``, which ends in .toml.

    Raises
    ------
    InputError
        There is no such board, or the file is wrong.
    """
    if name.endswith(SUFFIX):
        return read_board(Path(name))
    if name not in BOARDS:
        raise InputError(
            f"there is no board {name!r}: choose {', '.join(BOARDS)}, or give a file (*{SUFFIX}) of its pins"
        )
    return BOARDS[name]


def read_board(path: Path) -> FileBoard:
    """Return the board that a file describes.

    Raises
    ------
    InputError
        The file cannot be read, or a value is missing, unknown or wrong; the message has its name and what may stand
        there. Whether the package has a pin, `tospike.synth.board.probe` finds out.
    """
    with reading(path, "board file", "give a TOML file as in docs/how-to/boards.md"):
        given: dict[str, Any] = tomllib.loads(read_text(path))
        _known(given, _KEYS, "a board file")
        part = _part(given)
        return FileBoard(
            name=_word(given, "name", default=path.stem),
            load=_text(given, "load", default=OWN_TOOL),
            device_part=part,
            device_package=_package(given, part),
            grade=_grade(given, part),
            oscillator_mhz=_mhz(_table(given, "clock", ("pin", "mhz"))),
            placed=_pins(given, part),
        )


def _part(given: Mapping[str, Any]) -> Device:
    name = _text(given, "device")
    parts = {each.lower(): part for each, part in PARTS.items()}
    require(name.lower() in parts, f"there is no device {name!r}: choose {', '.join(PARTS)}")
    return parts[name.lower()]


def _package(given: Mapping[str, Any], part: Device) -> str:
    package = _word(given, "package")
    known = {*PACKAGES, *PACKAGES.values()}
    require(
        part.family is not ECP5 or package in known,
        f"there is no package {package!r}: choose {', '.join(PACKAGES.values())}",
    )
    return package


def _grade(given: Mapping[str, Any], part: Device) -> int | None:
    if not part.speeds:
        require("speed" not in given, f"{part.name} has no speed grades: leave speed out")
        return None
    speed = given.get("speed", part.default_speed)
    require(
        isinstance(speed, int) and speed in part.speeds,
        f"speed must be {' or '.join(map(str, part.speeds))}, not {speed!r}",
    )
    return int(speed)


def _mhz(clock: Mapping[str, Any]) -> float:
    require("mhz" in clock, "[clock] lacks mhz: give the oscillator's frequency")
    mhz = clock["mhz"]
    good = isinstance(mhz, int | float) and not isinstance(mhz, bool) and math.isfinite(mhz) and 1 <= mhz <= 400
    require(good, f"mhz of [clock] must be a number from 1 to 400, not {mhz!r}")
    return float(mhz)


def _pins(given: Mapping[str, Any], part: Device) -> tuple[Pin, ...]:
    """Return clock, serial line, reset and LEDs, each on a pin of its own."""
    clock, uart = _table(given, "clock", ("pin", "mhz")), _table(given, "uart", ("rx", "tx"))
    wanted = {"clk": ("[clock] pin", clock.get("pin")), "rx": ("[uart] rx", uart.get("rx"))}
    wanted["tx"] = ("[uart] tx", uart.get("tx"))
    if "reset" in given:
        wanted[RESET_PIN] = ("[reset]", _table(given, "reset", _PIN_KEYS))
    leds = _table(given, "leds", tuple(LEDS)) if "leds" in given else {}
    wanted |= {f"led_{name}": (f"[leds] {name}", pin) for name, pin in leds.items()}
    default = _text(given, "io-standard", default="")
    found: dict[str, tuple[str, Pin]] = {}
    for port, (place, value) in wanted.items():
        pin = _pin(port, place, value, default, part)
        require(
            pin.site.upper() not in found,
            f"{place} is pin {pin.site}, as {found.get(pin.site.upper(), ('',))[0]} is: give another",
        )
        found[pin.site.upper()] = place, pin
    return tuple(pin for _, pin in found.values())


def _pin(port: str, place: str, value: Any, standard: str, part: Device) -> Pin:
    require(value is not None, f"{place} is missing: give the name of the package's pin")
    settings = value if isinstance(value, dict) else {"pin": value}
    _known(settings, _PIN_KEYS, place)
    site = settings.get("pin")
    require(
        isinstance(site, str | int) and not isinstance(site, bool) and _WORD.fullmatch(str(site)) is not None,
        f'{place} must be the name of a pin, such as "P3", or a table with {", ".join(_PIN_KEYS)}, not {site!r}',
    )
    inverted, pull = settings.get("inverted", False), settings.get("pull", "none")
    require(isinstance(inverted, bool), f"inverted of {place} must be true or false, not {inverted!r}")
    require(pull in _PULLS, f"pull of {place} must be {', '.join(_PULLS)}, not {pull!r}")
    require(not (inverted and port in ("clk", "rx", "tx")), f"{place} cannot be inverted: only resets and LEDs can be")
    own = settings.get("io-standard", standard)
    require(
        isinstance(own, str) and (not own or _WORD.fullmatch(own) is not None),
        f"io-standard of {place} must be a name such as LVCMOS33, not {own!r}",
    )
    attributes = {}
    if part.family is ECP5:
        require(bool(own), f"{place} has no io-standard: give it, or one for all pins, such as LVCMOS33")
        attributes = {"IO_TYPE": own, **({"PULLMODE": pull.upper()} if pull != "none" else {})}
    else:
        require(pull != "down", f"pull of {place} must be up or none: an iCE40 has no other")
        require(
            own in ("", "SB_LVCMOS", "LVCMOS33", "LVCMOS25", "LVCMOS18"),
            f"io-standard of {place} is {own!r}, which the bank's supply determines on an iCE40: leave it out",
        )
        attributes = {"PULLUP": "1"} if pull == "up" else {}
    return Pin(port=port, site=str(site), attributes=attributes, is_inverted=inverted)


def _table(given: Mapping[str, Any], name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    require(name in given, f"it lacks the table [{name}] with {' and '.join(keys)}: give it")
    table = given[name]
    require(isinstance(table, dict), f"{name} must be a table [{name}], not {table!r}")
    _known(table, keys, f"[{name}]")
    return dict(table)


def _known(given: Mapping[str, Any], keys: tuple[str, ...], place: str) -> None:
    unknown = next((key for key in given if key not in keys), None)
    require(
        unknown not in _KEYS or not place.startswith("["),
        f"{unknown} stands in the table {place}: what belongs to no table stands above the first one, and "
        "[clock], [uart], [reset] and [leds] are tables of their own",
    )
    require(unknown is None, f"{place} has no {unknown!r}: choose {', '.join(keys)}")


def _text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if value is None:
        raise InputError(f"it lacks {name}: give it")
    require(isinstance(value, str) and value.isprintable(), f"{name} must be a text of one line, not {value!r}")
    return str(value)


def _word(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = _text(given, name, default)
    require(_WORD.fullmatch(value) is not None, f"{name} must be letters, digits, dots and dashes, not {value!r}")
    return value
