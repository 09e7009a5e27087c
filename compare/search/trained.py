"""Networks of a side: files that differ only in their training seed are one network, trained several times."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tospike.hw.params import require

_SEED = re.compile(r"[._-]?seed[._-]?(\d+)$")
"""At the end of a file's name, before its suffix."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A network with a file for each seed that it was trained with."""

    files: tuple[Path, ...]
    seeds: tuple[int, ...]
    """By file; empty if the name of the only file states none."""

    @property
    def first(self) -> Path:
        """The file that goes through RTL and synthesis."""
        return self.files[0]

    @property
    def seed(self) -> int | None:
        """The only seed; ``None``: unknown, or several."""
        return self.seeds[0] if len(self.seeds) == 1 else None


def trained_networks(paths: Iterable[Path]) -> tuple[Trained, ...]:
    """Return the networks of files, in order: names like ``a.seed1.onnx`` and ``a.seed2.onnx`` are one network.

    Raises
    ------
    InputError
        A seed of a network is there twice.
    """
    found: dict[Path, dict[int, Path]] = {}
    networks: dict[Path, Trained] = {}
    for number, path in enumerate(paths):
        if seed := _SEED.search(path.stem):
            name = path.with_name(path.stem[: seed.start()] + path.suffix)
            own = found.setdefault(name, {})
            require(int(seed[1]) not in own, f"{path} has the seed of {own.get(int(seed[1]))}: give each seed once")
            own[int(seed[1])] = path
            networks[name] = Trained(files=tuple(own.values()), seeds=tuple(own))
        else:
            networks[path / str(number)] = Trained(files=(path,), seeds=())
    return tuple(networks.values())
