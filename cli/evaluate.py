"""``tospike evaluate``."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import typer

from tospike.cli import console
from tospike.cli.arguments import Json, Model
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.gen.data.options import SampleOptions
from tospike.gen.files.npz import npz_bytes
from tospike.gen.files.output import write_bytes
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import compile_network, import_network
from tospike.hw.params import require
from tospike.sim.network import Array
from tospike.tb.evaluate import EvaluateOptions, evaluate, file_outputs, float_inference
from tospike.tb.inference import Backend
from tospike.tb.reference import StageComparison, compare_reference, read_reference
from tospike.tb.replay.exact_trace import LayerTrace, compare_trains, float_spikes, golden_spikes

app = new_app()


@app.command("evaluate", epilog="Example:  tospike evaluate model.onnx --data digits --backend rtl --samples 100")
@takes_options
def evaluate_command(
    *,
    model: Model,
    json: Json = None,
    evaluation: EvaluateOptions,
    data: SampleOptions,
    options: ModelOptions,
) -> None:
    """Measure accuracy, cycles and operation counts of a trained network on test data."""
    reference = evaluation.reference
    require(not evaluation.as_file or evaluation.outputs is not None, "--as-file is for --outputs FILE.npz: give both")
    console.check_outputs(
        json, evaluation.outputs, inputs=(model, data.data, *options.sources, *filter(None, [reference]))
    )
    data_set = data.load(options.steps)
    trained = import_network(model, data_set, options)
    network, backend = trained.network, evaluation.backend
    in_float = backend is Backend.FLOAT
    prepared = None if in_float and not evaluation.exact_trace else compile_network(trained, data_set)
    console.warn(trained.warnings)
    framework = None
    if reference is not None:
        framework = read_reference(reference, network, len(data_set.x))
    with console.progress_bar(f"{network.name}: {backend}", len(data_set.x)) as progress:
        if prepared is None or in_float:
            found = float_inference(network, data_set.x, data_set.labels)
        else:
            found = evaluate(prepared, data_set, backend, simulator=evaluation.simulator, progress=progress)
    console.warn(found.warnings)
    summary = found.summary()
    table = Table("", network.name, title=f"{data_set.name}, {summary['samples']} samples")
    for name, value in _flatten(summary):
        table.add_row(name, value)
    console.out.print(table)
    if evaluation.exact_trace and prepared is not None:
        layers = compare_trains(prepared, data_set.x)
        console.out.print(_trace_table(layers))
        summary["exact_trace"] = [asdict(layer) for layer in layers]
    if evaluation.outputs:
        arrays = {"outputs": found.outputs}
        if evaluation.as_file:
            quantized = None if in_float or prepared is None else prepared.quantized
            arrays = _plain(file_outputs(network, found, quantized))
        write_bytes(evaluation.outputs, npz_bytes(arrays))
    stages = [] if framework is None else compare_reference(network, data_set.x, framework)
    if framework is not None:
        console.out.print(_reference_table(stages, f"{reference}"))
        summary["reference"] = [asdict(stage) for stage in stages]
    if json:
        summary["predictions"] = found.predictions.tolist()
        if evaluation.spikes:
            in_golden = None if in_float else prepared
            trains = golden_spikes(in_golden, data_set.x) if in_golden else float_spikes(network, data_set.x)
            summary["spikes"] = {name: train.tolist() for name, train in trains.items()}
        about = {
            "network": network.name,
            "choices": (prepared or trained).choices,
            "warnings": [*trained.warnings, *found.warnings],
        }
        console.write_json(json, {**summary, **about})
    if found.mismatches:
        console.err.print(f"RTL and golden model differ in {found.mismatches} places", style="red")
    if any(stage.different for stage in stages):
        console.err.print(f"the float network differs from {reference}", style="red")
    if found.mismatches or any(stage.different for stage in stages):
        raise typer.Exit(1)


def _plain(arrays: dict[str, Array]) -> dict[str, Array]:
    """Return arrays without Python objects, which npz files do not hold: text is an array of characters."""
    return {name: values.astype(str) if values.dtype.kind == "O" else values for name, values in arrays.items()}


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
