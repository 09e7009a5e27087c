"""Make an exact pair, and prove it from what its files say."""

from dataclasses import dataclass
from pathlib import Path

from tospike.gen.data.datasets import DataSet
from tospike.gen.exact.ann_file import ann_bytes
from tospike.gen.exact.levels import ExactLayers, exact_layers
from tospike.gen.exact.options import ExactOptions
from tospike.gen.exact.prove import prove_equal
from tospike.gen.exact.snn_file import snn_bytes
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.children import temporary_folder
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactPair:
    """Contents of two files that compute the same function."""

    layers: ExactLayers
    snn: bytes
    """A NIR file."""
    ann: bytes
    """An ONNX file."""


def exact_pair(network: Network, data: DataSet, options: ExactOptions) -> ExactPair:
    """Convert a float ANN to an SNN and the quantised ANN that it equals.

    Both files are read back and quantised with the default options, and the integer networks are proven to have the
    same outputs on all inputs.

    Raises
    ------
    InputError
        The network has no exact counterpart; the message names the stage.
    """
    layers = exact_layers(network, data.train_x, options)
    pair = ExactPair(layers=layers, snn=snn_bytes(layers), ann=ann_bytes(layers))
    with temporary_folder() as work:
        ann, snn = (
            prepare(_written(work / name, content), data, ModelOptions()).quantized.network
            for name, content in (("ann.onnx", pair.ann), ("snn.nir", pair.snn))
        )
    prove_equal(ann, snn)
    return pair


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
