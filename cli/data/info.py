"""``tospike data info``."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options, without
from tospike.gen.data.describe import describe
from tospike.gen.data.options import DataOptions

app = new_app()
Spec = Annotated[str, typer.Argument(help="As for --data, or the path of a recording.", show_default=False)]


@app.command("info", epilog="Example:  tospike data info recording.raw")
@takes_options
def info_command(
    *,
    spec: Spec,
    json: Json = None,
    options: Annotated[DataOptions, without("data", "time_bin_us", "test_fold")],
) -> None:
    """Say what a data set or a recording contains: format, sensor, events, time span, rate, labels.

    The format of a file is told by its contents.
    """
    console.check_outputs(json, inputs=(spec,))
    with console.progress_lines(spec):
        found = describe(replace(options, data=spec))
    table = Table("", spec)
    for name, value in found.items():
        if name != "notes" and value is not None:
            table.add_row(name.replace("_", " "), _text(value))
    console.out.print(table)
    console.warn(found.get("notes", ()))
    if json:
        console.write_json(json, found)


_MOST = 12


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = [f"{name} {_text(part)}" for name, part in value.items()]
        return ", ".join(parts[:_MOST] + ([f"and {len(parts) - _MOST} more"] if len(parts) > _MOST else []))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
