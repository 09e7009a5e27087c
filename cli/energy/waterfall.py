"""``tospike energy waterfall``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.compare.energy.technology import load_technology
from tospike.compare.energy.waterfall import PAPERS, Measured, WaterfallOptions, waterfall
from tospike.compare.plain import to_plain
from tospike.compare.report.numbers import significant
from tospike.gen.options.model import ModelOptions

app = new_app()


@app.command(
    "waterfall", epilog="Example:  tospike energy waterfall ann.onnx snn.nir --data digits --out waterfall.svg"
)
@takes_options
def waterfall_command(
    *,
    ann: Annotated[Path, typer.Argument(help="The ANN (.onnx), with default options.")],
    snn: Annotated[Path, typer.Argument(help="The SNN (.nir); the options of networks are its own.")],
    out: Annotated[Path | None, typer.Option(help="Figure: .svg or .pdf.")] = None,
    json: Json = None,
    data: WaterfallOptions,
    options: ModelOptions,
) -> None:
    """Go from the assumptions of two publications to this hardware, one at a time, for an ANN and an SNN.

    Each row replaces one part of a publication's model (ottati2023, davidson-furber-22fdx) by what this hardware does,
    and shows the ratio of the energies, SNN over ANN: so one sees which assumptions make published answers differ.
    """
    console.check_outputs(json, out, inputs=(ann, snn, data.data, *options.sources))
    technology = load_technology(data.technology)
    data_set = data.load(options.steps)
    with console.progress_lines("golden models"):
        (first, warnings), (second, more) = (
            Measured.of(path, data_set, chosen) for path, chosen in ((ann, ModelOptions()), (snn, options))
        )
        found = {name: waterfall(paper, first, second, technology) for name, paper in PAPERS.items()}
    console.warn((*warnings, *more))
    table = Table("SNN / ANN", *PAPERS, title=f"{first.design.params.name} and {second.design.params.name}")
    for row in zip(*found.values(), strict=True):
        table.add_row(row[0].name, *(significant(step.ratio) for step in row))
    console.out.print(table)
    if out is not None:
        from tospike.compare.report.figures.waterfall import waterfall_figure  # importing matplotlib is slow

        waterfall_figure(found).write(out)
    if json:
        steps = {name: [{**to_plain(step), "ratio": step.ratio} for step in each] for name, each in found.items()}
        console.write_json(json, {"data": data_set.name, "technology": technology.name, "steps": steps})
