"""Arguments and options that several commands have, and that are paths."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for the design; an earlier design there is replaced.")]
Model = Annotated[Path, typer.Argument(help="Trained network: .onnx (ANN) or .nir (SNN).", show_default=False)]
GateTarget = Annotated[str, typer.Option(help="osu018 (of `make asic-tools`), or a Liberty file (.lib or .lib.gz).")]
Design = Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)]
Axis = Annotated[str | None, typer.Option(help="One value, or several: 4,8,16.")]
Jobs = Annotated[int | None, typer.Option(help="Processes on this machine [one per core].")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")]

Booth = Annotated[bool, typer.Option(help="Multipliers after Booth, not arrays of partial products.")]
MapAgain = Annotated[bool, typer.Option("--no-cache", help="Map again even if the netlist is known.")]
