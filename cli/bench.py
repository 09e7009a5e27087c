"""``tospike bench``."""

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.gen.options.systolic import ArrayOptions
from tospike.tb.gemm import GemmBench, bench_gemm
from tospike.tb.spikes import SpikesBench, bench_spikes

app = new_app(help="Measure the hardware in simulation.")


@app.command(epilog="Example:  tospike bench gemm --rows 8 --cols 8 --dataflow ws --gemm 100,50,70")
@takes_options
def gemm(*, json: Json = None, product: ArrayOptions, bench: GemmBench) -> None:
    """Run a matrix product of random operands on the systolic engine: cycles counted in RTL, utilisation."""
    console.check_outputs(json)
    array, layer = product.array, product.layer
    title = f"{product.gemm} on {array.rows} x {array.cols} {array.dataflow}"
    with console.progress_bar(f"{bench.simulator}: {title}"):
        result = bench_gemm(array, layer, seed=bench.seed, simulator=bench.simulator)
    table = Table("", title)
    for name, value in result.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    console.out.print(table)
    if json:
        console.write_json(json, result)
    if not result["golden_match"]:
        raise typer.Exit(1)


@app.command(epilog="Example:  tospike bench spikes --neurons 256 --lanes 16 --rates 0.01,0.1,1")
@takes_options
def spikes(*, json: Json = None, bench: SpikesBench) -> None:
    """Run random spike trains on the event engine in RTL: cycles and synaptic operations (SOP) over the spike rate."""
    console.check_outputs(json)
    engine, rates = bench.engine, bench.fractions
    with console.progress_bar(f"{bench.simulator}: {bench.inputs} x {bench.neurons}, {bench.lanes} lanes"):
        results = bench_spikes(engine, rates, steps=bench.steps, seed=bench.seed, simulator=bench.simulator)
    table = Table("rate", "events", "cycles", "cycles per event", "SOP per cycle", "during events", "golden")
    for row in results:
        has_events = row["events"] > 0
        table.add_row(
            str(row["rate"]),
            str(row["events"]),
            str(row["cycles"]),
            f"{row['cycles_per_event']:.2f}" if has_events else "",
            f"{row['sop_per_cycle']:.2f}",
            f"{row['sop_per_event_cycle']:.2f}" if has_events else "",
            "equal" if row["golden_match"] else Text("DIFFERS", "red"),
        )
    console.out.print(table)
    if json:
        console.write_json(json, results)
    if not all(row["golden_match"] for row in results):
        raise typer.Exit(1)
