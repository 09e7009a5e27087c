"""Technology files, by platform: standard cells, or an FPGA's cells and blocks.

A file is TOML with the tables of `CellTechnology` (``platform = "asic"``, the default) or `FpgaTechnology`
(``platform = "fpga"``); tospike includes several in the folder ``technologies``. Every table needs a ``source``.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from tospike.compare.energy.cost_model import Platform, Technology
from tospike.compare.energy.fpga import FpgaTechnology
from tospike.compare.energy.standard_cells import CellTechnology
from tospike.gen.files.reading import read_text, reading
from tospike.hw.params import InputError, require
from tospike.hw.params.limits import TEXT_BYTES

__all__ = ["Platform", "Technology", "cell_technology", "load_technology", "shipped"]

KINDS: Mapping[Platform, type[Technology]] = {Platform.ASIC: CellTechnology, Platform.FPGA: FpgaTechnology}
"""What a file holds, by its platform."""

_FOLDER = resources.files("tospike.compare.energy").joinpath("technologies")


def shipped() -> tuple[str, ...]:
    """Return the names of the included technologies."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith("toml")))


def load_technology(name: str) -> Technology:
    """Read a technology: one of `shipped`, or the path of a file of the same format.

    Raises
    ------
    InputError
        There is no such technology, the file is not TOML, or a table or key is missing, unknown or invalid.
    """
    text, path = None, Path(name)
    if name in shipped():
        text = _FOLDER.joinpath(f"{name}.toml").read_text("utf-8")
    else:
        require(
            path.suffix == ".toml" and path.is_file(),
            f"no technology {name!r}: use one of {', '.join(shipped())}, or the path of a .toml file",
        )
    with reading(name, "technology in TOML", "correct it"):
        tables = tomllib.loads(read_text(path, TEXT_BYTES) if text is None else text)
        platform = _value(Platform, tables.get("platform", Platform.ASIC), f"{name}: platform")
        found: Technology = _decode(KINDS[platform], tables, name)
        return found


def cell_technology(name: str) -> CellTechnology:
    """Read a technology of standard cells.

    Raises
    ------
    InputError
        As for `load_technology`, or it prices an FPGA.
    """
    found = load_technology(name)
    if not isinstance(found, CellTechnology):
        cells = [each for each in shipped() if load_technology(each).platform is Platform.ASIC]
        raise InputError(f"technology {name} prices an FPGA, not standard cells: use one of {', '.join(cells)}")
    return found


def _decode(cls: type, data: Mapping[str, Any], where: str) -> Any:
    """Convert ``data`` to an instance of ``cls``, whose fields are tables, numbers, lists of numbers or strings."""
    hints = get_type_hints(cls)
    unknown = sorted(set(data) - set(hints))
    require(not unknown, f"{where} has unknown keys: {', '.join(unknown)}; allowed are {', '.join(hints)}")
    missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in data]
    require(not missing, f"{where} lacks {', '.join(missing)}")
    return cls(**{name: _value(hints[name], value, f"{where}: {name}") for name, value in data.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    if hint is str:
        require(isinstance(value, str) and bool(value.strip()), f"{where} must be a string")
        return value
    if hint is float:
        return _number(value, where)
    if hint is Platform:
        require(value in list(Platform), f"{where} must be {' or '.join(Platform)}, not {value!r}")
        return Platform(value)
    if hint == tuple[float, ...]:
        require(isinstance(value, list) and bool(value), f"{where} must be a list of numbers")
        return tuple(_number(item, where) for item in value)
    if hint == tuple[str, ...]:
        require(isinstance(value, list) and bool(value), f"{where} must be a list of strings")
        return tuple(_value(str, item, where) for item in value)
    require(isinstance(value, dict), f"{where} must be a table")
    return _decode(hint, value, where)


def _number(value: Any, where: str) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    require(good, f"{where} must be a number of 0 or more, not {value!r}")
    return float(value)
