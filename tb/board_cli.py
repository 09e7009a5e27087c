"""``tospike run``."""

from pathlib import Path
from typing import Annotated

import serial
import typer
from rich.table import Table

from tospike.gen import console
from tospike.gen.cli import Data, HoldOut, Model, Sensor, TimeBin
from tospike.gen.data import load_data
from tospike.gen.options import ModelOptions, takes_model_options
from tospike.gen.prepare import prepare
from tospike.hw.params import InputError
from tospike.tb.on_board import TIMING_COUNTERS, run_on_board
from tospike.tb.serial_host import SerialHost


@takes_model_options
def run_command(
    *,
    model: Model,
    port: Annotated[str, typer.Option(help="The board's serial line: /dev/ttyUSB0, COM3, ...")],
    baud: Annotated[int, typer.Option(help="Bits per second, as built.")] = 1_000_000,
    timeout: Annotated[float, typer.Option(help="Seconds without a byte after which there is no answer.")] = 1.0,
    data: Data = "digits",
    time_bin_us: TimeBin = None,
    sensor: Sensor = None,
    hold_out: HoldOut = None,
    samples: Annotated[int | None, typer.Option(help="Only so many test samples.")] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")
    ] = None,
    options: ModelOptions,
) -> None:
    """Run test samples on a board that `tospike build` made a bitstream for, and compare with the golden model."""
    console.check_outputs(json, inputs=(model, data))
    data_set = load_data(data, time_bin_us=time_bin_us, steps=options.steps, sensor=sensor, every=hold_out)
    prepared = prepare(model, data_set, options)
    console.warn(prepared.warnings)
    try:
        line = serial.Serial(port, baud, timeout=timeout)
    except (serial.SerialException, ValueError) as error:
        raise InputError(f"cannot open {port} at {baud} baud ({error}): give the board's serial line") from None
    total = samples or len(data_set.x)
    with line, console.progress_bar(f"{prepared.network.name} on {port}", total) as progress:
        try:
            result = run_on_board(prepared, data_set, SerialHost(line, port), samples=samples, progress=progress)
        except serial.SerialException as error:
            raise InputError(f"{port} was lost ({error}): connect the board again") from None
    summary = {"samples": len(result.correct), "accuracy": result.accuracy, "mismatches": result.mismatches}
    counters = {name: n for name, n in result.counters.items() if name.split(".")[-1] not in TIMING_COUNTERS}
    table = Table("", prepared.network.name, title=f"{data_set.name} on {port}")
    table.add_row("samples", str(summary["samples"]))
    table.add_row("accuracy", f"{100 * result.accuracy:.2f} %")
    table.add_row("mismatches", str(result.mismatches))
    table.add_section()
    for name, count in counters.items():
        table.add_row(name, f"{count:,}")
    console.out.print(table)
    if json:
        console.write_json(json, {**summary, "counters": counters, "choices": prepared.choices})
    if result.mismatches:
        console.err.print(f"[red]board and golden model differ in {result.mismatches} places[/]")
        raise typer.Exit(1)
