"""``tospike train``: trains example networks; needs the extra ``train``."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tospike.gen import console
from tospike.gen.data import load_data
from tospike.hw.params import InputError, require, require_range


class Recipe(StrEnum):
    """What can be trained."""

    MNIST_SNN = "mnist-snn"
    """784-256-128-10, LIF with 6-bit weights, and an ANN of the same shape."""


def train_command(
    *,
    recipe: Annotated[Recipe, typer.Argument(help="mnist-snn: an LIF SNN and its ANN twin, 784-256-128-10.")],
    data: Annotated[str, typer.Option(help="mnist:DIR with MNIST's idx files or mnist_train.npz.")],
    out: Annotated[Path, typer.Option(help="Folder for the networks and their description.")],
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 12,
    seed: Annotated[int, typer.Option(help="Of weights, order and distortions.")] = 1,
) -> None:
    """Train a spiking network and its ANN twin with surrogate gradients and weights on an integer grid."""
    require_range("epochs", epochs, 1, 10_000)
    try:
        from tospike.examples import train_mnist
    except ModuleNotFoundError as error:
        raise InputError(f"training needs {error.name}, which is not installed: pip install 'tospike[train]'") from None
    images = load_data(data)
    inputs = train_mnist.SIZES[0]
    require(images.inputs == inputs, f"{recipe.value} takes {inputs} values, but {images.name} has {images.inputs}")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        train_mnist.train(Path(folder), images, epochs=epochs, seed=seed, progress=console.err.print)
        for file in sorted(Path(folder).iterdir()):
            file.replace(out / file.name)
            console.out.print(out / file.name)
