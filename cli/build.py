"""``tospike build``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Design
from tospike.cli.commands import new_app
from tospike.cli.options import takes_options
from tospike.gen.files.output import is_stdout, write_bytes
from tospike.gen.tools.cache import CacheOptions
from tospike.synth.board.bitstream import Bitstream, build_bitstream
from tospike.synth.board.board_file import find_board
from tospike.synth.board.options import BuildOptions

app = new_app()


@app.command(
    epilog="Example:  tospike build build/snn --board ulx3s-85f --out snn.bit; "
    "quickly, at the oscillator's clock:  --clock board --seeds 1"
)
@takes_options
def build(
    design: Design,
    *,
    out: Annotated[Path | None, typer.Option(help="The bitstream [design.bit; design.bin for an iCE40].")] = None,
    json: Annotated[
        Path | None,
        typer.Option("--json", help="The build's manifest, as JSON; - is standard output [OUT.json]."),
    ] = None,
    options: BuildOptions,
    results: CacheOptions,
) -> None:
    """Build the bitstream of a design behind a serial port, for a board, at the highest clock that closes timing."""
    chosen = find_board(options.board)
    out = out or Path(f"design{chosen.packer.suffix}")
    is_special = is_stdout(out) or str(out).startswith("/dev/")
    manifest = json or (None if is_special else out.with_name(f"{out.name}.json"))
    console.check_outputs(out, manifest, inputs=(design, options.board))
    with console.progress_lines(f"{design} for {chosen.name}") as progress:
        made = build_bitstream(design, options, cache=results.cache, progress=progress)
    write_bytes(out, made.data)
    if manifest:
        console.write_json(manifest, made.to_json())
    console.warn(made.notes)
    for line in (*_summary(out, made), f"load it: {chosen.load.replace('{bitstream}', str(out))}"):
        console.out.print(line, highlight=False, soft_wrap=True)


def _summary(out: Path, made: Bitstream) -> list[str]:
    used = ", ".join(f"{name} {used:,} of {available:,}" for name, (used, available) in made.placed.items())
    source = f"from {made.pll}" if made.pll else "the board's own"
    return [
        f"{out}: {made.clock_mhz:.6g} MHz ({source}), seed {made.seed}; {made.fmax_mhz:.1f} MHz after routing, "
        f"slack {made.slack_ns:.2f} ns",
        used,
        f"{made.inferences_per_second:,.0f} inferences per second in the FPGA, one after another: {made.cycles:,.0f} "
        f"cycles, the mean of {made.samples}",
    ]
