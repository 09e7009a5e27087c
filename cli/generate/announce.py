"""What `tospike generate` says when it has written a design."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from tospike.cli import console
from tospike.gen.emit.folder import DesignFolder
from tospike.gen.place.streaming import stream_cost
from tospike.hw.params import AcceleratorParams


def say(line: str) -> None:
    """Print a line as it is."""
    console.out.print(line, highlight=False, soft_wrap=True)


def say_stream(params: AcceleratorParams) -> None:
    """Print what streaming the weights costs, if they are."""
    if params.weight_stream:
        say(str(stream_cost(params.weight_stream)))


def announce(folder: DesignFolder) -> None:
    """Print what a new design has."""
    announce_manifest(folder.path, folder.manifest)


def announce_manifest(path: Path, manifest: Mapping[str, Any]) -> None:
    """Print what a new folder has."""
    files = ", ".join(manifest["verilog"].values())
    console.out.print(Text.assemble((str(path), "bold"), f": {files}; README.md describes the other files"))
    console.out.print(f"module {manifest['top']}, configuration {manifest['config_hash']}", highlight=False)
