"""``tospike verify``."""

from collections.abc import Iterator
from pathlib import Path

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Design, Json
from tospike.cli.commands import new_app
from tospike.cli.console import Table
from tospike.cli.options import takes_options
from tospike.tb.driver.c_driver import verify_c_driver
from tospike.tb.verify import RUN, WAVES, TestResult, VerifyOptions, verify
from tospike.tb.waves.save import GTKWAVE, SURFER

app = new_app()


@app.command("verify", epilog="Example:  tospike verify build/core --simulator icarus --waves")
@takes_options
def verify_command(
    design: Design,
    *,
    json: Json = None,
    options: VerifyOptions,
) -> None:
    """Run the cocotb test benches on a generated design against its golden model, with random stalls.

    With --driver, the design's driver in C runs samples on its Verilog, too.
    """
    console.check_outputs(json, inputs=(design,))
    with console.progress_bar(f"{options.simulator}: building and running the test benches"):
        results = [*([verify_c_driver(design, options)] if options.driver else []), *verify(design, options)]
    table = Table("test", "result", "seconds")
    for result in results:
        table.add_row(result.name, _verdict(result), f"{result.seconds:.1f}")
    console.out.print(table)
    failed = [result for result in results if not result.passed]
    for result in failed:
        console.out.print(Text.assemble((result.name, "red"), f": {result.message}"))
    if options.waves:
        for name in shown_waves(design / RUN):
            console.out.print(Text(name), soft_wrap=True)
    if json:
        console.write_json(
            json,
            {
                "design": str(design),
                "simulator": options.simulator,
                "seed": options.seed,
                "samples": options.samples,
                "passed": sum(r.passed and not r.skipped for r in results),
                "failed": len(failed),
                "tests": [
                    {"name": r.name, "passed": r.passed, "skipped": r.skipped, "message": r.message} for r in results
                ],
            },
        )
    if failed:
        raise typer.Exit(1)


def shown_waves(folder: Path) -> Iterator[str]:
    """Yield how each viewer shows the waveform in a folder."""
    for waveform in [folder / name for name in WAVES if (folder / name).exists()]:
        yield f"gtkwave {waveform.with_suffix(GTKWAVE)}"
        yield f"surfer --command-file {waveform.with_suffix(SURFER)} {waveform}"


def _verdict(result: TestResult) -> Text:
    if result.skipped:
        return Text("does not apply", "dim")
    return Text("passed", "green") if result.passed else Text("FAILED", "red")
