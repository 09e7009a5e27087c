"""``tospike partition``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Json, Model
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options, without
from tospike.compare.partition.options import PartitionOptions
from tospike.compare.partition.placements import count_placements
from tospike.compare.partition.result import Partition, Placed
from tospike.compare.partition.run import partition
from tospike.compare.plain import to_plain
from tospike.gen.data.datasets import DataSet
from tospike.gen.data.options import SampleOptions
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.pair import exact_pair
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.cache import CacheOptions
from tospike.gen.tools.children import temporary_folder

_SHOWN = 20
"""Rows of the table in the terminal; the JSON has all of them."""

app = new_app()


@app.command("partition", epilog="Example:  tospike partition ann.onnx --data digits --steps 8 --objective energy")
@takes_options
def partition_command(
    *,
    model: Model,
    json: Json = None,
    wanted: PartitionOptions,
    data: SampleOptions,
    results: CacheOptions,
    options: Annotated[ModelOptions, without("objective", "fit", "engine", "place")],
) -> None:
    """Choose where each layer of an exact pair runs: on an array, on an event engine of an ANN, or as spiking neurons.

    The model is a float ANN, which is converted to an exact pair of --steps levels (8 by default), or the SNN of a
    pair. Every placement has the same outputs; cycles and energies are those of the golden chains.
    """
    console.check_outputs(json, inputs=(model, data.data, *options.sources))
    data_set = data.load().require_labels()
    with temporary_folder() as work:
        if model.suffix == ".onnx":
            model, options = _converted(model, data_set, options, work)
        snn = prepare(model, data_set, options)
    console.warn(snn.warnings)
    with console.progress_bar("partition", count_placements(snn.quantized.network)) as progress:
        found = partition(snn, options, data_set, wanted, progress=progress, cache=results.cache)
    _say(found)
    if json:
        console.write_json(json, {**to_plain(found), "choices": snn.choices})
    if any(verified.mismatches for verified in found.verified):
        raise typer.Exit(1)


def _converted(model: Path, data: DataSet, options: ModelOptions, work: Path) -> tuple[Path, ModelOptions]:
    """Return the file, in a folder, of the SNN of a float ANN's exact pair, and the options that are left for it."""
    steps = {} if options.steps is None else {"steps": options.steps}
    pair = exact_pair(load_network(model), data, ExactOptions(**steps))
    path = work / f"{model.stem}.nir"
    path.write_bytes(pair.snn)
    return path, options.but(steps=None)


def _say(found: Partition) -> None:
    table = Table(
        "placement", "accuracy", "cycles", "energy, pJ", "area, um2", title=f"{found.network}, {found.samples} samples"
    )
    for placed in found.placements[:_SHOWN]:
        table.add_row(*_row(placed))
    if (more := len(found.placements) - _SHOWN) > 0:
        table.caption = f"{more:,} more placements: --json FILE"
    console.out.print(table)
    cost = found.objective.value
    lines = [f"best by {cost}: {found.best.place}"]
    lines += [
        f"{name.replace('_', ' ')}: {found.margins[name]:.3f} times its {cost} ({each.place})"
        for name, each in found.others()
    ]
    lines += [f"RTL, {each.samples} samples: {each.mismatches} mismatches ({each.place})" for each in found.verified]
    if found.refused:
        place, reason = next(iter(found.refused.items()))
        lines.append(f"{len(found.refused)} placements do not exist, such as {place}: {reason}")
    for line in lines:
        console.out.print(line, highlight=False, soft_wrap=True)


def _row(placed: Placed) -> tuple[str, ...]:
    return (
        placed.place,
        f"{100 * placed.accuracy:.2f} %",
        f"{placed.cycles:,.1f}",
        f"{placed.energy_pj:,.0f}",
        f"{placed.area:,.0f}",
    )
