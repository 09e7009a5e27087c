"""Design folders made by hand."""

import hashlib
import json

from amaranth.hdl import *


def write_design(folder, verilog, *, ports, engines=(), top="top", reset="rst", read=()):
    files = {"top.v": verilog, **dict(read)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    manifest = {
        "tospike": "0.1.0",
        "kind": "test",
        "top": top,
        "clock": "clk",
        "reset": reset,
        "files": {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()},
        "ports": [{"name": name, "width": width, "direction": way} for name, width, way in ports],
        "engines": [{"module": module, "kind": "test"} for module in engines],
        "config_hash": "0",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
