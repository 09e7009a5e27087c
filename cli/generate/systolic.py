"""``tospike generate systolic``."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from tospike.cli import console
from tospike.cli.arguments import Out, parse_gemm
from tospike.cli.commands import new_app
from tospike.cli.generate.announce import announce, say, say_stream
from tospike.gen.bare import generate_array
from tospike.gen.devices import find_device
from tospike.gen.fit import EITHER
from tospike.gen.fit import fit as fit_engine
from tospike.gen.folder import generate
from tospike.gen.technology import with_products
from tospike.gen.written_folder import check_replaceable
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    IntFormat,
    SystolicParams,
    Technology,
    WeightSource,
    require,
)

app = new_app()


class ActSign(StrEnum):
    """Signedness of activations on the command line."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


@app.command(epilog="Example:  tospike generate systolic --rows 8 --cols 8 --gemm 64,64,64 --out build/gemm")
def systolic(
    *,
    out: Out,
    rows: Annotated[int | None, typer.Option(help="Rows of the array [8].")] = None,
    cols: Annotated[int | None, typer.Option(help="Columns of the array [8].")] = None,
    dataflow: Annotated[Dataflow | None, typer.Option(help="Output- or weight-stationary [os].")] = None,
    fit: Annotated[str | None, typer.Option(help="Choose the fastest array that fits ecp5-85k or ice40-up5k.")] = None,
    act_bits: Annotated[int, typer.Option(help="Bits of an activation, 1 to 8.")] = 8,
    act_sign: Annotated[ActSign, typer.Option(help="Signedness of activations.")] = ActSign.SIGNED,
    weight_bits: Annotated[int, typer.Option(help="Bits of a weight, 1 to 8; 1: +1 and -1.")] = 8,
    acc_bits: Annotated[int, typer.Option(help="Bits of an accumulator, up to 32.")] = 32,
    gemm: Annotated[str, typer.Option(help="M,N,K: results (M x N), inner dimension K.")] = "64,64,64",
    technology: Annotated[Technology, typer.Option(help="What multipliers are made of.")] = Technology.GENERIC,
    zero_gating: Annotated[bool, typer.Option("--zero-gating", help="Multipliers rest while an operand is 0.")] = False,
    products_per_multiplier: Annotated[
        int | None, typer.Option(help="1, or 2: two columns share multipliers [ecp5: 2 where widths allow, else 1].")
    ] = None,
    weights: Annotated[
        WeightSource | None, typer.Option(help="On chip, or streamed in [memory; stream if --fit must].")
    ] = None,
    array_only: Annotated[bool, typer.Option("--array-only", help="The bare array, for synthesis.")] = False,
) -> None:
    """A systolic engine for matrix products: activations stream in, writable weights and biases, 32-bit results."""
    check_replaceable(out)
    layer = parse_gemm(gemm)
    single = ArrayParams(
        rows=8 if rows is None else rows,
        cols=8 if cols is None else cols,
        dataflow=dataflow or Dataflow.OS,
        act=IntFormat(bits=act_bits, signed=act_sign is ActSign.SIGNED),
        weight_bits=weight_bits,
        acc_bits=acc_bits,
        zero_gating=zero_gating,
        technology=technology,
    )
    array = with_products(single, products_per_multiplier)
    if array_only:
        require(fit is None and weights is None, "a bare array has no memories: leave --fit and --weights out")
        generate_array(out, params=array)
        console.out.print(Text.assemble((str(out), "bold"), ": the bare array, manifest.json"))
        return
    engine = SystolicParams(array=array, layers=(layer,), writable=True, weights=weights or WeightSource.MEMORY)
    if fit is not None:
        own = (rows, cols, dataflow, products_per_multiplier)
        require(
            all(option is None for option in own),
            "--fit chooses the array: leave --rows, --cols, --dataflow and --products-per-multiplier out, or --fit",
        )
        fitted = fit_engine(engine, find_device(fit), sources=EITHER if weights is None else [weights])
        say(f"fit: {fitted}")
        engine = fitted.params
    params = AcceleratorParams(name="systolic", engines=(engine,))
    say_stream(params)
    announce(generate(out, kind="systolic", params=params, design=None, choices={}))
