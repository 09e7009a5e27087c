"""``tospike power``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Json, Model
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import given_on_command_line, takes_options
from tospike.compare.energy.calibration import Calibration, Interval, Measurement, read_calibration
from tospike.compare.plain import to_plain
from tospike.compare.power.calibrate import Measured, Modelled, dynamic, idle, measure, model_energy
from tospike.compare.power.options import PowerOptions
from tospike.gen.data.options import SampleOptions
from tospike.gen.emit.folder import design_hash
from tospike.gen.files.output import write_text
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.hw.params import require
from tospike.sim.network import Array
from tospike.tb.board.ports import session_on
from tospike.tb.board.serial_line import LineOptions
from tospike.tb.power.phases import Phase, Recorded, as_readings, phases_json, read_phases, run_phases, sampled
from tospike.tb.power.readings import Readings, read_log

app = new_app()
INTERVAL = 0.002
"""Seconds between two readings of a sensor."""
EVALUATING = {"--out", "--json", "--accuracy", "--core-supply", "--clock-mhz", "--technology"}
METERING = {"--i2c-bus", "--i2c-address", "--shunt-ohms"}
RUNNING = METERING | {"--meter", "--baud", "--rounds", "--seconds", "--settle"}
"""Options of one step: calculating from readings, reading a sensor, running samples."""


@app.command("power", epilog="Example:  tospike power snn.nir --port /dev/ttyUSB0 --meter ina219 --out board.toml")
@takes_options
def power_command(
    context: typer.Context,
    *,
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option(help="Calibration file for --calibration of tospike compare; a further design is added to it."),
    ] = None,
    json: Json = None,
    wanted: PowerOptions,
    data: SampleOptions,
    options: ModelOptions,
) -> None:
    """Measure the power of a board while samples run on it, and calibrate the energy model of its FPGA.

    The board idles and runs samples in turn; the difference is the energy of the inferences. Power comes from a sensor
    on I2C, or from a log that another program writes.
    """
    _check_given(set(given_on_command_line(context, PowerOptions).values()), out, json, wanted)
    port = wanted.port
    read: list[Path | str] = [model, data.data, *options.sources]
    read += [path for path in (wanted.log, wanted.phases if port is None else None) if path is not None]
    console.check_outputs(out, json, wanted.phases if port else None, inputs=read)
    technology = wanted.technology
    earlier = None if out is None or not out.exists() else _earlier(out, technology.name)
    recorded = measured = None
    if port is None:
        assert wanted.phases is not None and wanted.log is not None
        recorded = read_phases(wanted.phases)
        measured = measure(recorded.phases, read_log(wanted.log, wanted.log_offset))
    data_set = data.load(options.steps)
    prepared = prepare(model, data_set, options)
    console.warn(prepared.warnings)
    x = prepared.integers(data_set.x)
    name = prepared.design.params.name
    configuration = f"{design_hash(prepared.design):016x}"
    if recorded is not None:
        recorded.check_design(name, configuration)
    if measured is None:
        assert port is not None
        phases, readings = _run(prepared, x, LineOptions(port=port, baud=wanted.baud), wanted)
        if wanted.phases is not None:
            ran = Recorded(design=name, configuration=configuration, phases=tuple(phases))
            console.write_json(wanted.phases, phases_json(ran))
        if readings is None and wanted.log is None:
            console.out.print(f"{len(phases)} phases in {wanted.phases}: give a --log of them, without --port")
            return
        measured = measure(phases, readings or read_log(wanted.log, wanted.log_offset))  # type: ignore[arg-type]
    modelled = model_energy(technology, prepared.design, x)
    found = Measurement(
        design=name,
        configuration=configuration,
        meter=wanted.meter_name,
        samples=measured.samples,
        seconds=float(f"{measured.seconds:.6g}"),
        dynamic=dynamic(measured, modelled, wanted.accuracy),
        idle=None if wanted.clock_mhz is None else idle(measured, modelled, wanted.accuracy, wanted.clock_mhz),
    )
    _say(measured, modelled, found, technology.name)
    if out is not None:
        made = Calibration(technology=technology.name, measurements=(found,))
        write_text(out, (earlier.with_measurement(found) if earlier else made).to_toml())
    if json:
        joules = (1e9 * measured.joules).round(6).tolist()
        about = {"idle_mw": measured.idle_mw, "running_mw": measured.running_mw, "nj_by_round": joules}
        of_model = {"nj_above_idle": modelled.above_idle_pj / 1000, "static_mw": modelled.static_mw}
        console.write_json(json, {"measured": about, "modelled": of_model, "calibration": to_plain(found)})


def _check_given(given: set[str], out: Path | None, json: Path | None, wanted: PowerOptions) -> None:
    """Refuse what does not tell where power comes from, and what would be ignored."""
    port = wanted.port
    require(port is not None or wanted.phases is not None, "give --port to run samples, or the --phases of such a run")
    require(port is not None or wanted.log is not None, "without --port, power comes from a --log: give one")
    require(
        wanted.meter is not None or wanted.log is not None or wanted.phases is not None,
        "give --meter, or --phases FILE to note when samples run, and evaluate a log later",
    )
    other = {"--out": out, "--json": json}
    given = given | {flag for flag, value in other.items() if value is not None}
    if wanted.meter is None and wanted.log is None:
        _refuse(given & EVALUATING, "needs --meter or --log: without either, the run only writes --phases")
    if port is None:
        _refuse(given & RUNNING, "is for a run with --port: the --phases were already run")
    if wanted.meter is None:
        _refuse(given & METERING, "is for a --meter: leave it out")
    if wanted.log is None:
        _refuse(given & {"--log-offset"}, "is for a --log: leave it out")


def _refuse(flags: set[str], why: str) -> None:
    require(not flags, f"{min(flags, default='')} {why}")


def _earlier(path: Path, technology: str) -> Calibration:
    found = read_calibration(path)
    require(
        found.technology == technology,
        f"{path} is of technology {found.technology}, not {technology}: give another --out",
    )
    return found


def _run(prepared: Prepared, x: Array, line: LineOptions, wanted: PowerOptions) -> tuple[list[Phase], Readings | None]:
    """Run the phases; return them, and the readings of the sensor if there is one."""
    with (
        wanted.opened() as sensor,
        session_on(prepared.design, line) as session,
        console.progress_bar(f"{prepared.network.name} on {line.port}", 2 * wanted.rounds + 1) as progress,
    ):
        how = {"rounds": wanted.rounds, "seconds": wanted.seconds, "settle": wanted.settle}
        if sensor is None:
            return run_phases(session, x, **how, progress=progress), None  # type: ignore[arg-type]
        with sampled(sensor.watts, INTERVAL) as found:
            phases = run_phases(session, x, **how, progress=progress)  # type: ignore[arg-type]
        return phases, as_readings(found)


def _say(measured: Measured, modelled: Modelled, found: Measurement, technology: str) -> None:
    table = Table("", "measured", "modelled", "ratio", title=f"{found.design}, {found.meter}, {technology}")
    table.add_row("idle, mW", f"{measured.idle_mw:.4g}", "", "" if found.idle is None else _ratio(found.idle))
    table.add_row("running samples, mW", f"{measured.running_mw:.4g}", "", "")
    table.add_row("inferences per second", f"{measured.samples / measured.seconds:.4g}", "", "")
    per_inference = 1e9 * measured.joules.mean()
    table.add_row(
        "nJ per inference above idle",
        f"{per_inference:.4g}",
        f"{modelled.above_idle_pj / 1000:.4g}",
        _ratio(found.dynamic),
    )
    console.out.print(table)


def _ratio(found: Interval) -> str:
    return f"{found.ratio:.3g} ({found.low:.3g} to {found.high:.3g})"
