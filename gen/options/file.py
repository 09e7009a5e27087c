"""Options in a TOML file: those of the whole network, and a table ``[layer.NAME]`` for each layer with options of its
own."""

import tomllib
from pathlib import Path
from typing import Any

from tospike.gen.files.reading import read_text, reading
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import require


def read_options_file(path: Path) -> ModelOptions:
    """Return the options in a file; dashes and underscores in names mean the same.

    Raises
    ------
    InputError
        The file cannot be read, or holds an unknown option or an invalid value.
    """
    with reading(path, "options file", "give lines such as weight-bits = 6, and tables [layer.NAME]"):
        given: dict[str, Any] = tomllib.loads(read_text(path))
        layers = given.pop("layer", {})
        require(isinstance(layers, dict), f"layer must hold tables [layer.NAME], not {layers!r}")
        return ModelOptions(
            _named(given), sources=(path,), layers={layer: _own(layer, own) for layer, own in layers.items()}
        )


def _own(layer: str, given: Any) -> dict[str, Any]:
    require(isinstance(given, dict), f"layer {layer!r} must be a table [layer.NAME], not {given!r}")
    nested = next((name for name, value in given.items() if isinstance(value, dict)), None)
    require(nested is None, f'quote a layer name that contains a dot: [layer."{layer}.{nested}"]')
    return _named(given)


def _named(given: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("-", "_"): value for name, value in given.items()}
