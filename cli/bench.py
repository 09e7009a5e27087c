"""``tospike bench``."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Json, Simulator, SimulatorOption, parse_gemm
from tospike.cli.commands import new_app
from tospike.hw.params import ArrayParams, Dataflow, InputError, IntFormat, Readout, SpikingParams
from tospike.tb.gemm import bench_gemm
from tospike.tb.spikes import bench_spikes

app = new_app(help="Measure the hardware in simulation.")


@app.command(epilog="Example:  tospike bench gemm --rows 8 --cols 8 --dataflow ws --gemm 100,50,70")
def gemm(
    *,
    rows: Annotated[int, typer.Option(help="Rows of the array.")] = 8,
    cols: Annotated[int, typer.Option(help="Columns of the array.")] = 8,
    dataflow: Annotated[Dataflow, typer.Option(help="Output- or weight-stationary.")] = Dataflow.OS,
    gemm: Annotated[str, typer.Option(help="M,N,K: results (M x N), inner dimension K.")] = "64,64,64",
    act_bits: Annotated[int, typer.Option(help="Bits of an activation, signed.")] = 8,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight.")] = 8,
    acc_bits: Annotated[int, typer.Option(help="Bits of an accumulator.")] = 32,
    seed: Annotated[int, typer.Option(help="Seeds the operands.")] = 0,
    simulator: SimulatorOption = Simulator.VERILATOR,
    json: Json = None,
) -> None:
    """A matrix product of random operands on the systolic engine: cycles counted in the RTL, utilisation."""
    console.check_outputs(json)
    array = ArrayParams(
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        act=IntFormat(bits=act_bits, signed=True),
        weight_bits=weight_bits,
        acc_bits=acc_bits,
    )
    with console.progress_bar(f"{simulator.value}: {gemm} on {rows} x {cols} {dataflow.value}"):
        result = bench_gemm(array, parse_gemm(gemm), seed=seed, simulator=simulator.value)
    table = Table("", f"{gemm} on {rows} x {cols} {dataflow.value}")
    for name, value in result.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    console.out.print(table)
    if json:
        console.write_json(json, result)
    if not result["golden_match"]:
        raise typer.Exit(1)


@app.command(epilog="Example:  tospike bench spikes --neurons 256 --lanes 16 --rates 0.01,0.1,1")
def spikes(
    *,
    inputs: Annotated[int, typer.Option(help="Input addresses.")] = 256,
    neurons: Annotated[int, typer.Option(help="LIF neurons.")] = 256,
    lanes: Annotated[int, typer.Option(help="Neurons updated per cycle.")] = 16,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight.")] = 4,
    rates: Annotated[str, typer.Option(help="Spikes per input and step, a fraction each.")] = "0,0.01,0.1,1",
    steps: Annotated[int, typer.Option(help="Time steps.")] = 20,
    seed: Annotated[int, typer.Option(help="Seeds weights and spikes.")] = 0,
    simulator: SimulatorOption = Simulator.VERILATOR,
    json: Json = None,
) -> None:
    """Random spike trains on the event engine, in RTL: cycles and synaptic operations (SOP) over the spike rate."""
    console.check_outputs(json)
    engine = SpikingParams(
        inputs=inputs, neurons=neurons, lanes=lanes, weight_bits=weight_bits, readout=Readout.COUNT, count_bits=16
    )
    with console.progress_bar(f"{simulator.value}: {inputs} x {neurons}, {lanes} lanes"):
        results = bench_spikes(engine, _fractions(rates), steps=steps, seed=seed, simulator=simulator.value)
    table = Table("rate", "events", "cycles", "cycles per event", "SOP per cycle", "while events come", "golden")
    for row in results:
        came = row["events"] > 0
        table.add_row(
            str(row["rate"]),
            str(row["events"]),
            str(row["cycles"]),
            f"{row['cycles_per_event']:.2f}" if came else "",
            f"{row['sop_per_cycle']:.2f}",
            f"{row['sop_per_event_cycle']:.2f}" if came else "",
            "equal" if row["golden_match"] else Text("DIFFERS", "red"),
        )
    console.out.print(table)
    if json:
        console.write_json(json, results)
    if not all(row["golden_match"] for row in results):
        raise typer.Exit(1)


def _fractions(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--rates must be numbers with commas between them, not {text!r}") from None
