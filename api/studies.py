"""``tospike.study``."""

from collections.abc import Mapping
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import Any

from tospike.compare.energy.gates.study import GateStudyOptions
from tospike.compare.study.options import StudyOptions
from tospike.compare.study.result import Study
from tospike.compare.study.run import run_study
from tospike.compare.study.workload import Workload
from tospike.data_source import Data, DataSource
from tospike.gen.data.options import SampleOptions
from tospike.gen.options.model import OPTIONS, ModelOptions
from tospike.gen.tools.cache import CacheOptions
from tospike.gen.tools.children import temporary_folder
from tospike.hw.params import options_given, options_of, require_known
from tospike.model_file import Model, model_file
from tospike.network import shape_of
from tospike.synth.options import SynthOptions

_PARTS = {"study": StudyOptions, "synth": SynthOptions, "gates": GateStudyOptions, "results": CacheOptions}
"""The classes that say how to measure."""
_OPTIONS = {name for cls in _PARTS.values() for name in options_of(cls)}


def study(
    *,
    ann: Model,
    snn: Model | None = None,
    data: Data,
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
    ann, snn
        Trained networks as `tospike.load` takes them. Without ``snn``, it is what `tospike convert` makes of the ANN.
    data, time_bin_us, sensor, hold_out, input_shape, layers
        As of `tospike.load`.
    name
        What to call the comparison.
    folder
        Where both designs and the report are written; nowhere if not given.
    samples
        Only so many test samples.
    **options
        Those of the command line's ``compare`` with underscores: those of networks (``weight_bits=4``), and how to
        measure (``target="ice40-up5k"``, ``synth=False``, ``rtl_samples=20``, ``technology="osu018"``).

    Raises
    ------
    InputError
        A network, the data, an option or a tool cannot be used.

    Examples
    --------
    >>> found = tospike.study(ann="ann.onnx", snn="snn.nir", data=(x, y))  # doctest: +SKIP
    >>> print(found)  # doctest: +SKIP
    >>> found.save("report")  # doctest: +SKIP
    """
    for each in options:
        require_known("option", each, (*OPTIONS, *_OPTIONS))
    chosen = ModelOptions({each: value for each, value in options.items() if each in OPTIONS}, layers=layers)
    measuring = _study_options({each: value for each, value in options.items() if each not in OPTIONS})
    lacking = {"time_bin_us": time_bin_us, "sensor": sensor, "hold_out": hold_out, "samples": samples}
    how = options_given(SampleOptions, lacking)
    source = DataSource(given=data, options=how)
    data_set = source.load(chosen.steps).first(how.samples)
    shape = input_shape or shape_of(source, data_set)
    with ExitStack() as stack:
        out = Path(folder) if folder is not None else stack.enter_context(temporary_folder())
        workload = Workload(
            name=name,
            description=data_set.name,
            ann=stack.enter_context(model_file(ann, None, shape)),
            snn=None if snn is None else stack.enter_context(model_file(snn, None, shape)),
            data=data_set,
            options=chosen,
        )
        found = Study(report=run_study(workload, out, measuring, command="tospike.study(...)"))
        if folder is not None:
            found.save(out)
        return found


def _study_options(given: Mapping[str, Any]) -> StudyOptions:
    """How to measure, by the command line's names."""
    made: dict[str, Any] = {
        part: options_given(cls, {name: value for name, value in given.items() if name in options_of(cls)})
        for part, cls in _PARTS.items()
    }
    study: StudyOptions = made.pop("study")
    return study.with_parts(**made)
