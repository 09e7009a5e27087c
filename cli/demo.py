"""``tospike demo``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.demo.options import DemoOptions
from tospike.compare.demo.page import NAME, demo_html
from tospike.compare.demo.record import Demo, DesignDemo, Moment, check_sample, record
from tospike.compare.demo.text import layer_lines, membrane_lines, picture_lines
from tospike.compare.report.numbers import significant
from tospike.compare.study.workload import named
from tospike.gen.data.options import PictureOptions
from tospike.gen.files.results_folder import check_results, write_results
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import require

app = new_app()
COLOURS = {"ann": "blue", "snn": "dark_orange3", "hybrid": "green"}


@app.command(epilog="Example:  tospike demo --sample 7 --rtl --out demo")
@takes_options
def demo(
    *,
    model: Annotated[
        list[Path] | None,
        typer.Argument(help="Trained networks, beside each other.", show_default="the digits' SNN and ANN"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help=f"Folder for {NAME}, one page without a network.")] = None,
    shown: DemoOptions,
    data: PictureOptions,
    options: ModelOptions,
) -> None:
    """Show what a network does with one sample: spikes, membranes, the answer and its energy, step by step.

    Everything comes from the golden model; --rtl runs the sample through the generated Verilog, too.
    """
    models = list(model or _digits())
    require(bool(model) or data.data == "digits", f"give the MODEL that --data {data.data} is for")
    console.check_outputs(inputs=(*models, data.data, *options.sources))
    if out is not None:
        check_results(out, (NAME,))
    technology, designs = shown.technology, []
    data_set = data.load(options.steps)
    check_sample(data_set, data.sample)
    for path in models:
        with console.progress_lines(path.name) as progress:
            progress("Verilog, in a simulator" if shown.rtl else "golden model")
            prepared = prepare(path, data_set, options)
            designs.append(record(prepared, data_set, data.sample, technology, rtl=shown.rtl))
        console.warn(prepared.warnings)
    found = Demo(data=data_set, sample=data.sample, technology=technology.name, designs=tuple(designs))
    _say(found)
    if out is not None:
        write_results(out, {NAME: demo_html(found)})
        console.out.print(Text(f"page: {out / NAME}"), soft_wrap=True)
    differing = [design.name for design in designs if design.rtl_equal is False]
    if differing:
        console.err.print(f"RTL and golden model of {', '.join(differing)} differ", style="red")
        raise typer.Exit(1)


def _digits() -> tuple[Path, Path]:
    """Return tospike's own networks for the digits."""
    workload = named("digits", ModelOptions())
    assert workload.snn is not None  # the workload has both
    return workload.snn, workload.ann


def _say(demo: Demo) -> None:
    label = "" if demo.label is None else f", {demo.label}"
    _print(f"{demo.data.name}, test sample {demo.sample}{label}", style="bold")
    for line in picture_lines(demo.data, demo.sample):
        _print(f"  {line}")
    for design in demo.designs:
        _say_design(design, COLOURS[design.kind])
    table = Table(*("", *(design.name for design in demo.designs)))
    rights = {None: "", True: ", right", False: ", wrong"}
    answers = [f"{d.answer}{rights[None if demo.label is None else d.answer == demo.label]}" for d in demo.designs]
    table.add_row("answer", *answers)
    table.add_row("spikes, activations", *(f"{design.events:,}" for design in demo.designs))
    table.add_row("cycles", *(f"{design.cycles:,}" for design in demo.designs))
    table.add_row(f"energy, nJ, {demo.technology}", *(significant(d.energy.total / 1000) for d in demo.designs))
    if any(design.rtl_equal is not None for design in demo.designs):
        table.add_row("RTL", *("equal" if design.rtl_equal else "DIFFERENT" for design in demo.designs))
    _print("")
    console.out.print(table)


def _say_design(design: DesignDemo, colour: str) -> None:
    _print(f"\n{design.name}: {design.description}", style=f"bold {colour}")
    for layer in design.layers:
        what = layer.activity if layer.has_steps else "activations other than 0"
        _print(f"  {layer.name}, {layer.values.shape[1]:,} neurons: {layer.events:,} {what}")
        for line in layer_lines(layer):
            _print(f"    |{line}|", style=colour)
    if design.membranes is not None:
        _print("  membranes of the last layer")
        for number, line in membrane_lines(design):
            is_answer = number == design.answer
            _print(f"    {number:4} {line}{' <' if is_answer else ''}", style=f"bold {colour}" if is_answer else None)
    if design.moments:
        table = Table("after step", "answer", "energy, nJ", "cycles", box=None)
        for moment in _few(design):
            table.add_row(str(moment.step), str(moment.answer), significant(moment.pj / 1000), f"{moment.cycles:,}")
        console.out.print(table)


def _few(design: DesignDemo) -> list[Moment]:
    """Return at most twelve moments, the last among them."""
    moments = design.moments
    return [moments[(number + 1) * len(moments) // 12 - 1] for number in range(12)] if len(moments) > 12 else [*moments]


def _print(text: str, style: str | None = None) -> None:
    console.out.print(Text(text, style=style or ""), soft_wrap=True, highlight=False)
