"""What is compared: two trained networks and the data that judge them."""

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from tospike.gen.options import ModelOptions
from tospike.hw.params import InputError


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


def named(name: str, options: ModelOptions) -> Workload:
    """One of the workloads that come with tospike.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name != "digits":
        raise InputError(f"there is no workload {name!r}: use digits, or give --ann, --snn and --data of your own")
    return Workload(
        name="digits",
        description="handwritten digits of scikit-learn, 8 x 8 pixels: static images",
        ann=_example("digits_ann.onnx"),
        snn=_example("digits_snn.nir"),
        data="digits",
        options=options,
    )
