"""``tospike verify``."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Design, Json, Simulator, SimulatorOption
from tospike.cli.commands import new_app
from tospike.tb.verify import RUN, TestResult, verify

app = new_app()


@app.command("verify", epilog="Example:  tospike verify build/core --simulator icarus --waves")
def verify_command(
    design: Design,
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
