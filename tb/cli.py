"""``tospike verify``, ``tospike evaluate`` and ``tospike bench``."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tospike.gen import console
from tospike.gen.cli import Data, HoldOut, Model, Sensor, TimeBin, parse_gemm
from tospike.gen.data import load_data
from tospike.gen.options import ModelOptions, takes_model_options
from tospike.gen.prepare import prepare
from tospike.hw.params import ArrayParams, Dataflow, EventParams, InputError, IntFormat, Readout
from tospike.tb.evaluate import Backend, evaluate
from tospike.tb.exact_trace import LayerTrace, compare_trains, spikes_of
from tospike.tb.gemm import bench_gemm
from tospike.tb.reference import StageComparison, compare_reference, read_reference
from tospike.tb.spikes import bench_spikes
from tospike.tb.verify import RUN, TestResult, verify

bench_app = typer.Typer(no_args_is_help=True, help="Measure the hardware in simulation.")


class Simulator(StrEnum):
    """The simulators that the benches run on."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")]
SimulatorOption = Annotated[Simulator, typer.Option(help="Which simulator.")]


def verify_command(
    design: Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)],
    *,
    simulator: SimulatorOption = Simulator.VERILATOR,
    seed: Annotated[int, typer.Option(help="Seeds stimulus and stalls.")] = 0,
    samples: Annotated[int, typer.Option(help="Samples of each test.")] = 8,
    waves: Annotated[bool, typer.Option("--waves", help="Record a waveform in DESIGN/verify.")] = False,
    json: Json = None,
) -> None:
    """Run the cocotb test benches on a generated design, against its golden model, with random stalls."""
    console.check_outputs(json, inputs=(design,))
    with console.progress_bar(f"{simulator.value}: building and running the test benches"):
        results = verify(
            design,
            simulator=simulator.value,
            seed=seed,
            samples=samples,
            waves=waves,
        )
    table = Table("test", "result", "seconds")
    for result in results:
        table.add_row(result.name, _verdict(result), f"{result.seconds:.1f}")
    console.out.print(table)
    failed = [result for result in results if not result.passed]
    for result in failed:
        console.out.print(Text.assemble((result.name, "red"), f": {result.message}"))
    if waves:
        console.out.print(f"waveform in {design / RUN}")
    if json:
        console.write_json(
            json,
            {
                "design": str(design),
                "simulator": simulator.value,
                "seed": seed,
                "samples": samples,
                "passed": sum(r.passed and not r.skipped for r in results),
                "failed": len(failed),
                "tests": [
                    {"name": r.name, "passed": r.passed, "skipped": r.skipped, "message": r.message} for r in results
                ],
            },
        )
    if failed:
        raise typer.Exit(1)


def _verdict(result: TestResult) -> Text:
    if result.skipped:
        return Text("does not apply", "dim")
    return Text("passed", "green") if result.passed else Text("FAILED", "red")


@takes_model_options
def evaluate_command(
    *,
    model: Model,
    data: Data = "digits",
    time_bin_us: TimeBin = None,
    sensor: Sensor = None,
    hold_out: HoldOut = None,
    backend: Annotated[Backend, typer.Option(help="What computes the answers.")] = Backend.GOLDEN,
    samples: Annotated[int | None, typer.Option(help="Only so many test samples.")] = None,
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
    console.check_outputs(json, inputs=(model, data, *filter(None, [reference])))
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


@bench_app.command(epilog="Example:  tospike bench gemm --rows 8 --cols 8 --dataflow ws --gemm 100,50,70")
def gemm(
    *,
    rows: Annotated[int, typer.Option(help="Rows of the array.")] = 8,
    cols: Annotated[int, typer.Option(help="Columns of the array.")] = 8,
    dataflow: Annotated[Dataflow, typer.Option(help="Output- or weight-stationary.")] = Dataflow.OS,
    gemm: Annotated[str, typer.Option(help="M,N,K: results (M x N), inner dimension K.")] = "64,64,64",
    act_bits: Annotated[int, typer.Option(help="Bits of an activation, signed.")] = 8,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight.")] = 8,
    acc_bits: Annotated[int, typer.Option(help="Bits of an accumulator.")] = 32,
    seed: Annotated[int, typer.Option(help="Seeds the operands.")] = 0,
    simulator: SimulatorOption = Simulator.VERILATOR,
    json: Json = None,
) -> None:
    """A matrix product of random operands on the systolic engine: cycles counted in the RTL, utilisation."""
    console.check_outputs(json)
    array = ArrayParams(
        rows=rows,
        cols=cols,
        dataflow=dataflow,
        act=IntFormat(bits=act_bits, signed=True),
        weight_bits=weight_bits,
        acc_bits=acc_bits,
    )
    with console.progress_bar(f"{simulator.value}: {gemm} on {rows} x {cols} {dataflow.value}"):
        result = bench_gemm(array, parse_gemm(gemm), seed=seed, simulator=simulator.value)
    table = Table("", f"{gemm} on {rows} x {cols} {dataflow.value}")
    for name, value in result.items():
        table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    console.out.print(table)
    if json:
        console.write_json(json, result)
    if not result["golden_match"]:
        raise typer.Exit(1)


@bench_app.command(epilog="Example:  tospike bench spikes --neurons 256 --lanes 16 --rates 0.01,0.1,1")
def spikes(
    *,
    inputs: Annotated[int, typer.Option(help="Input addresses.")] = 256,
    neurons: Annotated[int, typer.Option(help="LIF neurons.")] = 256,
    lanes: Annotated[int, typer.Option(help="Neurons updated per cycle.")] = 16,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight.")] = 4,
    rates: Annotated[str, typer.Option(help="Spikes per input and step, a fraction each.")] = "0,0.01,0.1,1",
    steps: Annotated[int, typer.Option(help="Time steps.")] = 20,
    seed: Annotated[int, typer.Option(help="Seeds weights and spikes.")] = 0,
    simulator: SimulatorOption = Simulator.VERILATOR,
    json: Json = None,
) -> None:
    """Random spike trains on the event engine, in RTL: cycles and synaptic operations (SOP) over the spike rate."""
    console.check_outputs(json)
    engine = EventParams(
        inputs=inputs, neurons=neurons, lanes=lanes, weight_bits=weight_bits, readout=Readout.COUNT, count_bits=16
    )
    with console.progress_bar(f"{simulator.value}: {inputs} x {neurons}, {lanes} lanes"):
        results = bench_spikes(engine, _fractions(rates), steps=steps, seed=seed, simulator=simulator.value)
    table = Table("rate", "events", "cycles", "cycles per event", "SOP per cycle", "while events come", "golden")
    for row in results:
        came = row["events"] > 0
        table.add_row(
            str(row["rate"]),
            str(row["events"]),
            str(row["cycles"]),
            f"{row['cycles_per_event']:.2f}" if came else "",
            f"{row['sop_per_cycle']:.2f}",
            f"{row['sop_per_event_cycle']:.2f}" if came else "",
            "equal" if row["golden_match"] else Text("DIFFERS", "red"),
        )
    console.out.print(table)
    if json:
        console.write_json(json, results)
    if not all(row["golden_match"] for row in results):
        raise typer.Exit(1)


def _fractions(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--rates must be numbers with commas between them, not {text!r}") from None
