"""A trained network, data and options to a design: import, quantise, plan."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tospike.gen.data import DataSet
from tospike.gen.load import load_network
from tospike.gen.options import ModelOptions, describe
from tospike.gen.plan import plan
from tospike.gen.quantize import quantize
from tospike.gen.quantized import Quantized
from tospike.hw.params import require
from tospike.sim.design import Design
from tospike.sim.encoding import quantize_input
from tospike.sim.network import Array, Network


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One trained network on its way to hardware."""

    network: Network
    """As trained, in floating point."""
    quantized: Quantized
    design: Design
    choices: dict[str, Any]
    """Every option with the value that was used."""

    def integers(self, x: Array) -> Array:
        """Samples of the data set as the hardware gets them: values on the input's grid, or spikes as they are."""
        spec = self.design.network.input
        if spec.encoding is None and self.network.is_spiking:
            return x.astype("int64")
        return quantize_input(spec, x)


def prepare(model: Path, data: DataSet, options: ModelOptions) -> Prepared:
    """Imports, quantises (calibrated with the training part of ``data``) and plans.

    Raises
    ------
    InputError
        A file that cannot be imported, data that do not fit the network, a number that does not fit its format.
    """
    nir = options.nir(model)
    if nir is not None and data.is_spikes:
        nir = replace(nir, encoding=None, steps=data.steps)
    network = load_network(model, nir=nir)
    require(
        network.input.inputs == data.inputs,
        f"{model} takes {network.input.inputs} values per sample, but {data.name} has {data.inputs}: give other --data",
    )
    require(
        network.is_spiking or not data.is_spikes,
        f"{model} is an ANN, but {data.name} holds spike trains: give data with one frame per sample",
    )
    quantized = quantize(network, data.train_x, options.quantize)
    design = plan(quantized.network, options.plan)
    choices: dict[str, Any] = {"model": model.name, "data": data.name, "split": data.split}
    if nir is not None:
        choices["nir"] = nir.describe()
    choices["quantize"] = quantized.describe()
    choices["hardware"] = describe(options.plan)
    return Prepared(network=network, quantized=quantized, design=design, choices=choices)
