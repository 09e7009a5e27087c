"""``tospike synth``."""

from typing import Annotated, Any

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.arguments import Design, Json, Seed, Speed, Target
from tospike.cli.commands import new_app
from tospike.gen.tools.cache import Cache
from tospike.synth.flow import synthesize
from tospike.synth.targets import Router

app = new_app()


@app.command(epilog="Example:  tospike synth build/core --target ecp5-85k --json area.json")
def synth(
    design: Design,
    *,
    target: Target = "ecp5-85k",
    speed: Speed = None,
    seed: Seed = 1,
    router: Annotated[
        Router, typer.Option(help="Router of nextpnr; router2 where router1 takes too long.")
    ] = Router.ROUTER1,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Ignore cached results.")] = False,
    json: Json = None,
) -> None:
    """Area and, on an FPGA, the clock frequency after routing."""
    console.check_outputs(json, inputs=(design, target))
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
