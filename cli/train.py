"""``tospike train``; needs the extra ``train``."""

from pathlib import Path
from typing import Annotated

import typer

from tospike.cli import console
from tospike.cli.commands import new_app
from tospike.examples.train import Recipe, train

app = new_app()


@app.command("train", epilog="Example:  tospike train mnist-snn --data mnist:DIR --out build/mnist")
def train_command(
    *,
    recipe: Annotated[
        Recipe,
        typer.Argument(help="mnist-snn: an LIF SNN and an ANN of the same shape; others: an ANN on sums of spikes."),
    ],
    data: Annotated[str, typer.Option(help="mnist:DIR (idx files or mnist_train.npz); for the others npz:FILE.")],
    out: Annotated[Path, typer.Option(help="Folder for the networks and their description.")],
    epochs: Annotated[int | None, typer.Option(help="Passes [mnist 12, braille 150, nmnist 60].")] = None,
    seed: Annotated[int, typer.Option(help="Of weights, order and distortions.")] = 1,
) -> None:
    """Train example networks: surrogate gradients for SNNs, distorted samples for all."""
    for name in train(recipe, data, out, epochs=epochs, seed=seed, progress=console.err.print):
        console.out.print(out / name)
