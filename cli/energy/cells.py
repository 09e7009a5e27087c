"""``tospike energy cells``."""

from typing import Annotated, Any

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.arguments import Booth, GateTarget, Json, MapAgain
from tospike.cli.commands import new_app
from tospike.compare.energy.gates.cells import measure_cells
from tospike.compare.energy.gates.measure import GateOptions
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.plain import to_plain
from tospike.compare.report.numbers import significant
from tospike.gen.tools.cache import Cache

app = new_app()


@app.command(epilog="Example:  tospike energy cells --target sky130hd_tt.lib.gz")
def cells(
    *,
    target: GateTarget = "osu018",
    cycles: Annotated[int, typer.Option(help="Cycles to simulate of each.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the random operands.")] = 1,
    booth: Booth = False,
    no_cache: MapAgain = False,
    json: Json = None,
) -> None:
    """Energy of the building blocks: pJ per MAC of an 8-bit element, pJ per SOP of a lane, dense and sparse."""
    console.check_outputs(json, inputs=(target,))
    options = GateOptions.on(target, booth=booth, cache=Cache(reuse=not no_cache))
    with console.progress_lines("building blocks") as progress:
        rows = measure_cells(options, cycles=cycles, seed=seed, progress=progress)
    columns = [f"pJ per {per}, {delays}" for per in ("cycle", "operation") for delays in DelayModel]
    table = Table("", "operations per cycle", *columns, title=options.library.name)
    for row in rows:
        per_operation = row.pj_per_operation or {}
        values = [*row.pj_per_cycle.values(), *(per_operation.get(delays) for delays in DelayModel)]
        table.add_row(row.block, f"{row.density:g}", *map(significant, values))
    table.caption = (
        "An operation is a product with an activation that is not 0, or a spike's weight added to a membrane. Clock, "
        f"leakage and idle cycles are in it; membranes lie in a memory ({options.technology.name})."
    )
    console.out.print(table)
    if json:
        described: dict[str, Any] = {"library": options.library.name, "cycles": cycles, "seed": seed, "booth": booth}
        console.write_json(json, {**described, "blocks": to_plain(rows)})
