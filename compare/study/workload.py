"""Workloads: two trained networks and their data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from tospike.compare.report.design import Kind
from tospike.gen.convert import ConvertOptions, convert
from tospike.gen.data.datasets import DataSet
from tospike.gen.data.options import SampleOptions
from tospike.gen.files.output import write_bytes
from tospike.gen.load import load_network
from tospike.gen.nir.frameworks import Framework
from tospike.gen.nir.importer import states_options
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import InputError, check_options, option, require, same_option


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Parts of a workload that the user gives; ``None``: not given."""

    PANEL: ClassVar = "Networks and data"

    ann: tuple[Path, ...] = option((), "Trained ANN (.onnx); repeat it to search several", unset="the workload's")
    snn: tuple[Path, ...] = option((), "Trained SNN (.nir); repeat it to search several", unset="the workload's")
    data: str | None = same_option(SampleOptions, "data", None, unset="the workload's")
    hold_out: int | None = same_option(SampleOptions, "hold_out")
    time_bin_us: int | None = same_option(SampleOptions, "time_bin_us")
    sensor: str | None = same_option(SampleOptions, "sensor")
    samples: int | None = same_option(SampleOptions, "samples")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """An ANN and an SNN to compare, and their data."""

    name: str
    description: str
    ann: Path
    snn: Path | None
    """``None``: the ANN converted as by `tospike convert`."""
    data: SampleOptions | DataSet
    rtl_samples: int | None = None
    """Default number of test samples in RTL; ``None``: all."""
    converted_steps: int = ConvertOptions.steps
    """Default time steps of a converted SNN."""
    options: ModelOptions = field(default_factory=ModelOptions)
    given: ModelOptions = field(default_factory=ModelOptions)
    """Those among them that the user gave, which a search does not vary."""
    more: Mapping[Kind, tuple[Path, ...]] = field(default_factory=dict)
    """Further networks of each side, for a search."""
    folds: Mapping[Kind, tuple[Path, ...]] = field(default_factory=dict)
    """The same networks for other folds of the data, for a search."""
    search_minutes: float = 10.0
    """Default time limit of a search."""
    finalists: int = 3
    """Default number of designs of each side that a search takes through RTL and synthesis."""

    def load(self) -> DataSet:
        """Return the data set.

        Raises
        ------
        InputError
            The data cannot be read, or have fewer test samples than requested.
        """
        return self.data if isinstance(self.data, DataSet) else self.data.load(self.options.steps).require_labels()

    def fold(self, number: int) -> DataSet:
        """Return the data set with another part as its test part.

        Raises
        ------
        InputError
            There is no such part.
        """
        if isinstance(self.data, DataSet):
            raise InputError("folds need a data set that can be split again: give it by --data, or leave the folds out")
        return replace(self.data, test_fold=number).load(self.options.steps)

    def networks(self, data: DataSet, folder: Path) -> dict[Kind, Path]:
        """Return the files of both networks, ``ann`` and ``snn``; write a converted SNN to ``folder``.

        Raises
        ------
        InputError
            The ANN cannot be converted, or the file cannot be written.
        """
        if self.snn is not None:
            return {"ann": self.ann, "snn": self.snn}
        steps = self.converted_steps if self.options.steps is None else self.options.steps
        converted = convert(load_network(self.ann), data.train_x, ConvertOptions(steps=steps))
        name = f"{self.ann.stem}_snn.nir"
        write_bytes(folder / name, converted.to_bytes())
        return {"ann": self.ann, "snn": folder / name}


def _example(name: str) -> Path:
    return Path(str(resources.files("tospike.examples").joinpath(name)))


@dataclass(frozen=True, kw_only=True)
class BuiltinWorkload:
    """A workload of tospike. The user must give fields that are ``None``, except a converted SNN."""

    description: str
    needs: str
    """What the user must give, and its source."""
    ann: str | None = None
    snn: str | None = None
    data: str | None = None
    data_kind: str = ""
    """Prefix of the data's name."""
    converted_steps: int | None = None
    """Time steps of a converted SNN; ``None``: the user must give the SNN."""
    time_bin_us: int | None = None
    hold_out: int | None = None
    folds: tuple[str, ...] = ()
    """Of the names of networks that were tested on other parts of the data, for a search."""
    rtl_samples: int | None = None
    search_minutes: float = Workload.search_minutes
    finalists: int = Workload.finalists
    options: Mapping[str, Any] = field(default_factory=dict)
    """Model options that differ from the defaults."""
    own_options: Mapping[str, Any] = field(default_factory=dict)
    """Further ones that suit the workload's own networks; they do not hold for a network of the user's."""
    nir: Mapping[str, Any] = field(default_factory=dict)
    """Rules that the SNN's file does not state; ignored if the file states its own."""


WORKLOADS = {
    "digits": BuiltinWorkload(
        description="handwritten digits of scikit-learn, 8 x 8 pixels: static images",
        needs="nothing",
        ann="digits_ann.onnx",
        snn="digits_snn.nir",
        data="digits",
        folds=("fold1", "fold2", "fold3"),
        search_minutes=2.0,
        finalists=1,
    ),
    "mnist-mlp": BuiltinWorkload(
        description="handwritten digits of MNIST, 28 x 28 pixels: static images, 784-256-128-10 neurons",
        needs="MNIST's files: give --data mnist:DIR",
        ann="mnist_ann.onnx",
        snn="mnist_snn.nir",
        data_kind="mnist:",
        rtl_samples=500,
        own_options={"weight_bits": 6},
    ),
    "mnist-cnn": BuiltinWorkload(
        description="handwritten digits of MNIST, 28 x 28 pixels: static images, a convolutional network",
        needs="MNIST's files and a convolutional network with average pools: give --data mnist:DIR and --ann "
        "FILE.onnx; without --snn FILE.nir the ANN is converted to an SNN",
        data_kind="mnist:",
        converted_steps=8,
        rtl_samples=50,
        # as many multipliers as the SNN has lanes; an image this large needs two banks, one per row
        options={"rows": 2, "cols": 4},
    ),
    "braille": BuiltinWorkload(
        description="tactile Braille letters: spike trains of 256 steps and 12 channels",
        needs="the recurrent network of the NIR paper and its data: give --snn braille_noDelay_bias_zero.nir "
        "(github.com/neuromorphs/NIR) and --data npz:FILE with spikes, label",
        ann="braille_ann.onnx",
        data_kind="npz:",
        hold_out=4,
        nir={"dt": 1e-4},
    ),
    "nmnist": BuiltinWorkload(
        description="handwritten digits seen by an event camera (N-MNIST): events in 300 steps of 1 ms",
        needs="the convolutional network of the NIR paper and recordings: give --snn cnn_sinabs.nir "
        "(github.com/neuromorphs/NIR) and --data npz:FILE with events",
        ann="nmnist_ann.onnx",
        data_kind="npz:",
        time_bin_us=1000,
        hold_out=4,
        rtl_samples=5,
        options={"steps": 300},
        nir={"framework": Framework.SINABS},
    ),
    "cochlea": BuiltinWorkload(
        description="spoken digits (FSDD): sound of 0.8 s at 8 kHz, through a cochlea of 32 channels on both sides",
        needs="the recordings of the Free Spoken Digit Dataset: give --data fsdd:DIR "
        "(github.com/Jakobovski/free-spoken-digit-dataset)",
        ann="cochlea_ann.onnx",
        snn="cochlea_snn.nir",
        data_kind="fsdd:",
        rtl_samples=5,
    ),
}
"""The workloads by name."""


def named(name: str, options: ModelOptions, given: Overrides | None = None) -> Workload:
    """Return a workload by its name, with the user's overrides.

    With the user's own networks and data, the name is free.

    Raises
    ------
    InputError
        There is no such workload, or something that it needs is missing; the message says what to give.
    """
    given = given or Overrides()
    known = WORKLOADS.get(name)
    is_own = bool(given.ann and given.snn) and given.data is not None
    if is_own and (known is None or known.data is not None):
        known = BuiltinWorkload(description=given.data or "", needs="all of --ann, --snn and --data")
    if known is None:
        require(not given.ann and not given.snn, f"{name} needs all of --ann, --snn and --data")
        raise InputError(f"there is no workload {name!r}: use {', '.join(WORKLOADS)}, or give --ann, --snn and --data")
    require(
        known.data is None or given.data is None,
        f"{name} has its own data: leave out --data, or give your own --ann, --snn and --data",
    )
    ann, *more_anns = given.ann or (_example(known.ann) if known.ann else None,)
    snn, *more_snns = given.snn or (_example(known.snn) if known.snn else None,)
    data = given.data or known.data
    complete = data is not None and data.startswith(known.data_kind) and (snn is not None or known.converted_steps)
    if ann is None or data is None or not complete:
        raise InputError(f"{name} needs {known.needs}")
    usual = {**known.options, **({} if given.ann or given.snn else known.own_options)}
    if not (snn and snn.is_file() and states_options(snn)):
        usual |= known.nir
    chosen = ("rows", "cols") if options.fit else ()  # by --fit
    unset = {name: value for name, value in usual.items() if getattr(options, name) is None and name not in chosen}
    return Workload(
        name=name,
        description=known.description,
        ann=ann,
        snn=snn,
        data=SampleOptions(
            data=data,
            time_bin_us=given.time_bin_us or known.time_bin_us,
            sensor=given.sensor,
            hold_out=given.hold_out or known.hold_out,
            samples=given.samples,
        ),
        rtl_samples=known.rtl_samples,
        converted_steps=known.converted_steps or ConvertOptions.steps,
        options=options.but(**unset),
        given=options,
        more={"ann": tuple(filter(None, more_anns)), "snn": tuple(filter(None, more_snns))},
        folds={"ann": _folds(known, ann, given), "snn": _folds(known, snn, given)},
        search_minutes=known.search_minutes,
        finalists=known.finalists,
    )


def _folds(known: BuiltinWorkload, network: Path | None, given: Overrides) -> tuple[Path, ...]:
    """Return the files of a workload's own network for its other folds; none where a side is the user's own."""
    if network is None or given.ann or given.snn:
        return ()
    return tuple(network.with_name(f"{network.stem}.{fold}{network.suffix}") for fold in known.folds)
