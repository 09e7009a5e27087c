"""Write a design folder of each kind, for the command line and the Python API."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tospike.gen.data.datasets import DataSet
from tospike.gen.emit.bare import generate_array, generate_component
from tospike.gen.emit.folder import DesignFolder, generate
from tospike.gen.emit.vectors import BENCH_SAMPLES
from tospike.gen.options.core import LayerOptions, NeuronOptions
from tospike.gen.options.systolic import SystolicOptions
from tospike.gen.pipeline import Fitted, Prepared
from tospike.gen.place.streaming import stream_cost
from tospike.hw.accelerator import make_engine
from tospike.hw.params import AcceleratorParams
from tospike.hw.spiking.layout import memories

Tell = Callable[[str], None]


def generate_network(out: Path, prepared: Prepared, data: DataSet, *, tell: Tell = lambda line: None) -> DesignFolder:
    """Write the accelerator of a trained network, its weights in the memories, into the folder ``out``.

    Parameters
    ----------
    out
        The folder. An earlier design there is replaced; anything else is left alone.
    prepared
        The network.
    data
        Its first test samples go to the folder's own test bench.
    tell
        Receives the predictions, a line each, before anything is written.

    Raises
    ------
    InputError
        No engine can run the network; ``out`` is in use for something else, or cannot be written.
    """
    design = prepared.design
    for line in predictions(design.params, prepared.fit):
        tell(line)
    samples = prepared.integers(data.x[:BENCH_SAMPLES])
    return generate(out, kind="network", params=design.params, design=design, choices=prepared.choices, samples=samples)


def generate_systolic(out: Path, options: SystolicOptions, *, tell: Tell = lambda line: None) -> Path:
    """Write a systolic engine for a matrix product, or its bare array, and return the folder.

    Raises
    ------
    InputError
        There is no such engine, or none fits the device; ``out`` is in use for something else, or cannot be written.
    """
    if options.array_only:
        return generate_array(out, params=options.bare_array)
    engine, fitted = options.engine
    params = AcceleratorParams(name="systolic", engines=(engine,))
    for line in predictions(params, fitted):
        tell(line)
    return generate(out, kind="systolic", params=params, design=None, choices={}).path


def generate_spiking(out: Path, layer: LayerOptions, neuron: NeuronOptions) -> Path:
    """Write a spiking core, with a host port or without, and return the folder.

    Raises
    ------
    InputError
        There is no such engine; ``out`` is in use for something else, or cannot be written.
    """
    if not layer.core_only:
        params = layer.accelerator(neuron.params)
        return generate(out, kind="spiking", params=params, design=None, choices={}).path
    engine = layer.engine_of(neuron.params)
    core = make_engine(engine, {shape.name: () for shape in memories(engine)}, 0)
    generate_component(out, kind="spiking-core", component=core, name="spiking_core", params=engine, choices={})
    return out


def predictions(params: AcceleratorParams, fitted: Fitted | None) -> Iterator[str]:
    """Yield what is known about the hardware before it is built: what fits, and what streamed weights cost."""
    if fitted is not None:
        yield f"fit: {fitted}"
    if cost := stream_cost(params):
        yield str(cost)
