"""``tospike energy gates``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.energy.gates.inputs import GateData, design_and_inputs
from tospike.compare.energy.gates.measure import measure_gates
from tospike.compare.energy.gates.options import NetworkGateOptions
from tospike.compare.energy.gates.parts import PARTS
from tospike.compare.energy.gates.summary import GateReport
from tospike.compare.plain import to_plain
from tospike.compare.report.numbers import significant
from tospike.gen.options.model import ModelOptions
from tospike.gen.tools.cache import CacheOptions

app = new_app()


@app.command("gates", epilog="Example:  tospike energy gates model.onnx --data digits --samples 50")
@takes_options
def gates_command(
    *,
    model: Annotated[
        Path, typer.Argument(help="Trained network (.onnx, .nir), or a folder of `tospike generate network`.")
    ],
    json: Json = None,
    gates: NetworkGateOptions,
    results: CacheOptions,
    data: GateData,
    options: ModelOptions,
) -> None:
    """Measure the gate-level energy per inference on real data: transitions of every net, by the library's tables."""
    console.check_outputs(
        json, inputs=(model, data.data, *options.sources, gates.target, *filter(None, [gates.technology]))
    )
    chosen = gates.options(results.cache)
    data_set = data.load(options.steps)
    design, x, warnings = design_and_inputs(model, data_set, options)
    console.warn(warnings)
    with console.progress_lines(design.params.name) as progress:
        measured = measure_gates(design, x, chosen, progress=progress)
    console.out.print(_table(design.params.name, measured.report))
    if json:
        console.write_json(json, {"design": design.params.name, "data": data_set.name, **to_plain(measured.report)})


def _table(name: str, found: GateReport) -> Table:
    by_delay = found.delays
    table = Table(f"pJ per inference, {found.library}", *(f"delays {d.value}" for d in by_delay), title=name)
    for part, label in PARTS.items():
        table.add_row(label, *(significant(energy.parts[part]) for energy in by_delay.values()))
    table.add_section()
    table.add_row("total", *(significant(energy.total) for energy in by_delay.values()), style="bold")
    tree = found.clock_tree
    table.caption = (
        f"{found.samples} samples of {found.cycles:,.0f} cycles, outputs as golden; {found.cells:,} cells, "
        f"{found.memory_bits:,} bits of memory ({found.technology}); {tree.sinks:,} clock pins, "
        f"{tree.buffers} {tree.buffer}; period {found.period_ns:.2f} ns: {found.period_source}"
    )
    return table
