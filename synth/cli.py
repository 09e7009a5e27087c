"""``tospike synth``, ``tospike build`` and ``tospike doctor``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tospike.gen import console
from tospike.gen.cache import Cache
from tospike.gen.doctor import doctor, render, try_all
from tospike.gen.files import write_bytes
from tospike.synth.bitstream import BAUD, build_bitstream
from tospike.synth.boards import BOARDS, find_board
from tospike.synth.flow import synthesize
from tospike.synth.targets import Router

Target = Annotated[str, typer.Option(help="ecp5-85k, ice40-up5k, or a Liberty file (.lib or .lib.gz).")]
Speed = Annotated[int | None, typer.Option(help="Speed grade of the FPGA [ecp5-85k: 6].")]
Seed = Annotated[int, typer.Option(help="Seed of the placer.")]
RouterOption = Annotated[Router, typer.Option(help="Router of nextpnr; router2 where router1 takes too long.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")]


def synth_command(
    design: Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)],
    *,
    target: Target = "ecp5-85k",
    speed: Speed = None,
    seed: Seed = 1,
    router: Annotated[
        Router, typer.Option(help="Router of nextpnr; router2 where router1 takes too long.")
    ] = Router.ROUTER1,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do it again even if the result is known.")] = False,
    json: Json = None,
) -> None:
    """Area and, on an FPGA, the clock frequency after routing."""
    console.check_outputs(json, inputs=(design, target))
    with console.progress_lines(f"{design} for {target}") as progress:
        report = synthesize(
            design,
            target=target,
            speed=speed,
            seed=seed,
            router=router,
            cache=Cache(reuse=not no_cache),
            progress=progress,
        ).to_json()
    console.out.print(_table(report))
    if json:
        console.write_json(json, report)


def build_command(
    design: Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)],
    *,
    board: Annotated[str, typer.Option(help=f"{' or '.join(BOARDS)}.")],
    out: Annotated[Path | None, typer.Option(help="The bitstream [design.bit; design.bin for an iCE40].")] = None,
    baud: Annotated[int, typer.Option(help="Bits per second of the serial line.")] = BAUD,
    seed: Seed = 1,
    json: Json = None,
) -> None:
    """A bitstream of the design and a serial port, for a board."""
    chosen = find_board(board)
    out = out or Path(f"design{chosen.packer.suffix}")
    console.check_outputs(out, json, inputs=(design,))
    with console.progress_lines(f"{design} for {board}") as progress:
        made = build_bitstream(design, board=board, baud=baud, seed=seed, cache=Cache(), progress=progress)
    write_bytes(out, made.data)
    used = ", ".join(f"{name} {used:,} of {available:,}" for name, (used, available) in made.placed.items())
    speed = f"{made.fmax_mhz:.1f} MHz after routing, clocked at {made.clock_mhz:g} MHz"
    console.out.print(f"{out}: {speed}; {used}", highlight=False, soft_wrap=True)
    console.out.print(f"load it: {chosen.load.format(bitstream=out)}", highlight=False, soft_wrap=True)
    if json:
        console.write_json(json, made.to_json())


def _table(report: dict[str, Any]) -> Table:
    """Engines, total and clock."""
    engines = report["engines"]
    names = [name for name, value in report.items() if name in next(iter(engines.values()), report)]
    names = [name for name in names if isinstance(report[name], int | float)]
    table = Table("", *names, title=report["target"], title_justify="left")
    for engine, values in engines.items():
        table.add_row(engine, *(f"{values[name]:,}" for name in names))
    table.add_section()
    table.add_row("total", *(f"{report[name]:,}" for name in names), style="bold")
    if "fmax_mhz" in report:
        path = report["critical_path"]
        grade = "" if report["speed"] is None else f", speed grade {report['speed']}"
        table.caption = (
            f"{report['fmax_mhz']} MHz after routing{grade}, seed {report['seed']}; slowest path {path['logic_ns']} ns "
            f"logic and {path['routing_ns']} ns routing, from {path['start']} to {path['end']}"
        )
    return table


def doctor_command() -> None:
    """Which tools were found, whether a small build with them works, what is missing and how to get it."""
    states = doctor()
    console.out.print(render(states))
    problems = not all(state.is_fine for state in states)
    for trial in try_all():
        problems |= bool(trial.problem)
        verdict = (("FAILS", "red"), f": {trial.problem}") if trial.problem else ("works",)
        console.out.print(Text.assemble(f"{trial.name}: ", *verdict), soft_wrap=True)
    if problems:
        raise typer.Exit(1)
