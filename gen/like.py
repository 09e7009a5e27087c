"""Prepare a network, for hardware of its own or for that of a generated design whose weights can be written."""

from pathlib import Path

from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.folder import read
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare, prepare_like
from tospike.hw.params import require


def prepare_for(model: Path, data: DataSet, options: ModelOptions, like: Path | None) -> Prepared:
    """Import, quantise and plan a network; on the hardware of the design folder ``like``, if it is given.

    Raises
    ------
    InputError
        As `tospike.gen.pipeline.prepare`; ``like`` is no design of a network, or the network needs other hardware.
    """
    if like is None:
        return prepare(model, data, options)
    design = read(like).design
    require(design is not None, f"{like} was generated without a network: give a design of `tospike generate network`")
    assert design is not None
    return prepare_like(model, data, options, design, name=str(like))
