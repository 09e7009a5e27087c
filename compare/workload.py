"""What is compared: two trained networks and the data that judge them."""

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from tospike.gen.options import ModelOptions
from tospike.hw.params import InputError, require


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A question: this ANN or this SNN, on these data?"""

    name: str
    description: str
    ann: Path
    snn: Path
    data: str
    options: ModelOptions = field(default_factory=ModelOptions)


def _example(name: str) -> Path:
    return Path(str(resources.files("tospike.examples").joinpath(name)))


def named(name: str, options: ModelOptions, data: str | None = None) -> Workload:
    """One of the workloads that come with tospike.

    Parameters
    ----------
    data
        Where the data are, for workloads that do not bring their own.

    Raises
    ------
    InputError
        There is none of that name, its data are missing, or it has data of its own.
    """
    if name == "digits":
        require(data is None, "digits has its own data: leave --data out, or give --ann, --snn and --data of your own")
        return Workload(
            name=name,
            description="handwritten digits of scikit-learn, 8 x 8 pixels: static images",
            ann=_example("digits_ann.onnx"),
            snn=_example("digits_snn.nir"),
            data="digits",
            options=options,
        )
    if name == "mnist-mlp":
        if data is None or not data.startswith("mnist:"):
            raise InputError("mnist-mlp needs MNIST's files: give --data mnist:DIR")
        return Workload(
            name=name,
            description="handwritten digits of MNIST, 28 x 28 pixels: static images, 784-256-128-10 neurons",
            ann=_example("mnist_ann.onnx"),
            snn=_example("mnist_snn.nir"),
            data=data,
            options=options,
        )
    raise InputError(
        f"there is no workload {name!r}: use digits, mnist-mlp, or give --ann, --snn and --data of your own"
    )
