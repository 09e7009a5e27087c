"""``tospike compare``."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.options import given_on_command_line, takes_options, without
from tospike.cli.tables.report import print_report
from tospike.cli.tables.stream import crossover_lines, rtl_lines, stream_table
from tospike.compare.energy.gates.study import GateStudyOptions
from tospike.compare.search.options import SearchOptions
from tospike.compare.stream.options import StreamOptions
from tospike.compare.stream.run import compare_stream
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.saved import save_study
from tospike.compare.study.workload import WORKLOADS, Overrides, Workload, named
from tospike.gen.options.model import ModelOptions
from tospike.gen.tools.cache import CacheOptions
from tospike.hw.params import require
from tospike.synth.options import SynthOptions

app = new_app()


@app.command(epilog="Example:  tospike compare mine --ann a.onnx --snn s.nir --data npz:d.npz --out report")
@takes_options
def compare(
    *,
    context: typer.Context,
    workload: Annotated[
        str, typer.Argument(help=f"{', '.join(WORKLOADS)}, or any name with --ann, --snn and --data.")
    ] = "digits",
    out: Annotated[Path, typer.Option(help="Folder for report.json, report.html and both designs.")] = Path("out"),
    given: Overrides,
    study: StudyOptions,
    synth: SynthOptions,
    search: SearchOptions,
    gates: GateStudyOptions,
    results: CacheOptions,
    stream: StreamOptions,
    options: Annotated[ModelOptions, without("objective")],
) -> None:
    """Spikes or not? Compare the best ANN and SNN hardware on the same data: accuracy, latency, area, energy, and a
    verdict.

    Both sides are searched over engines, sizes, widths, time steps and codes; options that are given do not vary.
    """
    _check_given(context, is_stream=stream.stream, synthesis=study.synthesis)
    if search.pair and search.objective is not None:
        options = options.but(objective=search.objective.value)
    chosen = named(workload, options, given)
    if stream.stream:
        require(not chosen.more.get("ann") and not chosen.more.get("snn"), "--stream takes one --ann and one --snn")
        _compare_stream(chosen, out, stream, study, results)
        return
    how = study.with_parts(synth=synth, gates=gates, results=results, search=search)
    command = shlex.join(["tospike", *sys.argv[1:]])
    with console.progress_steps() as progress:
        made, page = save_study(chosen, out, how, command=command, progress=progress)
    console.warn(made.report.warnings)
    print_report(made.report, page, console.out)


def _check_given(context: typer.Context, *, is_stream: bool, synthesis: bool) -> None:
    """Require that the command line has no option that a comparison on a stream, or that of recordings, ignores."""
    ignored = [StudyOptions, SynthOptions, SearchOptions, GateStudyOptions] if is_stream else [StreamOptions]
    used = {"technology", "stream"}
    if is_stream:
        used |= {"rtl_samples", *(() if synthesis else ("synth",))}  # --no-synth says what is so
    given = given_on_command_line(context, *ignored)
    flags = ", ".join(flag for name, flag in given.items() if name not in used)
    require(
        not flags,
        f"{flags}: not with --stream, which searches and synthesises nothing"
        if is_stream
        else f"{flags}: only with --stream",
    )


def _compare_stream(
    workload: Workload, out: Path, options: StreamOptions, study: StudyOptions, results: CacheOptions
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / "stream.json"
    console.check_outputs(path)
    with console.progress_steps() as progress:
        report = compare_stream(
            workload, options, study.technology, progress, rtl_looks=study.rtl_samples, cache=results.cache
        )
    console.write_json(path, report.to_json())
    console.warn(f"{name} is left out: {why}" for name, why in report.left_out.items())
    console.out.print(stream_table(report))
    for line in (*crossover_lines(report), *rtl_lines(report)):
        console.out.print(line)
    console.out.print(f"{path}")
    if any(found.mismatches for found in report.rtl.values()):
        raise typer.Exit(1)
