"""Arguments and options that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tospike.hw.params import DenseLayer
from tospike.hw.params.devices import DEVICES

_SPEEDS = ", ".join(f"{name}: {device.default_speed}" for name, device in DEVICES.items() if device.speeds)

Out = Annotated[Path, typer.Option(help="Folder for the design; an earlier design there is replaced.")]
Data = Annotated[
    str,
    typer.Option(help="digits, mnist:DIR or npz:FILE (values x,y; spikes,label; or events x,y,p,t_us,offsets,label)."),
]
Model = Annotated[Path, typer.Argument(help="Trained network: .onnx (ANN) or .nir (SNN).", show_default=False)]
TimeBin = Annotated[int | None, typer.Option(help="Events only: length of a time step in microseconds.")]
HoldOut = Annotated[int | None, typer.Option(help="npz without training part: each Nth sample is test, not training.")]
Sensor = Annotated[str | None, typer.Option(help="Events only: WIDTHxHEIGHT of the sensor [from the events].")]
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


class Simulator(StrEnum):
    """The simulators that the benches run on."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


SimulatorOption = Annotated[Simulator, typer.Option(help="Which simulator.")]


def parse_gemm(text: str) -> DenseLayer:
    """``M,N,K`` as a layer without requantisation."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise typer.BadParameter(f"{text!r} is not M,N,K, for example 64,64,64", param_hint="--gemm")
    m, n, k = (int(part) for part in parts)
    return DenseLayer(rows=m, outputs=n, inputs=k)
