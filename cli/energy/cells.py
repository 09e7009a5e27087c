"""``tospike energy cells``."""

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.energy.gates.cells import measure_cells
from tospike.compare.energy.gates.options import BlockOptions
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.plain import to_plain
from tospike.compare.report.numbers import significant
from tospike.gen.tools.cache import CacheOptions

app = new_app()


@app.command(epilog="Example:  tospike energy cells --target sky130hd_tt.lib.gz")
@takes_options
def cells(
    *,
    json: Json = None,
    blocks: BlockOptions,
    results: CacheOptions,
) -> None:
    """Measure the gate-level energy of building blocks: pJ per MAC of a PE, pJ per SOP of a lane, dense and sparse."""
    console.check_outputs(json, inputs=(blocks.target,))
    options = blocks.options(results.cache)
    with console.progress_lines("building blocks") as progress:
        rows = measure_cells(options, blocks, progress=progress)
    columns = [f"pJ per {per}, {delays}" for per in ("cycle", "operation") for delays in DelayModel]
    table = Table("", "operations per cycle", *columns, title=options.library.name)
    for row in rows:
        per_operation = row.pj_per_operation or {}
        values = [*row.pj_per_cycle.values(), *(per_operation.get(delays) for delays in DelayModel)]
        table.add_row(row.block, f"{row.density:g}", *map(significant, values))
    table.caption = (
        "An operation is a product with a non-zero activation, or the addition of a spike's weight to a membrane. It "
        f"includes clock, leakage and idle cycles; membranes are in a memory ({options.technology.name})."
    )
    console.out.print(table)
    if json:
        how = {"cycles": blocks.cycles, "seed": blocks.seed, "booth": blocks.booth}
        console.write_json(json, {"library": options.library.name, **how, "blocks": to_plain(rows)})
