"""``tospike sweep``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.report.numbers import significant, times
from tospike.compare.sweep.axes import Axes
from tospike.compare.sweep.report import FILES, write_sweep
from tospike.compare.sweep.runner import COUNTERS, WorkerOptions, run_sweep
from tospike.gen.files.results_folder import check_results
from tospike.gen.tools.cache import CacheOptions

_SHOWN = 40
"""Rows of the table in the terminal; the files have all of them."""

app = new_app()


@app.command("sweep", epilog="Example:  tospike sweep --steps 4,8 --rows 1,4,16 --spike-rate 0.02,0.1 --out sweep")
@takes_options
def sweep_command(
    *,
    out: Annotated[Path, typer.Option(help="Folder for sweep.json and sweep.csv.")] = Path("sweep"),
    workers: WorkerOptions,
    results: CacheOptions,
    axes: Axes,
) -> None:
    """Sweep a dense layer, as ANN and as SNN on random activity, over every combination of the given values.

    Energies are per inference, by the hardware's counters; ``rows`` of the array share each weight.
    An interrupted sweep resumes where it stopped.
    """
    points, execute = axes.points, workers.execute
    check_results(out, FILES)
    with console.progress_bar("sweep", len(points)) as progress:
        measured = run_sweep(points, task=COUNTERS, cache=results.cache, execute=execute, progress=progress)
    write_sweep(out, measured)
    table = Table(*(name.replace("_", " ") for name in axes.varied), "n", "ANN, pJ", "SNN, pJ", "SNN / ANN")
    for found in measured[:_SHOWN]:
        figures = map(significant, (found.n, found.ann.pj, found.snn.pj))
        table.add_row(*(str(getattr(found.point, name)) for name in axes.varied), *figures, times(found.ratio))
    console.out.print(table)
    more = f" ({len(measured) - _SHOWN} more points there)" if len(measured) > _SHOWN else ""
    console.out.print(f"{out}: sweep.json, sweep.csv{more}", highlight=False, soft_wrap=True)
