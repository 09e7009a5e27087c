"""``tospike build``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Design, Json
from tospike.cli.commands import new_app
from tospike.cli.options import takes_options
from tospike.gen.files.output import write_bytes
from tospike.gen.tools.cache import CacheOptions
from tospike.synth.board.bitstream import BuildOptions, build_bitstream
from tospike.synth.board.boards import find_board

app = new_app()


@app.command(epilog="Example:  tospike build build/snn --board ulx3s-85f --out snn.bit")
@takes_options
def build(
    design: Design,
    *,
    out: Annotated[Path | None, typer.Option(help="The bitstream [design.bit; design.bin for an iCE40].")] = None,
    json: Json = None,
    options: BuildOptions,
    results: CacheOptions,
) -> None:
    """Build the bitstream of a design behind a serial port, for a board."""
    chosen = find_board(options.board)
    out = out or Path(f"design{chosen.packer.suffix}")
    console.check_outputs(out, json, inputs=(design,))
    with console.progress_lines(f"{design} for {chosen.name}") as progress:
        made = build_bitstream(design, options, cache=results.cache, progress=progress)
    write_bytes(out, made.data)
    used = ", ".join(f"{name} {used:,} of {available:,}" for name, (used, available) in made.placed.items())
    speed = f"{made.fmax_mhz:.1f} MHz after routing, clocked at {made.clock_mhz:g} MHz"
    console.out.print(f"{out}: {speed}; {used}", highlight=False, soft_wrap=True)
    console.out.print(f"load it: {chosen.load.format(bitstream=out)}", highlight=False, soft_wrap=True)
    if json:
        console.write_json(json, made.to_json())
