"""``tospike data plot``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.data.info import Spec
from tospike.cli.options import takes_options, without
from tospike.gen.data.options import PictureOptions

app = new_app()


@app.command("plot", epilog="Example:  tospike data plot recording.raw --out recording.png")
@takes_options
def plot_command(
    *,
    spec: Spec,
    out: Annotated[Path, typer.Option(help="Picture: .png, .svg or .pdf.")],
    options: Annotated[PictureOptions, without("data", "time_bin_us")],
) -> None:
    """Draw a recording or a sample: event frames, a raster of events, and their rate over time."""
    from tospike.compare.report.figures.recording import check_suffix, draw_events, draw_sample, write_figure
    from tospike.gen.data.datasets import parse_spec
    from tospike.gen.data.describe import event_set

    check_suffix(out)
    console.check_outputs(out, inputs=(spec,))
    options, sample = replace(options, data=spec), options.sample
    title = f"{Path(spec.rpartition(':')[2]).name}, {sample}"
    with console.progress_lines(spec):
        found = None if spec == "digits" else event_set(*parse_spec(spec), options)
        figure = draw_events(found.test, sample, title) if found else draw_sample(options.load(), sample, title)
        write_figure(out, figure)
    if found is not None:
        console.warn(found.notes)
