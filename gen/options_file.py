"""Options in a TOML file: those of the whole network, and a table ``[layer.NAME]`` for each layer with its own."""

import tomllib
from pathlib import Path
from typing import Any

from tospike.gen.options import ModelOptions
from tospike.hw.params import InputError, require


def read_options_file(path: Path) -> ModelOptions:
    """Return the options in a file; dashes and underscores in names mean the same.

    Raises
    ------
    InputError
        The file cannot be read, or holds an option or a value that there is not.
    """
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from None
    layers = given.pop("layer", {})
    require(isinstance(layers, dict), f"{path}: layer must be tables [layer.NAME], not {layers!r}")
    for layer, own in layers.items():
        nested = isinstance(own, dict) and next((name for name, value in own.items() if isinstance(value, dict)), None)
        require(not nested, f'{path}: a layer whose name has a dot goes in quotes: [layer."{layer}.{nested}"]')
    try:
        return ModelOptions(
            _named(given),
            sources=(path,),
            layers={layer: _named(own) if isinstance(own, dict) else own for layer, own in layers.items()},
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _named(given: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in given.items()}
