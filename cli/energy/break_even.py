"""``tospike energy break-even``: the surface."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.report.numbers import significant
from tospike.compare.sweep.break_even import BreakEvenAxes, BreakEvenGates, break_even
from tospike.compare.sweep.runner import P, R, Task, WorkerOptions, run_sweep
from tospike.compare.sweep.surface import BreakEven
from tospike.compare.sweep.surface_files import FILES, write_surface
from tospike.gen.files.results_folder import check_results
from tospike.gen.tools.cache import CacheOptions

app = new_app()


@app.command(
    "break-even",
    epilog="Example:  tospike energy break-even --steps 4,8 --state register,memory --rows 1,4,16 --out surface",
)
@takes_options
def break_even_command(
    *,
    out: Annotated[Path, typer.Option(help="Folder for break_even.json, .csv, .svg and .pdf.")] = Path("break-even"),
    workers: WorkerOptions,
    results: CacheOptions,
    axes: BreakEvenAxes,
    gates: BreakEvenGates,
) -> None:
    """Find the spikes per activation below which an SNN layer needs less energy than an ANN's, on random activity.

    Measures every combination of the given values: fan-in (inputs), size of the weight memory (outputs), bits, time
    steps, reuse (rows) and placement of the membranes; by the hardware's counters and, with --gates, also in gates,
    where the technology (by default that of the cells) prices memories.
    """
    if gates.gates:
        axes = axes.in_gates(gates.gate_target)
    execute, cache = workers.execute, results.cache

    def measure(points: Sequence[P], task: Task[P, R]) -> list[R]:
        with console.progress_bar(f"break-even, {task.title}", len(points)) as progress:
            return run_sweep(points, task=task, cache=cache, execute=execute, progress=progress)

    check_results(out, FILES)
    found = break_even(axes, gates, measure)
    from tospike.compare.sweep.surface_figure import surface_figure  # importing matplotlib is slow

    write_surface(out, found, surface_figure(found, axes.values))
    table = Table(*(name.replace("_", " ") for name in axes.varied), "level", "n*")
    for item in found:
        table.add_row(*(str(getattr(item.point, name)) for name in axes.varied), item.level.value, _shown(item))
    console.out.print(table)
    console.out.print(f"{out}: break_even.json, .csv, .svg, .pdf", highlight=False, soft_wrap=True)


def _shown(item: BreakEven) -> str:
    if item.n_star is None:
        return f"above {significant(item.n_max)}: spikes always win"
    return "none: spikes never win" if item.n_star == 0 else significant(item.n_star)
