"""The inputs of a measurement in gates: a design, and integer samples."""

from dataclasses import dataclass
from pathlib import Path

from tospike.gen.data.datasets import DataSet
from tospike.gen.data.options import SampleOptions
from tospike.gen.emit.folder import read
from tospike.gen.front_end import require_sound
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError, require, same_option
from tospike.sim.cochlea.hearing import sound_of
from tospike.sim.design import Design
from tospike.sim.encoders.encoding import as_frames, as_partial_inferences, quantize_input
from tospike.sim.network import Array


@dataclass(frozen=True, kw_only=True)
class GateData(SampleOptions):
    """The data; simulating gates is slow, so the default is few samples."""

    samples: int | None = same_option(SampleOptions, "samples", 20, unset="")


def design_and_inputs(model: Path, data: DataSet, options: ModelOptions) -> tuple[Design, Array, tuple[str, ...]]:
    """Return a design, the test samples as integers, and warnings.

    Parameters
    ----------
    model
        A trained network, or a folder of `tospike generate network`.
    data
        The data set, also for calibration of a trained network.
    options
        Options of a trained network.

    Raises
    ------
    InputError
        The file or folder cannot be used, or does not match the samples.
    """
    if not model.is_dir():
        prepared = prepare(model, data, options)
        return prepared.design, prepared.integers(data.x), prepared.warnings
    design = read(model).design
    if design is None:
        raise InputError(f"{model} has no network to run: use `tospike generate network`")
    spec = design.network.input
    if spec.front_end is not None:
        require_sound(data, spec.front_end)
        return design, sound_of(spec.front_end, data.x), ()
    require(
        spec.inputs == data.inputs
        and (spec.encoding is None or not data.is_spikes)
        and data.is_frames
        == (spec.partial_inferences > 1 or (spec.encoding is not None and spec.encoding.code.takes_frames)),
        f"{model} does not take the samples of {data.name}: give other --data",
    )
    x = (as_partial_inferences if spec.partial_inferences else as_frames)(spec, data.x)
    is_spikes = spec.encoding is None and design.network.is_spiking
    return design, x.astype("int64") if is_spikes else quantize_input(spec, x), ()
