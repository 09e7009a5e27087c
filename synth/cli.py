"""``tospike synth`` and ``tospike doctor``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tospike.gen import console
from tospike.gen.cache import Cache
from tospike.gen.doctor import doctor, render
from tospike.synth.flow import synthesize
from tospike.synth.targets import Router

Target = Annotated[str, typer.Option(help="ecp5-85k, ice40-up5k, or a Liberty file (.lib or .lib.gz).")]
Speed = Annotated[int | None, typer.Option(help="Speed grade of the FPGA [ecp5-85k: 6].")]
Seed = Annotated[int, typer.Option(help="Seed of the placer.")]
RouterOption = Annotated[Router, typer.Option(help="Router of nextpnr; router2 where router1 takes too long.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON.")]


def synth_command(
    design: Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)],
    *,
    target: Target = "ecp5-85k",
    speed: Speed = None,
    seed: Seed = 1,
    router: Annotated[
        Router, typer.Option(help="Router of nextpnr; router2 where router1 takes too long.")
    ] = Router.ROUTER1,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do it again even if the result is known.")] = False,
    json: Json = None,
) -> None:
    """Area and, on an FPGA, the clock frequency after routing."""
    console.check_writable(json)
    with console.progress_lines(f"{design} for {target}") as progress:
        report = synthesize(
            design,
            target=target,
            speed=speed,
            seed=seed,
            router=router,
            cache=Cache(reuse=not no_cache),
            progress=progress,
        ).to_json()
    console.out.print(_table(report))
    if json:
        console.write_json(json, report)


def _table(report: dict[str, Any]) -> Table:
    """Engines, total and clock."""
    engines = report["engines"]
    names = [name for name, value in report.items() if name in next(iter(engines.values()), report)]
    names = [name for name in names if isinstance(report[name], int | float)]
    table = Table("", *names, title=report["target"], title_justify="left")
    for engine, values in engines.items():
        table.add_row(engine, *(f"{values[name]:,}" for name in names))
    table.add_section()
    table.add_row("total", *(f"{report[name]:,}" for name in names), style="bold")
    if "fmax_mhz" in report:
        path = report["critical_path"]
        grade = "" if report["speed"] is None else f", speed grade {report['speed']}"
        table.caption = (
            f"{report['fmax_mhz']} MHz after routing{grade}, seed {report['seed']}; slowest path {path['logic_ns']} ns "
            f"logic and {path['routing_ns']} ns routing, from {path['start']} to {path['end']}"
        )
    return table


def doctor_command() -> None:
    """Which tools were found, which versions, what is missing and how to get it."""
    states = doctor()
    console.out.print(render(states))
    if not all(state.is_fine for state in states):
        raise typer.Exit(1)
