"""Arguments and options that several commands have, and that are paths."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.hw.params.devices import DEVICES

_SPEEDS = ", ".join(f"{name}: {device.default_speed}" for name, device in DEVICES.items() if device.speeds)

Out = Annotated[Path, typer.Option(help="Folder for the design; an earlier design there is replaced.")]
Model = Annotated[Path, typer.Argument(help="Trained network: .onnx (ANN) or .nir (SNN).", show_default=False)]
GateTarget = Annotated[str, typer.Option(help="osu018 (of `make asic-tools`), or a Liberty file (.lib or .lib.gz).")]
Target = Annotated[str, typer.Option(help=f"{', '.join(DEVICES)}, or a Liberty file (.lib or .lib.gz).")]
Speed = Annotated[int | None, typer.Option(help=f"Speed grade of the FPGA [{_SPEEDS}].")]
Seed = Annotated[int, typer.Option(help="Seed of the placer.")]
Design = Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)]
Axis = Annotated[str | None, typer.Option(help="One value, or several: 4,8,16.")]
Jobs = Annotated[int | None, typer.Option(help="Processes on this machine [one per core].")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")]

Booth = Annotated[bool, typer.Option(help="Multipliers after Booth, not arrays of partial products.")]
MapAgain = Annotated[bool, typer.Option("--no-cache", help="Map again even if the netlist is known.")]
