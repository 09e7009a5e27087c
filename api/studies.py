"""``tospike.study``."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tospike.compare.energy.gates.study import GateStudyOptions
from tospike.compare.report.design import Kind
from tospike.compare.search.options import SearchOptions
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.result import Study
from tospike.compare.study.run import run_study
from tospike.compare.study.saved import save_study
from tospike.compare.study.workload import Overrides, Workload, named
from tospike.data_source import Data, DataSource
from tospike.gen.data.options import SampleOptions
from tospike.gen.options.model import OPTIONS, ModelOptions
from tospike.gen.tools.cache import CacheOptions
from tospike.gen.tools.children import temporary_folder
from tospike.hw.params import InputError, options_given, options_of, require, require_known
from tospike.model_file import Model, model_file
from tospike.network import shape_of
from tospike.synth.options import SynthOptions

_PARTS = {
    "study": StudyOptions,
    "synth": SynthOptions,
    "gates": GateStudyOptions,
    "results": CacheOptions,
    "search": SearchOptions,
}
"""The option classes of a measurement."""
_COMMAND = "tospike.study(...)"
_OPTIONS = {name for cls in _PARTS.values() for name in options_of(cls)}


def study(
    workload: str | None = None,
    *,
    ann: Model | Sequence[Model] | None = None,
    snn: Model | Sequence[Model] | None = None,
    data: Data | None = None,
    name: str = "study",
    folder: str | PathLike[str] | None = None,
    time_bin_us: int | None = None,
    sensor: str | None = None,
    hold_out: int | None = None,
    samples: int | None = None,
    input_shape: tuple[int, ...] | None = None,
    layers: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> Study:
    """Spikes or not? Compare an ANN and an SNN on the same data: accuracy, latency, area, energy, and a verdict.

    Parameters
    ----------
    workload
        A workload of tospike: ``"digits"`` or another of ``tospike compare``. Give what it needs, and overrides, by
        the parameters below, with data by name. Without a workload, ``ann`` and ``data`` are required.
    ann, snn
        Trained networks as for `tospike.load`, or lists of them, which are all searched. Without ``snn``, the first ANN
        is converted as by `tospike convert`.
    data, time_bin_us, sensor, hold_out, input_shape, layers
        As for `tospike.load`.
    name
        Name of the comparison of your own networks.
    folder
        Folder for both designs and the report; default: none is written.
    samples
        Number of test samples.
    **options
        Options of the command ``compare``, with underscores: those of networks (``weight_bits=4``) and of the
        measurement (``target="ice40-up5k"``, ``synth=False``, ``rtl_samples=20``, ``technology="osu018"``). Both sides
        are searched in this process, or in several with ``jobs``; with ``pair=True``, one design of each is compared.

    Raises
    ------
    InputError
        A network, the data, an option or a tool cannot be used.

    Examples
    --------
    >>> tospike.study("digits", folder="digits").verdict.decision  # doctest: +SKIP
    'do not spike'
    >>> found = tospike.study(ann="ann.onnx", snn="snn.nir", data=(x, y))  # doctest: +SKIP
    >>> print(found)  # doctest: +SKIP
    >>> found.save("report")  # doctest: +SKIP
    """
    for each in options:
        require_known("option", each, (*OPTIONS, *_OPTIONS))
    of_model = OPTIONS.keys() - (set() if options.get("pair") else {"objective"})  # of --fit, or of the search
    chosen = ModelOptions({each: value for each, value in options.items() if each in of_model}, layers=layers)
    measuring = _study_options({each: value for each, value in options.items() if each not in of_model})
    lacking = {"time_bin_us": time_bin_us, "sensor": sensor, "hold_out": hold_out, "samples": samples}
    source = data_set = None
    if workload is None:
        if ann is None or data is None:
            raise InputError("there is nothing to study: give ann and data, or the name of a workload")
        how = options_given(SampleOptions, lacking)
        source = DataSource(given=data, options=how)
        data_set = source.load(chosen.steps).require_labels().first(how.samples)
    shape = input_shape or shape_of(source, data_set)
    with ExitStack() as stack:
        out = Path(folder) if folder is not None else stack.enter_context(temporary_folder())
        networks: dict[Kind, tuple[Path, ...]] = {
            kind: tuple(stack.enter_context(model_file(model, None, shape)) for model in _several(given))
            for kind, given in _sides(ann, snn)
        }
        if data_set is None:
            files = {"ann": networks["ann"], "snn": networks["snn"]}
            given = options_given(Overrides, {**files, **lacking, "data": _spec(data)})
            what = named(workload or "", chosen, given)
        else:
            what = Workload(
                name=name,
                description=data_set.name,
                ann=networks["ann"][0],
                snn=networks["snn"][0] if networks["snn"] else None,
                data=data_set,
                options=chosen,
                given=chosen,
                more={kind: given[1:] for kind, given in networks.items()},
            )
        if folder is None:
            return Study(report=run_study(what, out, measuring, command=_COMMAND))
        return save_study(what, out, measuring, command=_COMMAND)[0]


def _sides(ann: Any, snn: Any) -> tuple[tuple[Kind, Any], tuple[Kind, Any]]:
    return ("ann", ann), ("snn", snn)


def _several(given: Model | Sequence[Model] | None) -> Sequence[Model]:
    """Return the networks of a side."""
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)  # type: ignore[return-value]


def _spec(data: Data | None) -> str | None:
    """Return the name of the data of a workload."""
    if isinstance(data, PathLike):
        return f"npz:{fspath(data)}"
    require(
        data is None or isinstance(data, str),
        f"a workload takes data by name, not a {type(data).__name__}: give mnist:DIR or npz:FILE, or leave it out",
    )
    return data  # type: ignore[return-value]


def _study_options(given: Mapping[str, Any]) -> StudyOptions:
    """Return the options of the measurement, by their names on the command line."""
    made: dict[str, Any] = {
        part: options_given(cls, {name: value for name, value in given.items() if name in options_of(cls)})
        for part, cls in _PARTS.items()
    }
    study: StudyOptions = made.pop("study")
    if made["search"].jobs is None:  # other processes would run the caller's script again
        made["search"] = replace(made["search"], jobs=1)
    return study.with_parts(**made)
