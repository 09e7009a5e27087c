"""Import a NIR graph as a float network in discrete time."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import nir

from tospike.gen.emit.names import identifier
from tospike.gen.files.reading import reading
from tospike.gen.nir.delays import split_delays
from tospike.gen.nir.frameworks import CODING, GUESSED
from tospike.gen.nir.graph import Layer, input_shape, layers, read_graph
from tospike.gen.nir.guesses import settle
from tospike.gen.nir.neurons import membrane
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.nir.phases import in_phases
from tospike.gen.nir.synapses import Shape, dense_parts, fold, label
from tospike.hw.params import InputError, Readout, require
from tospike.sim.network import Array, Dense, Network, SpikingNeuron, Stage


def read_options(path: str | Path) -> NirOptions:
    """Return the options that a NIR file's metadata state under ``METADATA_KEY``, and the defaults of the others.

    Raises
    ------
    InputError
        The file is not a NIR graph, or states an option that does not exist.
    """
    file = Path(path)
    return _stated_options(file, read_graph(file))


def states_options(path: str | Path) -> bool:
    """Return whether a NIR file's metadata state options.

    Raises
    ------
    InputError
        The file is not a NIR graph.
    """
    return METADATA_KEY in read_graph(Path(path)).metadata


def _stated_options(file: Path, graph: nir.NIRGraph) -> NirOptions:
    with reading(file, "NIR graph", "export it again"):
        stated = graph.metadata.get(METADATA_KEY, {})
        options = NirOptions.from_description(stated if isinstance(stated, Mapping) else {METADATA_KEY: stated})
        # a file that states options relies on the defaults of the others: they are no guesses
        return options if METADATA_KEY in graph.metadata else replace(options, guessed=(*GUESSED[None], *CODING))


def settled_options(path: str | Path, options: NirOptions) -> NirOptions:
    """Return the options, settled from the file's neurons; see :mod:`tospike.gen.nir.guesses`.

    Raises
    ------
    InputError
        The file is not a NIR graph, or not a chain of layers.
    """
    file = Path(path)
    graph = read_graph(file)
    with reading(file, "NIR graph", "export it again"):
        return settle(layers(graph), options)[0]


def import_nir(path: str | Path, options: NirOptions | None = None, *, name: str | None = None) -> Network:
    """Import an SNN.

    Parameters
    ----------
    path
        A NIR file: Input, alternating synapses and neurons, Output, in the order of the edges. Synapses: Affine,
        Linear or Conv2d, with Delay, Flatten, Scale, SumPool2d and AvgPool2d before them. Neurons: IF, LIF, CubaLIF, I,
        LI, CubaLI, Threshold; their spikes may lead back to them through an Affine or Linear. Graphs may be nested.
    options
        What NIR leaves open; by default :func:`read_options` of the file.
    name
        Name of the network; by default derived from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.SpikingNeuron` stages.

    Raises
    ------
    InputError
        The file is not a NIR graph, or contains something unsupported; the message names the node.
    """
    file = Path(path)
    graph = read_graph(file)
    options = options or _stated_options(file, graph)
    with reading(file, "NIR graph", "export it again"):
        found = layers(graph)
        shape, batched = input_shape(graph, found[0].synapses)
        settled, guesses = settle(found, options)
        network = _network(found, shape, settled, name or identifier(file.stem))
        return replace(network, warnings=(*([batched] if batched else ()), *guesses))


def _network(found: list[Layer], shape: Shape, options: NirOptions, name: str) -> Network:
    stages: list[Stage] = []
    for layer in found:
        stage, shape = _stage(layer, shape, options)
        stages.append(stage)
    if options.firing_steps is not None:
        stages = in_phases(stages, options.firing_steps, options.steps)
    return Network(
        name=name,
        input=options.input_spec(stages[0].synapses.inputs),
        stages=tuple(stages),
        readout=_readout(stages[-1], options),
        decoding=options.decoding,
    )


def _stage(layer: Layer, shape: Shape, options: NirOptions) -> tuple[Stage, Shape]:
    delays, nodes = split_delays(layer.synapses, shape, options.dt)
    synapses, shape = fold(nodes, shape)
    recurrent: Array | None = None
    if layer.recurrent:
        (node,) = layer.recurrent
        recurrent, bias = dense_parts(node[1], label(node))
        square = (synapses.outputs, synapses.outputs)
        require(recurrent.shape == square, f"{label(node)} has weights of shape {recurrent.shape}, not {square}")
        if isinstance(synapses, Dense):
            synapses = Dense(weight=synapses.weight, bias=synapses.bias + bias)
        else:
            raise InputError(f"{label(node)} leads back to a layer of Conv2d synapses, which is not supported")
    name, node = layer.neuron
    neuron = membrane(node, label(layer.neuron), shape, options, recurrent=recurrent is not None)
    return Stage(name=name, synapses=synapses, neuron=neuron, recurrent=recurrent, delays=delays), shape


def _readout(last: Stage, options: NirOptions) -> Readout:
    assert isinstance(last.neuron, SpikingNeuron)
    spikes = last.neuron.kind.spikes
    if options.readout is None:
        return Readout.COUNT if spikes else Readout.MEMBRANE
    require(
        spikes or options.readout is Readout.MEMBRANE,
        f"node {last.name!r} does not spike: its readout is membrane, not {options.readout.value}",
    )
    return options.readout
