"""Read ``manifest.json`` as untrusted input.

The names in it go into tool scripts, Verilog and paths, so only plain names are accepted.
"""

import json
import re
from pathlib import Path
from typing import Any

from tospike.gen.files.reading import read_text, reading
from tospike.gen.files.written_folder import MANIFEST
from tospike.hw.params import require

FORMAT = 3
"""Version of a manifest's descriptions. Version 1 had class names, version 2 other field names."""

_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*")
_PORT = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_FILE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.+-]*/){0,2}[A-Za-z0-9_][A-Za-z0-9_.+-]*")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a design, with plain names of modules, ports and files, and no file outside the folder.

    Raises
    ------
    InputError
        There is no manifest, or it has a name that is not plain or a file outside the folder.
    """
    path = folder / MANIFEST
    require(path.is_file(), f"{folder} is not a generated design: it has no {MANIFEST} (run `tospike generate` first)")
    with reading(path, "manifest of a design", "generate the design again"):
        manifest: dict[str, Any] = json.loads(read_text(path))
        require(isinstance(manifest, dict), f"{path} is not the manifest of a design: generate the design again")
        modules = [manifest[name] for name in ("top",) if name in manifest]
        modules += [engine["module"] for engine in manifest.get("engines", ())]
        ports = [manifest[name] for name in ("clock", "reset") if manifest.get(name) is not None]
        ports += [port["name"] for port in manifest.get("ports", ())]
        files = list(manifest["files"])
        for names, plain in ((modules, _MODULE), (ports, _PORT), (files, _FILE)):
            for name in names:
                require(
                    isinstance(name, str) and plain.fullmatch(name) is not None,
                    f"{path} names {str(name)[:100]!r}, which is not a plain name: generate the design again",
                )
        root = folder.resolve()
        for name in files:
            require(
                (folder / name).resolve().is_relative_to(root),
                f"{folder / name} is a link to outside the folder: generate the design again",
            )
        for name in (*manifest.get("verilog", {}).values(), *manifest.get("simulation", ())):
            require(name in files, f"{path} names {name!r}, which is not among its files: generate the design again")
    return manifest
