"""The output of `tospike generate`."""

from pathlib import Path

from rich.text import Text

from tospike.cli import console
from tospike.gen.emit.manifest import read_manifest


def say(line: str) -> None:
    """Print a line without wrapping or highlighting."""
    console.out.print(line, highlight=False, soft_wrap=True)


def announce(path: Path) -> None:
    """Print the path, the Verilog files, the top module and the configuration of a new design."""
    manifest = read_manifest(path)
    files = ", ".join(manifest["verilog"].values())
    console.out.print(Text.assemble((str(path), "bold"), f": {files}; README.md describes the other files"))
    console.out.print(f"module {manifest['top']}, configuration {manifest['config_hash']}", highlight=False)
