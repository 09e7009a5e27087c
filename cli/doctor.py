"""``tospike doctor``."""

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.gen.tools.doctor import ToolStatus, doctor, try_all

app = new_app()


@app.command("doctor")
def doctor_command() -> None:
    """Check which tools are installed and whether they build a small design; say how to install what is missing."""
    states = doctor()
    console.out.print(render(states))
    problems = not all(state.is_fine for state in states)
    for trial in try_all():
        problems |= bool(trial.problem)
        verdict = (("FAILS", "red"), f": {trial.problem}") if trial.problem else ("works",)
        console.out.print(Text.assemble(f"{trial.name}: ", *verdict), soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def render(states: list[ToolStatus]) -> Table:
    """Return the tools as a table for the terminal, which does not depend on colour."""
    table = Table(title="tospike doctor", title_justify="left")
    for heading in ("tool", "version", "from", "for", "to do"):
        table.add_column(heading)
    for state in states:
        if state.tool is not None:
            style, version, source = "", state.tool.version, state.tool.source
        else:
            style, version, source = ("dim", "not found (optional)", "") if state.optional else ("red", "MISSING", "")
        table.add_row(state.name, version, source, state.purpose, state.advice, style=style)
    return table
