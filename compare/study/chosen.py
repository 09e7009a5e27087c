"""The designs of a study: one of each network as its options say, or the cheapest that a search finds."""

import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tospike.compare.report.design import KINDS, Kind, Side
from tospike.compare.search.run import Found, SearchResult, search
from tospike.compare.search.setting import Part, Setting
from tospike.compare.search.split import split_validation
from tospike.compare.search.trained import Trained, trained_networks
from tospike.compare.study.options import Progress, StudyOptions
from tospike.compare.study.workload import Workload
from tospike.gen.data.datasets import DataSet
from tospike.gen.data.options import SampleOptions
from tospike.gen.options.layers import check_layers
from tospike.gen.options.model import OPTIONS, ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.hw.params import require

_log = logging.getLogger(__name__)
_OF_DATA = ("hold_out", "test_fold", "time_bin_us", "sensor")


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """A search, its setting, and the designs that it chose."""

    setting: Setting
    result: SearchResult
    chosen: Mapping[Kind, tuple[Found, ...]]
    """The cheapest of each side, the best first."""
    minutes: float
    """The time limit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """The designs that a study measures, and the data that judge them."""

    data: DataSet
    paths: Mapping[Kind, Path]
    """The networks of the designs that the verdict compares."""
    options: Mapping[Kind, ModelOptions]
    """The options of these designs."""
    prepared: Mapping[Kind, tuple[Prepared, ...]]
    """These designs, and after them further ones of the same side."""
    search: Search | None = None

    @property
    def compared(self) -> dict[Kind, Prepared]:
        """The designs that the verdict compares."""
        return {kind: designs[0] for kind, designs in self.prepared.items()}


def choose(
    workload: Workload, data: DataSet, paths: Mapping[Kind, Path], options: StudyOptions, progress: Progress
) -> Chosen:
    """Return the designs that a study measures.

    Parameters
    ----------
    workload
        Networks and options.
    data
        Its data.
    paths
        Its first network of each side.
    options
        Whether and how to search.
    progress
        Called at every step.

    Raises
    ------
    InputError
        The networks cannot be used, or as for `search`.
    """
    files = {kind: (path, *workload.more.get(kind, ())) for kind, path in paths.items()}
    for kind, several in files.items():
        for path in several:
            is_spiking = path.suffix == ".nir"
            require(
                is_spiking == (kind == "snn"), f"{path}, given as --{kind}, is {'an SNN' if is_spiking else 'an ANN'}"
            )
    if options.search is None:
        require(
            all(len(several) == 1 for several in files.values()),
            "--pair compares one ANN and one SNN: give --ann and --snn once, or leave --pair out",
        )
        (fold,) = _folds({kind: trained_networks(several) for kind, several in files.items()})
        if fold is not None and not isinstance(workload.data, DataSet):  # other samples may have trained them
            data = workload.fold(fold)
        both = {kind: workload.options.of_kind(spiking=kind == "snn") for kind in KINDS}
        prepared = {kind: prepare(paths[kind], data, both[kind]) for kind in KINDS}
        _check(workload.options, prepared)
        each = {kind: (design,) for kind, design in prepared.items()}
        return Chosen(data=data, paths=paths, options=both, prepared=each)
    return _searched(workload, data, files, options, progress)


def _check(options: ModelOptions, prepared: Mapping[Kind, Prepared]) -> None:
    """Report guesses, and raise errors of both networks before any work."""
    check_layers(options.layers, [side.imported for side in prepared.values()])
    for line in dict.fromkeys(line for side in prepared.values() for line in side.warnings):
        _log.warning(line)
    for side in prepared.values():
        _ = side.design


def _searched(
    workload: Workload,
    data: DataSet,
    files: Mapping[Kind, tuple[Path, ...]],
    options: StudyOptions,
    progress: Progress,
) -> Chosen:
    """Search, and return the cheapest designs of each side."""
    how = options.search
    assert how is not None  # a search was asked for
    require(
        workload.options.fit is None, "--fit chooses one design, and a search all: give --device instead, or --pair"
    )
    networks = {kind: trained_networks((*several, *workload.folds.get(kind, ()))) for kind, several in files.items()}
    parts = [
        Part(validation=validation, test=test)
        for fold in _folds(networks)
        for validation, test in [split_validation(data if fold is None else workload.fold(fold), how.search_samples)]
    ]
    parts[-1].test.first(options.rtl_samples)  # refuses more than there are
    minutes = how.search_minutes or workload.search_minutes
    setting = Setting(
        networks=networks,
        options={kind: workload.options.of_kind(spiking=kind == "snn") for kind in KINDS},
        fixed={kind: workload.given.of_kind(spiking=kind == "snn") for kind in KINDS},
        parts=tuple(parts),
        technologies=options.technologies,
    )
    _check(
        workload.options,
        {kind: prepare(networks[kind][0].first, setting.validation, setting.options[kind]) for kind in KINDS},
    )
    finalists = how.finalists or workload.finalists
    result = search(
        setting,
        how,
        minutes=minutes,
        finalists=finalists,
        device=options.device,
        cache=options.cache,
        progress=lambda step: progress("search", step),
    )
    progress("search", "done")
    chosen = {kind: tuple(result.cheapest(kind, finalists)) for kind in KINDS}
    best = {kind: found[0].point for kind, found in chosen.items()}
    return Chosen(
        data=setting.test,
        paths={kind: setting.network_of(point.function).first for kind, point in best.items()},
        options={kind: setting.options_of(point.function, point.hardware) for kind, point in best.items()},
        prepared={
            kind: tuple(
                prepare(
                    setting.network_of(each.point.function).first,
                    setting.test,
                    setting.options_of(each.point.function, each.point.hardware),
                )
                for each in found
            )
            for kind, found in chosen.items()
        },
        search=Search(setting=setting, result=result, chosen=chosen, minutes=minutes),
    )


def _folds(networks: Mapping[Kind, tuple[Trained, ...]]) -> tuple[int | None, ...]:
    """Return the folds that all networks were trained with."""
    several = {network.folds: network for side in networks.values() for network in side}
    require(
        len(several) == 1,
        "networks are compared on the same samples, but these have different folds: "
        + ", ".join(f"{network.first.name} {len(folds)}" for folds, network in several.items()),
    )
    return next(iter(several))


def command_of(workload: Workload, side: Side, file: Path, options: ModelOptions) -> str:
    """Return the command that makes a design of a side."""
    words = ["tospike", "generate", "network", str(file)]
    if isinstance(workload.data, SampleOptions):
        words += ["--data", workload.data.data]
        for name in _OF_DATA:
            if (value := getattr(workload.data, name)) is not None:
                words += [f"--{name.replace('_', '-')}", str(value)]
    for name, value in options.given.items():
        if isinstance(value, bool):
            words += [OPTIONS[name].flag] if value else []
        else:
            words += [OPTIONS[name].flag, str(value)]
    for layer, given in options.layers.items():
        for name, value in given.items():
            words += ["--layer", f"{layer}.{name.replace('_', '-')}={value}"]
    return shlex.join([*words, "--out", f"build/{side}"])
