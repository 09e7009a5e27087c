"""``tospike train``; needs the extra ``train``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.cli.options import takes_options
from tospike.examples.train import Recipe, TrainOptions, train

app = new_app()


@app.command("train", epilog="Example:  tospike train mnist-snn --data mnist:DIR --out build/mnist")
@takes_options
def train_command(
    *,
    recipe: Annotated[
        Recipe,
        typer.Argument(help="digits, mnist-snn: an LIF SNN and an ANN of its shape; others: an ANN on sums of spikes."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the networks and their description.")],
    options: TrainOptions,
) -> None:
    """Train the example networks: SNNs with surrogate gradients, all on augmented samples."""
    for name in train(recipe, out, options, progress=console.err.print):
        console.out.print(out / name)
