"""``tospike run``."""

import typer

from tospike.cli import console
from tospike.cli.arguments import Json, Like, Model
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.gen.data.options import SampleOptions
from tospike.gen.like import prepare_for
from tospike.gen.options.model import ModelOptions
from tospike.tb.board.on_board import TIMING_COUNTERS, run_on_board
from tospike.tb.board.ports import session_on
from tospike.tb.board.serial_line import LineOptions

app = new_app()


@app.command(epilog="Example:  tospike run examples/digits_snn.nir --port /dev/ttyUSB0 --data digits")
@takes_options
def run(
    *,
    model: Model,
    json: Json = None,
    like: Like = None,
    line: LineOptions,
    data: SampleOptions,
    options: ModelOptions,
) -> None:
    """Run test samples on a board with a bitstream of `tospike build`, and compare with the golden model.

    With --port sim, the board is the generated Verilog in a simulator, behind the same protocol.
    """
    console.check_outputs(json, inputs=(model, data.data, *options.sources, *([like] if like else [])))
    port = line.port
    data_set = data.load(options.steps).require_labels()
    prepared = prepare_for(model, data_set, options, like)
    console.warn(prepared.warnings)
    with (
        session_on(prepared.design, line) as session,
        console.progress_bar(f"{prepared.network.name} on {port}", len(data_set.x)) as progress,
    ):
        result = run_on_board(prepared, data_set, session, progress=progress)
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
        console.err.print(f"board and golden model differ in {result.mismatches} places", style="red")
        raise typer.Exit(1)
