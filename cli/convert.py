"""``tospike convert``."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options, without
from tospike.gen.convert import Converted, ConvertOptions, convert
from tospike.gen.data.options import SampleOptions
from tospike.gen.exact.pair import ExactPair, exact_pair
from tospike.gen.exact.snn_file import nir_options
from tospike.gen.files.output import write_bytes
from tospike.gen.load import load_network
from tospike.gen.options.model import ModelOptions
from tospike.gen.step_accuracy import CurveOptions, step_accuracy
from tospike.hw.params import require

app = new_app()


class Target(StrEnum):
    """The kinds of network that an ANN can be converted to."""

    SNN = "snn"


@app.command("convert", epilog="Example:  tospike convert ann.onnx --data digits --steps 32 --out snn.nir")
@takes_options
def convert_command(
    model: Annotated[Path, typer.Argument(help="Trained ANN (.onnx).", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="NIR file for the SNN.")],
    to: Annotated[Target, typer.Option(help="Kind of network to convert to.")] = Target.SNN,
    options: ConvertOptions,
    data: Annotated[SampleOptions, without("time_bin_us", "sensor")],
    over_time: CurveOptions,
) -> None:
    """Convert a trained ANN to an SNN of integrate-and-fire neurons. The NIR file states all options it needs."""
    curve, plot, backend = over_time.curve, over_time.plot, over_time.backend
    beside = out.with_suffix(".onnx")
    console.check_outputs(out, curve, plot, *([beside] if options.exact else []), inputs=(model, data.data))
    require(out.suffix == ".nir", f"{out} will be a NIR file: give --out a name that ends in .nir")
    ann, data_set = load_network(model), data.load().require_labels()
    console.warn((*ann.warnings, *data_set.warnings))
    require(
        not data_set.has_steps and data_set.inputs == ann.input.inputs,
        f"{model} takes {ann.input.inputs} values per sample, which {data_set.name} does not have: give other --data",
    )
    data_set.require_classes(ann.classes, ann.name)
    if options.exact:
        pair = exact_pair(ann, data_set, options.exact_options)
        write_bytes(beside, pair.ann)
        write_bytes(out, pair.snn)
        _say_pair(out, beside, pair)
    else:
        converted = convert(ann, data_set.train_x, options)
        write_bytes(out, converted.to_bytes())
        _say(out, options, converted)
    if curve or plot:
        with console.progress_bar(f"{ann.name}: {backend}", len(data_set.x)) as progress:
            how = ModelOptions(weight_bits=over_time.weight_bits)
            measured = step_accuracy(out, ann, data_set, backend, options=how, progress=progress)
        accuracy = measured.accuracy
        console.out.print(
            f"accuracy, {measured.backend.value}, {measured.samples} samples: ANN "
            f"{100 * measured.ann_accuracy:.2f} %, SNN {100 * accuracy[-1]:.2f} % after {options.steps} steps, "
            f"best {100 * max(accuracy):.2f} % after {accuracy.index(max(accuracy)) + 1}",
            highlight=False,
        )
        if curve:
            console.write_json(
                curve, {"network": ann.name, "data": data_set.name, **asdict(options), **asdict(measured)}
            )
        if plot:
            from tospike.compare.report.figures.steps import steps_figure  # importing matplotlib is slow

            title = f"{ann.name} as an SNN: accuracy over time steps ({measured.backend.value})"
            steps_figure(accuracy, ann=measured.ann_accuracy, title=title).write(plot)


def _say_pair(out: Path, beside: Path, pair: ExactPair) -> None:
    table = Table("option", "value", title=f"{out}, equal to {beside} on all inputs")
    for name, value in nir_options(pair.layers).describe().items():
        table.add_row(name, str(value))
    for layer in pair.layers.layers:
        table.add_row(f"threshold of {layer.name}", "none" if layer.threshold is None else str(layer.threshold))
    console.out.print(table)


def _say(out: Path, options: ConvertOptions, converted: Converted) -> None:
    table = Table("option", "value", title=str(out))
    for name, value in {**asdict(options), **options.nir.describe()}.items():
        table.add_row(name, str(value))
    for name, scale in converted.scales.items():
        table.add_row(f"a spike per step of {name}", f"{scale:.4g}")
    console.out.print(table)
