"""``tospike energy break-even``: the surface."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.arguments import Axis, GateTarget, Jobs
from tospike.cli.commands import new_app
from tospike.compare.energy.gates.measure import fitting_technology
from tospike.compare.energy.gates.simulate import DelayModel
from tospike.compare.energy.technology import load_technology
from tospike.compare.report.numbers import significant
from tospike.compare.sweep.gate_surface import check_surface, gate_surface
from tospike.compare.sweep.gates import GatePoint
from tospike.compare.sweep.point import Point, grid, parse_values
from tospike.compare.sweep.result import GateSideResult
from tospike.compare.sweep.runner import COUNTERS, GATES, in_processes, on_cluster, run_sweep
from tospike.compare.sweep.surface import BreakEven, surface, with_rates
from tospike.compare.sweep.surface_files import FILES, write_surface
from tospike.gen.files.results_folder import check_results
from tospike.gen.tools.cache import Cache
from tospike.hw.params import require

app = new_app()


@app.command(
    epilog="Example:  tospike energy break-even --steps 4,8 --state register,memory --rows 1,4,16 --out surface"
)
def break_even(
    *,
    out: Annotated[Path, typer.Option(help="Folder for break_even.json, .csv, .svg and .pdf.")] = Path("break-even"),
    inputs: Axis = None,
    outputs: Axis = None,
    steps: Axis = None,
    weight_bits: Axis = None,
    act_bits: Axis = None,
    state_bits: Axis = None,
    lanes: Axis = None,
    cols: Axis = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Where membranes live: built, memory, register. By default register,memory; built with --gates."
        ),
    ] = None,
    technology: Axis = None,
    rows: Annotated[str, typer.Option(help="Rows of the array, which share each weight: the ANN's reuse.")] = "1,4,16",
    density: Annotated[float, typer.Option(help="Fraction of the ANN's activations that is not zero.")] = 0.5,
    gates: Annotated[bool, typer.Option("--gates", help="Also in gates, beside the hardware's counters.")] = False,
    gate_target: GateTarget = "osu018",
    delays: Annotated[
        DelayModel, typer.Option(help="Of the gates. zero: no glitches; library: each gate's delay.")
    ] = DelayModel.LIBRARY,
    jobs: Jobs = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler to use instead.")] = None,
) -> None:
    """Spikes per activation below which an SNN layer needs less energy than the ANN's, on random activity.

    Measured for every combination of the values given: fan-in (inputs), size of the weight memory (outputs), bits, time
    steps, reuse (rows), where the membranes live. By the hardware's counters; with --gates also in gates, where the
    technology, by default that of the cells, prices memories.
    """
    require(jobs is None or jobs >= 1, f"jobs must be 1 or more, not {jobs}")
    if gates:
        technology = technology or fitting_technology(gate_target)
    state = state or ("built" if gates else "register,memory")
    given = {
        "inputs": inputs,
        "outputs": outputs,
        "steps": steps,
        "weight_bits": weight_bits,
        "act_bits": act_bits,
        "state_bits": state_bits,
        "lanes": lanes,
        "cols": cols,
        "technology": technology,
        "state": state,
        "rows": rows,
    }
    axes = {name: parse_values(name, text) for name, text in given.items() if text is not None}
    points = grid(Point(density=density), axes)
    execute = on_cluster(scheduler) if scheduler else in_processes(jobs or os.cpu_count() or 1)
    cache = Cache()

    def run_gates(works: Sequence[GatePoint]) -> list[GateSideResult]:
        with console.progress_bar("break-even, gates", len(works)) as progress:
            return run_sweep(works, task=GATES, cache=cache, execute=execute, progress=progress)

    if gates:
        check_surface(points, target=gate_target, delays=delays)
    for name in {point.technology for point in points}:
        load_technology(name)  # refused before anything is written
    check_results(out, FILES)
    measured = with_rates(points)
    with console.progress_bar("break-even", len(measured)) as progress:
        results = run_sweep(measured, task=COUNTERS, cache=cache, execute=execute, progress=progress)
    found = surface(results, points)
    if gates:
        found += gate_surface(points, target=gate_target, delays=delays, run=run_gates)
    varied = [name for name, values in axes.items() if len(values) > 1]
    from tospike.compare.sweep.surface_figure import surface_figure  # matplotlib takes as long as all the rest

    write_surface(out, found, surface_figure(found, axes))
    table = Table(*(name.replace("_", " ") for name in varied), "level", "n*")
    for item in found:
        table.add_row(*(str(getattr(item.point, name)) for name in varied), item.level.value, _shown(item))
    console.out.print(table)
    console.out.print(f"{out}: break_even.json, .csv, .svg, .pdf", highlight=False, soft_wrap=True)


def _shown(item: BreakEven) -> str:
    if item.n_star is None:
        return f"above {significant(item.n_max)}: spikes always win"
    return "none: spikes never win" if item.n_star == 0 else significant(item.n_star)
