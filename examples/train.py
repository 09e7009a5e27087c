"""Trains example networks; needs the extra ``train``."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path

from tospike.gen.data.datasets import DataSet, load_data
from tospike.gen.files.results_folder import check_results, write_results
from tospike.gen.tools.children import temporary_folder
from tospike.hw.params import REQUIRED, InputError, check_options, option, require


class Recipe(StrEnum):
    """What can be trained."""

    DIGITS = "digits"
    """64-32-10, LIF, and an ANN of the same shape."""
    DIGITS_NEURONS = "digits-neurons"
    """64-32-10 SNNs: of sliding neurons, with noisy thresholds, and with decays that differ."""
    MNIST_SNN = "mnist-snn"
    """784-256-128-10, LIF with 6-bit weights, and an ANN of the same shape."""
    BRAILLE_ANN = "braille-ann"
    """192-64-7 on sums of spikes."""
    NMNIST_ANN = "nmnist-ann"
    """A convolutional network on sums of events."""
    COCHLEA = "cochlea"
    """32-128-96-10, LIF with delays, and a convolutional ANN, both behind a cochlea."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a recipe is run."""

    module: str
    """Of `tospike.examples`; its ``train`` does it."""
    inputs: int
    """Values that a sample has, or a step of a spike train."""
    steps: int
    """Time steps of a sample; 1: values."""
    epochs: int
    time_bin_us: int | None = None
    """Length of a step, where the data are events."""
    hold_out: int | None = None
    """Every so manieth sample is a test sample, where the data do not say themselves."""


TRAININGS = {
    Recipe.DIGITS: Training(module="train_digits", inputs=64, steps=1, epochs=200),
    Recipe.DIGITS_NEURONS: Training(module="train_neurons", inputs=64, steps=1, epochs=120),
    Recipe.MNIST_SNN: Training(module="train_mnist", inputs=784, steps=1, epochs=12),
    Recipe.BRAILLE_ANN: Training(module="train_braille", inputs=12, steps=256, epochs=150, hold_out=4),
    Recipe.NMNIST_ANN: Training(
        module="train_nmnist", inputs=2 * 34 * 34, steps=300, epochs=60, time_bin_us=1000, hold_out=4
    ),
    Recipe.COCHLEA: Training(module="train_cochlea", inputs=6400, steps=1, epochs=90),
}


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """On which data a recipe is run, and how long."""

    data: str = option(
        REQUIRED,
        "digits, digits-neurons: digits; mnist-snn: mnist:DIR (idx files or mnist_train.npz); cochlea: fsdd:DIR; the "
        "others: npz:FILE",
    )
    epochs: int | None = option(
        None,
        "Passes over the training data",
        low=1,
        high=10_000,
        unset=", ".join(f"{recipe} {training.epochs}" for recipe, training in TRAININGS.items()),
    )
    seed: int = option(1, "Seed of weights, order and distortions", low=0, high=(1 << 31) - 1001)
    seeds: int = option(1, "Train with so many seeds; files are named by their seed", low=1, high=1000)
    folds: int = option(
        1,
        "Train for so many test folds (digits, digits-neurons, braille-ann: 4, cochlea: 6); files are named by it",
        low=1,
        high=6,
    )

    def __post_init__(self) -> None:
        check_options(self)


def train(recipe: Recipe, out: Path, options: TrainOptions, *, progress: Callable[[str], None]) -> list[str]:
    """Train the networks of a recipe, and write them into the folder ``out``.

    Parameters
    ----------
    recipe
        What is trained.
    out
        Folder for the networks and their description.
    options
        On what, and how long.
    progress
        Gets a line for each epoch.

    Returns
    -------
    list[str]
        Names of the files that were written.

    Raises
    ------
    InputError
        The extra ``train`` is not installed, the data do not fit, or ``out`` holds what is not ours.
    """
    training = TRAININGS[recipe]
    try:
        module = importlib.import_module(f"tospike.examples.{training.module}")
    except ModuleNotFoundError as error:
        raise InputError(f"training needs {error.name}, which is not installed: pip install 'tospike[train]'") from None
    folds = range(1, options.folds + 1) if options.folds > 1 else (None,)
    check_results(out, ())
    files: dict[str, bytes] = {}
    for seed, fold in product(range(options.seed, options.seed + options.seeds), folds):
        samples = _samples(recipe, options, fold)
        named = (f".seed{seed}" if options.seeds > 1 else "") + (f".fold{fold}" if fold else "")
        with temporary_folder() as folder:
            module.train(folder, samples, epochs=options.epochs or training.epochs, seed=seed, progress=progress)
            files |= {f"{file.stem}{named}{file.suffix}": file.read_bytes() for file in sorted(folder.iterdir())}
    write_results(out, files)
    return list(files)


def _samples(recipe: Recipe, options: TrainOptions, fold: int | None) -> DataSet:
    """Return the data of a recipe; of a fold, all parts but one train."""
    training = TRAININGS[recipe]
    samples = load_data(
        options.data,
        time_bin_us=training.time_bin_us,
        steps=training.steps if training.time_bin_us else None,
        every=training.hold_out,
        fold=fold,
    )
    require(
        (samples.inputs, samples.steps) == (training.inputs, training.steps),
        f"{recipe.value} takes {training.inputs} values in {training.steps} steps, but {samples.name} has "
        f"{samples.inputs} in {samples.steps}",
    )
    return samples
