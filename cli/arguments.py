"""Paths that are arguments or options of several commands."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for the design; an earlier design there is replaced.")]
Model = Annotated[Path, typer.Argument(help="Trained network: .onnx (ANN) or .nir (SNN).", show_default=False)]
Design = Annotated[Path, typer.Argument(help="Folder that `tospike generate` wrote.", show_default=False)]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the result here, as JSON; - is standard output.")]
Like = Annotated[
    Path | None,
    typer.Option(
        help="A design folder that was generated with --writable: run on its hardware, with the weights of MODEL."
    ),
]
