"""What all points of a search share: networks, options, data and prices, in a file that every process reads."""

import pickle
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from tospike.compare.energy.technology import Technology
from tospike.compare.report.design import Kind
from tospike.compare.search.space import Choice, Function
from tospike.compare.search.trained import Trained
from tospike.compare.sweep.cluster import worker_folder
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.gen.tools.cache import digest


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Samples that choose, and samples that judge; the networks of a fold were not trained on them."""

    validation: DataSet
    test: DataSet


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """Networks, options, data and prices of a search."""

    networks: Mapping[Kind, tuple[Trained, ...]]
    """The networks of each side."""
    options: Mapping[Kind, ModelOptions]
    """Options of the networks as given."""
    fixed: Mapping[Kind, ModelOptions]
    """Those among them that no function and no hardware changes."""
    parts: tuple[Part, ...]
    """By fold, the data's own test part last."""
    technologies: tuple[Technology, ...]
    """The first one decides."""

    def options_of(self, function: Function, hardware: Choice = ()) -> ModelOptions:
        """Return the options of a function, or of a design."""
        return self.options[function.side].but(**dict(function.given), **dict(hardware))

    def network_of(self, function: Function) -> Trained:
        """Return the network of a function."""
        return self.networks[function.side][function.network]

    @property
    def validation(self) -> DataSet:
        """Of the data's own test part."""
        return self.parts[-1].validation

    @property
    def test(self) -> DataSet:
        """Of the data's own test part."""
        return self.parts[-1].test

    @property
    def validation_samples(self) -> int:
        """Samples of all folds that choose."""
        return sum(len(part.validation.x) for part in self.parts)

    def trainings(self, function: Function) -> list[list[tuple[Path, Part]]]:
        """Return the files of a function's network with the samples that they are tested on, by seed and fold."""
        return [list(zip(row, self.parts, strict=True)) for row in self.network_of(function).files]

    def prepared(
        self, function: Function, hardware: Choice = (), *, file: Path | None = None, part: Part | None = None
    ) -> Prepared:
        """Return a function, or a design, quantised and planned; of its first file, or of ``file``.

        Raises
        ------
        InputError
            As for `prepare`.
        """
        chosen = file or self.network_of(function).first
        return prepare(chosen, (part or self.parts[-1]).validation, self.options_of(function, hardware))

    @cached_property
    def digest(self) -> str:
        """Digest of everything here, without the names of the files."""
        arrays = {
            f"{name}.{fold}.{array}": np.ascontiguousarray(values).tobytes()
            for fold, part in enumerate(self.parts)
            for name, data in (("validation", part.validation), ("test", part.test))
            for array, values in (("x", data.x), ("y", data.y), ("training", data.train_x))
        }
        networks = {
            f"{side}.{number}.{seed}.{fold}": path.read_bytes()
            for side, networks in self.networks.items()
            for number, network in enumerate(networks)
            for seed, row in enumerate(network.files)
            for fold, path in enumerate(row)
        }
        said = {
            f"{name}.{side}": repr((sorted(given.given.items()), given.layers))
            for name, options in (("options", self.options), ("fixed", self.fixed))
            for side, given in options.items()
        }
        shape = repr([(data.x.shape, data.is_frames, data.time_bin_us) for data in (self.validation, self.test)])
        prices = {f"price.{each.name}": repr(each) for each in self.technologies}
        return digest({**arrays, **networks, **said, **prices, "shape": shape})

    def save(self, folder: Path) -> Path:
        """Write the setting with the files of its networks to a temporary folder of this search, for its processes;
        return the file."""
        file = folder / f"setting-{self.digest[:16]}.pickle"
        contents = {path: path.read_bytes() for path in self._files}
        file.write_bytes(pickle.dumps((self, contents)))
        return file

    @property
    def _files(self) -> Iterator[Path]:
        for networks in self.networks.values():
            for network in networks:
                for row in network.files:
                    yield from row

    def _moved(self, to: Mapping[Path, Path]) -> "Setting":
        """Return this setting with the files of its networks elsewhere."""
        networks = {
            side: tuple(
                replace(network, files=tuple(tuple(to[path] for path in row) for row in network.files))
                for network in own
            )
            for side, own in self.networks.items()
        }
        return replace(self, networks=networks)


_LOADING = threading.Lock()
"""A worker of a cluster has several threads."""


def load_setting(file: Path) -> Setting:
    """Read what `Setting.save` wrote, on this machine or on that of a cluster's worker which ``file`` was sent to."""
    with _LOADING:
        return _load(file)


@lru_cache(maxsize=1)
def _load(file: Path) -> Setting:
    if file.exists():
        setting: Setting
        setting, _ = pickle.loads(file.read_bytes())
        return setting
    return unpack_setting(worker_folder() / file.name)


def unpack_setting(file: Path) -> Setting:
    """Read what `Setting.save` wrote on another machine, and write the files of its networks beside it."""
    setting: Setting
    contents: dict[Path, bytes]
    setting, contents = pickle.loads(file.read_bytes())
    folder = Path(tempfile.mkdtemp(prefix=file.stem, dir=file.parent))  # of this process alone
    to = {path: folder / str(number) / path.name for number, path in enumerate(contents)}
    for path, content in contents.items():
        to[path].parent.mkdir()
        to[path].write_bytes(content)
    return setting._moved(to)
