"""``tospike evaluate``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tospike.cli import console
from tospike.cli.arguments import Data, HoldOut, Json, Model, Sensor, Simulator, SimulatorOption, TimeBin
from tospike.cli.commands import new_app
from tospike.cli.options import takes_options
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.tb.evaluate import Backend, evaluate
from tospike.tb.reference import StageComparison, compare_reference, read_reference
from tospike.tb.replay.exact_trace import LayerTrace, compare_trains, spikes_of

app = new_app()


@app.command("evaluate", epilog="Example:  tospike evaluate model.onnx --data digits --backend rtl --samples 100")
@takes_options
def evaluate_command(
    *,
    model: Model,
    data: Data = "digits",
    time_bin_us: TimeBin = None,
    sensor: Sensor = None,
    hold_out: HoldOut = None,
    backend: Annotated[Backend, typer.Option(help="What computes the answers.")] = Backend.GOLDEN,
    samples: Annotated[int | None, typer.Option(help="Number of test samples [all].")] = None,
    simulator: SimulatorOption = Simulator.VERILATOR,
    exact_trace: Annotated[
        bool, typer.Option("--exact-trace", help="SNN: compare float and golden spikes, layer by layer.")
    ] = False,
    reference: Annotated[
        Path | None,
        typer.Option(help="SNN: compare float with a framework's own layer_0, layer_1, ... in this npz file."),
    ] = None,
    spikes: Annotated[bool, typer.Option("--spikes", help="SNN, with --json: also what each stage sent.")] = False,
    json: Json = None,
    options: ModelOptions,
) -> None:
    """Accuracy, cycles and operation counts of a trained network on the test part of a data set."""
    console.check_outputs(json, inputs=(model, data, *options.sources, *filter(None, [reference])))
    data_set = load_data(data, time_bin_us=time_bin_us, steps=options.steps, sensor=sensor, every=hold_out)
    prepared = prepare(model, data_set, options)
    console.warn(prepared.warnings)
    framework = None
    if reference is not None:
        framework = read_reference(reference, prepared.imported, samples or len(data_set.x))
    total = samples or len(data_set.x)
    with console.progress_bar(f"{prepared.network.name}: {backend.value}", total) as progress:
        evaluation = evaluate(
            prepared, data_set, backend, samples=samples, simulator=simulator.value, progress=progress
        )
    console.warn(evaluation.warnings)
    summary = evaluation.summary()
    table = Table("", prepared.network.name, title=f"{data_set.name}, {summary['samples']} samples")
    for name, value in _flatten(summary):
        table.add_row(name, value)
    console.out.print(table)
    if exact_trace:
        layers = compare_trains(prepared, data_set.x[:samples])
        console.out.print(_trace_table(layers))
        summary["exact_trace"] = [asdict(layer) for layer in layers]
    stages = [] if framework is None else compare_reference(prepared.imported, data_set.x[:samples], framework)
    if framework is not None:
        console.out.print(_reference_table(stages, f"{reference}"))
        summary["reference"] = [asdict(stage) for stage in stages]
    if json:
        summary["predictions"] = evaluation.predictions.tolist()
        if spikes:
            trains = spikes_of(prepared, data_set.x[:samples], in_float=backend is Backend.FLOAT)
            summary["spikes"] = {name: train.tolist() for name, train in trains.items()}
        about = {
            "network": prepared.network.name,
            "choices": prepared.choices,
            "warnings": [*prepared.warnings, *evaluation.warnings],
        }
        console.write_json(json, {**summary, **about})
    if evaluation.mismatches:
        console.err.print(f"RTL and golden model differ in {evaluation.mismatches} places", style="red")
    if any(stage.different for stage in stages):
        console.err.print(f"the float network differs from {reference}", style="red")
    if evaluation.mismatches or any(stage.different for stage in stages):
        raise typer.Exit(1)


def _reference_table(stages: Sequence[StageComparison], name: str) -> Table:
    table = Table("stage", "differ", "float32 ties", "first", title=f"Float network against {name}")
    for stage in stages:
        first = stage.first
        where = first and (
            f"sample {first.sample}, step {first.step}, neuron {first.neuron}: {first.reference:g} there, "
            f"{first.float:g} in float"
        )
        table.add_row(
            stage.stage, f"{stage.different:,} of {stage.compared:,} differ", f"{stage.ties:,}", where or "never"
        )
    return table


def _trace_table(layers: Sequence[LayerTrace]) -> Table:
    columns = ("layer", "spikes, float", "spikes, golden", "differ", "differ on their own", "first")
    table = Table(*columns, title="Spike trains: float against golden")
    for layer in layers:
        first = layer.first
        where = first and (
            f"sample {first.sample}, step {first.step}, neuron {first.neuron}: "
            f"{first.float_spikes} in float, {first.golden_spikes} in golden"
        )
        counts = (layer.float_spikes, layer.golden_spikes, layer.differ, layer.differ_alone)
        table.add_row(layer.stage, *(f"{count:,}" for count in counts), where or "never")
    return table


def _flatten(summary: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in summary.items():
        if isinstance(value, dict):
            rows += _flatten(value, f"{prefix}{name} ")
        elif name.endswith("accuracy"):
            rows.append((f"{prefix}{name}", f"{100 * value:.2f} %"))
        else:
            rows.append((f"{prefix}{name}", f"{value:,.1f}" if isinstance(value, float) else str(value)))
    return rows
