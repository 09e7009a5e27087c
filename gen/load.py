"""Load a trained network from a file, by its suffix."""

from pathlib import Path

import onnx

from tospike.gen.files.reading import reading
from tospike.gen.front_end import stated_front_end
from tospike.gen.nir.importer import import_nir, read_graph
from tospike.gen.nir.options import NirOptions
from tospike.gen.onnx.importer import import_onnx
from tospike.hw.params import CochleaParams, InputError
from tospike.sim.network import Network


def load_network(path: str | Path, *, nir: NirOptions | None = None, name: str | None = None) -> Network:
    """Import a trained network as a float network.

    Parameters
    ----------
    path
        ``.onnx``: an ANN; ``.nir``: an SNN.
    nir
        What a NIR file leaves open; by default as the file's own metadata state. Not for ONNX files.
    name
        Name of the network, a Verilog identifier; by default derived from the file's name.

    Raises
    ------
    InputError
        No such file, another suffix, or a file that cannot be imported.
    """
    file = Path(path)
    if file.suffix not in (".onnx", ".nir"):
        raise InputError(f"cannot tell the format of {file}: give a trained network as .onnx (ANN) or .nir (SNN)")
    if not file.is_file():
        raise InputError(f"there is no file {file}: give the path of a trained network (.onnx or .nir)")
    if file.suffix == ".onnx":
        return import_onnx(file, name=name)
    network = import_nir(file, nir, name=name)
    network.require_one_kind()
    return network


def front_end_of(path: Path) -> CochleaParams | None:
    """Return the cochlea that a file states; ``None`` if there is none, or no such file.

    Raises
    ------
    InputError
        The file cannot be read, or describes another thing.
    """
    if not path.is_file() or path.suffix not in (".onnx", ".nir"):
        return None
    with reading(path, "trained network", "export it again"):
        if path.suffix == ".nir":
            return stated_front_end(read_graph(path).metadata)
        return stated_front_end(
            {entry.key: entry.value for entry in onnx.load(path, load_external_data=False).metadata_props}
        )
