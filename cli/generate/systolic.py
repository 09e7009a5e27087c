"""``tospike generate systolic``."""

from typing import Annotated

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Out
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, say, say_stream
from tospike.cli.options import takes_options
from tospike.gen.emit.bare import generate_array
from tospike.gen.emit.folder import generate
from tospike.gen.files.written_folder import check_replaceable
from tospike.gen.options.systolic import SystolicOptions
from tospike.hw.params import AcceleratorParams

app = new_app()


@app.command(epilog="Example:  tospike generate systolic --rows 8 --cols 8 --gemm 64,64,64 --out build/gemm")
@takes_options
def systolic(
    *,
    out: Out,
    array_only: Annotated[bool, typer.Option("--array-only", help="The bare array, for synthesis.")] = False,
    options: SystolicOptions,
) -> None:
    """A systolic engine for matrix products: activations stream in, writable weights and biases, 32-bit results."""
    check_replaceable(out)
    if array_only:
        generate_array(out, params=options.bare_array)
        console.out.print(Text.assemble((str(out), "bold"), ": the bare array, manifest.json"))
        return
    engine, fitted = options.engine
    if fitted is not None:
        say(f"fit: {fitted}")
    params = AcceleratorParams(name="systolic", engines=(engine,))
    say_stream(params)
    announce(generate(out, kind="systolic", params=params, design=None, choices={}))
