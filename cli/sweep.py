"""``tospike sweep``."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.arguments import Axis, Jobs
from tospike.cli.commands import new_app
from tospike.compare.energy.technology import load_technology
from tospike.compare.report.numbers import significant, times
from tospike.compare.sweep.point import Point, grid, parse_values
from tospike.compare.sweep.report import FILES, write_sweep
from tospike.compare.sweep.runner import COUNTERS, in_processes, on_cluster, run_sweep
from tospike.gen.files.results_folder import check_results
from tospike.gen.tools.cache import Cache
from tospike.hw.params import require

_SHOWN = 40
"""Lines of the table in the terminal; the files have all."""

app = new_app()


@app.command(epilog="Example:  tospike sweep --steps 4,8 --rows 1,4,16 --spike-rate 0.02,0.1 --out sweep")
def sweep(
    *,
    out: Annotated[Path, typer.Option(help="Folder for sweep.json and sweep.csv.")] = Path("sweep"),
    inputs: Axis = None,
    outputs: Axis = None,
    steps: Axis = None,
    weight_bits: Axis = None,
    act_bits: Axis = None,
    state_bits: Axis = None,
    lanes: Axis = None,
    rows: Axis = None,
    cols: Axis = None,
    state: Annotated[str | None, typer.Option(help="Where membranes live: built, memory, register.")] = None,
    spike_rate: Axis = None,
    density: Axis = None,
    technology: Axis = None,
    samples: Annotated[int, typer.Option(help="Random samples per point.")] = 4,
    seed: Annotated[int, typer.Option(help="Seeds activity and weights.")] = 1,
    jobs: Jobs = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler to use instead (extra: cluster).")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Compute every point again.")] = False,
) -> None:
    """A dense layer as ANN and as SNN, with random activity, over every combination of the given values.

    Energies are per inference, by the hardware's counters; ``rows`` of the array share each weight.
    A sweep that was interrupted goes on where it was.
    """
    given = {
        "inputs": inputs,
        "outputs": outputs,
        "steps": steps,
        "weight_bits": weight_bits,
        "act_bits": act_bits,
        "state_bits": state_bits,
        "lanes": lanes,
        "rows": rows,
        "cols": cols,
        "state": state,
        "spike_rate": spike_rate,
        "density": density,
        "technology": technology,
    }
    require(jobs is None or jobs >= 1, f"jobs must be 1 or more, not {jobs}")
    axes = {name: parse_values(name, text) for name, text in given.items() if text is not None}
    points = grid(Point(samples=samples, seed=seed), axes)
    execute = on_cluster(scheduler) if scheduler else in_processes(jobs or os.cpu_count() or 1)
    for name in {point.technology for point in points}:
        load_technology(name)  # refused before anything is written
    check_results(out, FILES)
    with console.progress_bar("sweep", len(points)) as progress:
        results = run_sweep(points, task=COUNTERS, cache=Cache(reuse=not no_cache), execute=execute, progress=progress)
    write_sweep(out, results)
    varied = [name for name, values in axes.items() if len(values) > 1]
    table = Table(*(name.replace("_", " ") for name in varied), "n", "ANN, pJ", "SNN, pJ", "SNN / ANN")
    for found in results[:_SHOWN]:
        figures = map(significant, (found.n, found.ann.pj, found.snn.pj))
        table.add_row(*(str(getattr(found.point, name)) for name in varied), *figures, times(found.ratio))
    console.out.print(table)
    more = f" ({len(results) - _SHOWN} more points there)" if len(results) > _SHOWN else ""
    console.out.print(f"{out}: sweep.json, sweep.csv{more}", highlight=False, soft_wrap=True)
