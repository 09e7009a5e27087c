"""Networks of a side: files that differ only in training seed or fold are one network, trained several times."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tospike.hw.params import require

_TRAINING = re.compile(r"[._-]?(seed|fold)[._-]?(\d+)$")
"""At the end of a file's name, before its suffix, once or twice."""

Training = tuple[int | None, int | None]
"""Seed and fold; ``None``: the name states none."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A network with a file for each seed and fold that it was trained with."""

    files: tuple[tuple[Path, ...], ...]
    """By seed and fold."""
    seeds: tuple[int | None, ...]
    folds: tuple[int | None, ...]
    """Which part of the data each was tested on, the data's own test part last: it has the highest number, or none."""

    @property
    def first(self) -> Path:
        """The file that goes through RTL and synthesis: of the first seed, tested on the data's own test part."""
        return self.files[0][-1]

    @property
    def seed(self) -> int | None:
        """The only seed; ``None``: unknown, or several."""
        return self.seeds[0] if len(self.seeds) == 1 else None


def trained_networks(paths: Iterable[Path]) -> tuple[Trained, ...]:
    """Return the networks of files, in order.

    ``a.seed1.onnx`` and ``a.seed2.onnx`` are one network, as are ``a.fold1.onnx``, ``a.fold2.onnx`` and ``a.onnx``.

    Raises
    ------
    InputError
        A seed or a fold of a network is there twice, or a fold lacks one of the seeds.
    """
    found: dict[Path, dict[Training, Path]] = {}
    for number, path in enumerate(paths):
        name, seed, fold = _read(path)
        if seed is None and fold is None and (name not in found or (None, None) in found[name]):
            name = name / str(number) if name in found else name
        own = found.setdefault(name, {})
        require((seed, fold) not in own, f"{path} has the seed and fold of {own.get((seed, fold))}: give each once")
        own[seed, fold] = path
    return tuple(_network(name, own) for name, own in found.items())


def _read(path: Path) -> tuple[Path, int | None, int | None]:
    """Return the name without seed and fold, and both."""
    stem, said = path.stem, dict[str, int]()
    while (match := _TRAINING.search(stem)) and match[1] not in said and match.start():
        said[match[1]] = int(match[2])
        stem = stem[: match.start()]
    return path.with_name(stem + path.suffix), said.get("seed"), said.get("fold")


def _network(name: Path, files: dict[Training, Path]) -> Trained:
    seeds = tuple(dict.fromkeys(seed for seed, _ in files))
    folds = tuple(sorted({fold for _, fold in files}, key=lambda fold: (fold is None, fold)))
    for seed in seeds:
        for fold in folds:
            require(
                (seed, fold) in files,
                f"{name} has {len(files)} files, but not seed {seed} of fold {fold}: give every fold of every seed",
            )
    return Trained(files=tuple(tuple(files[seed, fold] for fold in folds) for seed in seeds), seeds=seeds, folds=folds)
