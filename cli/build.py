"""``tospike build``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.arguments import Design, Json, Seed
from tospike.cli.commands import new_app
from tospike.gen.files.output import write_bytes
from tospike.gen.tools.cache import Cache
from tospike.synth.board.bitstream import BAUD, build_bitstream
from tospike.synth.board.boards import BOARDS, find_board

app = new_app()


@app.command(epilog="Example:  tospike build build/snn --board ulx3s-85f --out snn.bit")
def build(
    design: Design,
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
