"""``tospike synth``."""

from typing import Any

from tospike.cli import console
from tospike.cli.arguments import Design, Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.gen.tools.cache import CacheOptions
from tospike.synth.flow import synthesize
from tospike.synth.options import SynthOptions

app = new_app()


@app.command(epilog="Example:  tospike synth build/core --target ecp5-85k --json area.json")
@takes_options
def synth(
    design: Design,
    *,
    json: Json = None,
    options: SynthOptions,
    results: CacheOptions,
) -> None:
    """Synthesise a design: area and, on an FPGA that is placed and routed, clock frequency."""
    console.check_outputs(json, inputs=(design, options.target))
    with console.progress_lines(f"{design} for {options.target}") as progress:
        report = synthesize(design, options, cache=results.cache, progress=progress).to_json()
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
    if "note" in report:
        table.caption = report["note"]
    if "fmax_mhz" in report:
        path = report["critical_path"]
        grade = "" if report["speed"] is None else f", speed grade {report['speed']}"
        table.caption = (
            f"{report['fmax_mhz']} MHz after routing{grade}, seed {report['seed']}; slowest path {path['logic_ns']} ns "
            f"logic and {path['routing_ns']} ns routing, from {path['start']} to {path['end']}"
        )
    return table
