"""``tospike compare``."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import GateTarget
from tospike.cli.commands import new_app
from tospike.cli.options import takes_options
from tospike.cli.report_table import print_report
from tospike.compare.energy.counts.models import MODELS, model_named
from tospike.compare.energy.gates.study import DEFAULT_SAMPLES, GateStudy
from tospike.compare.energy.technology import load_technology, shipped
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.run import run_study
from tospike.compare.study.workload import KNOWN, Overrides, named
from tospike.gen.files.results_folder import check_results
from tospike.gen.options.model import ModelOptions
from tospike.gen.tools.cache import CacheOptions
from tospike.synth.options import SynthOptions

app = new_app()


@app.command(epilog="Example:  tospike compare mine --ann a.onnx --snn s.nir --data npz:d.npz --out report")
@takes_options
def compare(
    *,
    workload: Annotated[
        str, typer.Argument(help=f"{', '.join(KNOWN)}, or any name with --ann, --snn and --data.")
    ] = "digits",
    out: Annotated[Path, typer.Option(help="Folder for report.json, report.html and both designs.")] = Path("out"),
    technology: Annotated[
        str, typer.Option(help=f"Prices of the hardware's counters: {', '.join(shipped())}, or a .toml file.")
    ] = "horowitz45",
    energy_model: Annotated[str, typer.Option(help=f"Prices of operation counts: {', '.join(MODELS)}.")] = "horowitz45",
    gates: Annotated[bool, typer.Option("--gates", help="Also the energy of the gates.")] = False,
    gate_target: GateTarget = "osu018",
    gate_samples: Annotated[int, typer.Option(help="Test samples to simulate in gates.")] = DEFAULT_SAMPLES,
    given: Overrides,
    study: StudyOptions,
    synth: SynthOptions,
    results: CacheOptions,
    options: ModelOptions,
) -> None:
    """Spikes or not? Accuracy, latency, area and energy of both circuits on the same data, and a verdict."""
    from tospike.compare.report.files import REPORTS, write_report  # matplotlib takes as long as all the rest

    chosen = named(workload, options, given)
    study = replace(
        study,
        synth=synth,
        model=model_named(energy_model),
        technology=load_technology(technology),
        gates=GateStudy.on(gate_target, samples=gate_samples) if gates else None,
        cache=results.cache,
    )
    check_results(out, REPORTS)
    command = shlex.join(["tospike", *sys.argv[1:]])
    with console.progress_steps() as progress:
        report = run_study(chosen, out, study, command=command, progress=progress)
    console.warn(report.warnings)
    print_report(report, write_report(report, out), console.out)
