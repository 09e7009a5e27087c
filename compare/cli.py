"""The command line: ``tospike compare``, and all other commands together."""

import os
import shlex
import signal
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from tospike.compare.convert_cli import convert_command
from tospike.compare.energy.models import MODELS, model_named
from tospike.compare.energy.technology import load_technology, shipped
from tospike.compare.gates import cli as gates_cli
from tospike.compare.gates.study import DEFAULT_SAMPLES, GateStudy
from tospike.compare.report.table import print_report
from tospike.compare.study.run import StudyOptions, run_study
from tospike.compare.study.workload import KNOWN, Given, named
from tospike.compare.sweep import cli as sweep_cli
from tospike.compare.sweep import energy_cli
from tospike.examples.train import train_command
from tospike.gen import cache_cli, console
from tospike.gen import cli as gen_cli
from tospike.gen.cache import Cache
from tospike.gen.children import Stopped, end_all, stop_on_signals
from tospike.gen.files import nobody_reads
from tospike.gen.options import ModelOptions, takes_model_options
from tospike.gen.results_folder import check_results
from tospike.hw.params import InputError
from tospike.synth import cli as synth_cli
from tospike.tb import board_cli
from tospike.tb import cli as tb_cli

BAD_INPUT = 2
UsageError: Any = typer.BadParameter.__base__
"""What typer raises for a command line that it cannot make sense of."""

app = typer.Typer(
    name="tospike",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # as markup, the defaults in brackets would be taken for styles
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        console.out.print(f"tospike {metadata.version('tospike')}", highlight=False)
        raise typer.Exit


@app.callback()
def top(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Tell the version and exit.")
    ] = False,
) -> None:
    """Spikes or not? Generate, verify, synthesise and compare ANN and SNN hardware for a trained network."""


app.add_typer(gen_cli.app, name="generate")
app.command("verify", epilog="Example:  tospike verify build/core --simulator icarus --waves")(tb_cli.verify_command)
app.command("evaluate", epilog="Example:  tospike evaluate model.onnx --data digits --backend rtl --samples 100")(
    tb_cli.evaluate_command
)
app.command("convert", epilog="Example:  tospike convert ann.onnx --data digits --steps 32 --out snn.nir")(
    convert_command
)
app.add_typer(tb_cli.bench_app, name="bench")
app.command("synth", epilog="Example:  tospike synth build/core --target ecp5-85k --json area.json")(
    synth_cli.synth_command
)
app.command("build", epilog="Example:  tospike build build/snn --board ulx3s-85f --out snn.bit")(
    synth_cli.build_command
)
app.command("run", epilog="Example:  tospike run examples/digits_snn.nir --port /dev/ttyUSB0 --data digits")(
    board_cli.run_command
)
app.command("train", epilog="Example:  tospike train mnist-snn --data mnist:DIR --out build/mnist")(train_command)
app.command("sweep", epilog="Example:  tospike sweep --steps 4,8 --rows 1,4,16 --spike-rate 0.02,0.1 --out sweep")(
    sweep_cli.sweep_command
)
energy_cli.app.command("gates", epilog="Example:  tospike energy gates model.onnx --data digits --samples 50")(
    gates_cli.gates_command
)
energy_cli.app.command("cells", epilog="Example:  tospike energy cells --target sky130hd_tt.lib.gz")(
    gates_cli.cells_command
)
app.add_typer(energy_cli.app, name="energy")
app.add_typer(cache_cli.app, name="cache")
app.command("doctor")(synth_cli.doctor_command)


@app.command("compare", epilog="Example:  tospike compare mine --ann a.onnx --snn s.nir --data npz:d.npz --out report")
@takes_model_options
def compare_command(
    *,
    workload: Annotated[
        str, typer.Argument(help=f"{', '.join(KNOWN)}, or any name with --ann, --snn and --data.")
    ] = "digits",
    out: Annotated[Path, typer.Option(help="Folder for report.json, report.html and both designs.")] = Path("out"),
    ann: Annotated[Path | None, typer.Option(help="Trained ANN (.onnx).")] = None,
    snn: Annotated[Path | None, typer.Option(help="Trained SNN (.nir).")] = None,
    data: Annotated[str | None, typer.Option(help="digits, mnist:DIR or npz:FILE.")] = None,
    time_bin_us: gen_cli.TimeBin = None,
    sensor: gen_cli.Sensor = None,
    hold_out: gen_cli.HoldOut = None,
    samples: Annotated[int | None, typer.Option(help="Only so many test samples, in all models [all].")] = None,
    target: synth_cli.Target = "ecp5-85k",
    speed: synth_cli.Speed = None,
    seed: synth_cli.Seed = 1,
    synth: Annotated[bool, typer.Option(help="Synthesise: area, clock and latency in time, not only cycles.")] = True,
    rtl_samples: Annotated[int | None, typer.Option(help="Test samples to run in RTL [digits, braille: all].")] = None,
    simulator: tb_cli.SimulatorOption = tb_cli.Simulator.VERILATOR,
    technology: Annotated[
        str, typer.Option(help=f"Prices of the hardware's counters: {', '.join(shipped())}, or a .toml file.")
    ] = "horowitz45",
    energy_model: Annotated[str, typer.Option(help=f"Prices of operation counts: {', '.join(MODELS)}.")] = "horowitz45",
    sensitivity: Annotated[
        bool, typer.Option(help="Also run both networks with one thing changed at a time (golden model only).")
    ] = True,
    iso_accuracy: Annotated[
        bool, typer.Option(help="Also run both over bits and time steps, and compare them at equal accuracy.")
    ] = True,
    twin: Annotated[
        bool, typer.Option(help="Also the SNN's twin: the ANN with activations of ceil(log2(steps + 1)) bits.")
    ] = True,
    gates: Annotated[bool, typer.Option("--gates", help="Also the energy of the gates, level 3.")] = False,
    gate_target: gates_cli.Target = "osu018",
    gate_samples: Annotated[int, typer.Option(help="Test samples to simulate in gates.")] = DEFAULT_SAMPLES,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Build and synthesise again.")] = False,
    options: ModelOptions,
) -> None:
    """Spikes or not? Accuracy, latency, area and energy of both circuits on the same data, and a verdict."""
    from tospike.compare.report.page import REPORTS, write_report  # matplotlib takes as long as all the rest

    given = Given(
        ann=ann, snn=snn, data=data, time_bin_us=time_bin_us, sensor=sensor, hold_out=hold_out, samples=samples
    )
    chosen = named(workload, options, given)
    study = StudyOptions(
        target=target,
        speed=speed,
        seed=seed,
        synthesis=synth,
        simulator=simulator.value,
        rtl_samples=rtl_samples,
        model=model_named(energy_model),
        technology=load_technology(technology),
        sensitivity=sensitivity,
        iso_accuracy=iso_accuracy,
        twin=twin,
        gates=GateStudy.on(gate_target, samples=gate_samples) if gates else None,
        cache=Cache(reuse=not no_cache),
    )
    check_results(out, REPORTS)
    command = shlex.join(["tospike", *sys.argv[1:]])
    with console.progress_steps() as progress:
        report = run_study(chosen, out, study, command=command, progress=progress)
    console.warn(report["warnings"])
    print_report(report, write_report(report, out), console.out)


def main() -> None:
    """Runs the command line.

    Exit status 2, and one line on stderr, for what the user can mend and after Ctrl-C; 143 after SIGTERM, 129 after
    SIGHUP, 141 when the reader of the output has gone. Whatever ends this, no program runs on, and no temporary folder
    stays.
    """
    console.write_any_name()
    try:
        stop_on_signals()
        try:
            status = app(standalone_mode=False, prog_name="tospike")
            console.out.file.flush()
        except InputError as error:
            _complain(str(error))
            status = BAD_INPUT
        except UsageError as error:
            _complain(f"{error.format_message()} (see tospike --help)")
            status = BAD_INPUT
        except typer.Abort:
            _complain("interrupted")
            status = BAD_INPUT
        except MemoryError:
            _complain("there is not enough memory: give fewer samples, or a smaller network")
            status = BAD_INPUT
        except BrokenPipeError:
            nobody_reads()
        except OSError as error:
            _complain(f"{error.filename or 'the system'}: {error.strerror or error}")
            status = BAD_INPUT
    except Stopped as stopped:
        end_all()
        number = stopped.args[0]
        what = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
        with suppress(OSError, SystemExit):  # the terminal may be what has gone
            _complain(f"{what}; nothing was left half-written")
        status = BAD_INPUT if number == signal.SIGINT else 128 + number
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(status)  # other threads may still compute
    sys.exit(status or 0)


def _complain(message: str) -> None:
    console.err.print(
        f"tospike: {' '.join(message.split())}", style="red", markup=False, highlight=False, soft_wrap=True
    )


if __name__ == "__main__":
    main()
