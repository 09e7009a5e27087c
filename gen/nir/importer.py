"""Import a NIR graph as a float network in discrete time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import nir
import numpy as np

from tospike.gen.emit.names import identifier
from tospike.gen.files.reading import reading
from tospike.gen.front_end import behind, stated_front_end
from tospike.gen.nir.delays import split_delays
from tospike.gen.nir.frameworks import CODING, GUESSED
from tospike.gen.nir.graph import Layer, SynapsePath, input_shape, layers, read_graph
from tospike.gen.nir.guesses import settle
from tospike.gen.nir.linear import Linear, add, as_dense
from tospike.gen.nir.neurons import membrane
from tospike.gen.nir.options import METADATA_KEY, NirOptions
from tospike.gen.nir.phases import in_phases
from tospike.gen.nir.relays import Block, joined, without_convolution
from tospike.gen.nir.synapses import Shape, fold, label
from tospike.hw.params import InputError, NeuronKind, Readout, require
from tospike.sim.network import Array, Network, SpikingNeuron, Stage


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
        A NIR file: layers of neurons from Input to Output, each with synapses from the layers before it, whose
        currents add up, or from itself. Synapses: Affine, Linear, Conv1d, Conv2d, Scale, SumPool2d, AvgPool2d, Flatten,
        in any order, and in chains Delay before them. Neurons: IF, LIF, CubaLIF, I, LI, CubaLI, Threshold. Graphs may
        be nested.
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
        summed = _summed(found[-1])
        network = replace(network, warnings=(*filter(None, (batched, summed)), *guesses))
        return behind(network, stated_front_end(graph.metadata))


def _summed(last: Layer) -> str:
    """Return a line on outputs that no neuron of the file collects."""
    if not last.is_implied:
        return ""
    return f"node {last.neuron[0]!r} has no neurons after it: its results are summed over the steps"


def _network(found: list[Layer], shape: Shape, options: NirOptions, name: str) -> Network:
    stages: list[Stage] = []
    start = found[0].paths[0].source
    shapes = {start: shape}
    blocks = [Block(source=start, shape=shape)]
    for index, layer in enumerate(found):
        later = {path.source for other in found[index + 1 :] for path in other.paths}
        require(
            start not in later,
            f"node {start!r} (Input) leads to several layers of neurons: only spikes of neurons can be passed on; put "
            "neurons behind it",
        )
        passed = [block for block in blocks if block.source in later]
        stage, own = _stage(layer, blocks, passed, shapes, options, position=index)
        stages.append(stage)
        shapes[layer.neuron[0]] = own
        blocks = [Block(source=layer.neuron[0], shape=own), *passed]
    if options.firing_steps is not None:
        chain = all(len(layer.paths) == 1 for layer in found)
        require(chain, "--firing-steps is for chains of layers: a layer here has several inputs")
        stages = in_phases(stages, options.firing_steps, options.steps)
    return Network(
        name=name,
        input=options.input_spec(math.prod(shape)),
        stages=tuple(stages),
        readout=_readout(stages[-1], options),
        decoding=options.decoding,
    )


def _stage(
    layer: Layer,
    blocks: Sequence[Block],
    passed: Sequence[Block],
    shapes: Mapping[str, Shape],
    options: NirOptions,
    *,
    position: int,
) -> tuple[Stage, Shape]:
    """Return the stage of a layer whose inputs are ``blocks``, of which it passes some on, and its neurons' shape."""
    name, node = label(layer.neuron), layer.neuron[1]
    is_chain = len(blocks) == len(layer.paths) == 1
    delays, paths = None, layer.paths
    if is_chain:
        delays, nodes = split_delays(paths[0].nodes, shapes[paths[0].source], options.dt)
        paths = (SynapsePath(source=paths[0].source, nodes=nodes),)
    own, shape = _maps(paths, shapes, name)
    neuron = SpikingNeuron(kind=NeuronKind.I)
    if not layer.is_implied:
        own_options = options.of(layer.neuron[0])
        neuron = membrane(node, name, shape, own_options, position=position, recurrent=bool(layer.recurrent))
    recurrent: Array | None = None
    if layer.recurrent:
        loop, _ = _maps(layer.recurrent, {layer.neuron[0]: shape}, name)
        (back,) = (as_dense(linear, name) for linear in loop.values())
        square = (math.prod(shape),) * 2
        require(back.weight.shape == square, f"the recurrence of {name} has weights of shape {back.weight.shape}")
        first = next(iter(own))
        own[first] = as_dense(own[first], name)
        own[first] = replace(own[first], bias=own[first].bias + back.bias)
        relays = sum(math.prod(block.shape) for block in passed)
        recurrent = np.pad(back.weight, ((0, relays), (0, relays)))
    if is_chain and not passed:
        (synapses,) = own.values()
    else:
        synapses, neuron = joined(blocks, own, passed, neuron, name)
    synapses = without_convolution(synapses, neuron, name)
    return Stage(name=layer.neuron[0], synapses=synapses, neuron=neuron, recurrent=recurrent, delays=delays), shape


def _maps(paths: Sequence[SynapsePath], shapes: Mapping[str, Shape], name: str) -> tuple[dict[str, Linear], Shape]:
    """Return the maps of paths by their source, and the shape of their results."""
    maps: dict[str, Linear] = {}
    shape: Shape = ()
    for path in paths:
        delayed = next((node for node in path.nodes if isinstance(node[1], nir.Delay)), None)
        if delayed is not None:
            raise InputError(
                f"{label(delayed)} is in a branch or a recurrence: delays are supported in chains of layers"
            )
        made, shape = fold(path.nodes, shapes[path.source], path.biased)
        maps[path.source] = add(maps[path.source], made, name) if path.source in maps else made
    return maps, shape


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
