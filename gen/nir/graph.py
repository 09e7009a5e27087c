"""Split a NIR graph into layers: paths of synapses from neurons to neurons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nir
import numpy as np

from tospike.gen.data.hdf5 import check_hdf5
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require

NEURONS = (nir.IF, nir.LIF, nir.I, nir.LI, nir.CubaLIF, nir.CubaLI, nir.Threshold)
SYNAPSES = (nir.Affine, nir.Linear, nir.Conv2d, nir.Scale, nir.SumPool2d, nir.AvgPool2d, nir.Flatten, nir.Delay)
INSTEAD = {
    nir.Conv1d: "write it as a Conv2d of height 1",
}
"""Remedies for unsupported nodes."""

Node = tuple[str, nir.NIRNode]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Neurons and the synapses that lead to them."""

    neuron: Node
    synapses: tuple[Node, ...]
    """From the previous neurons, or the input."""
    recurrent: tuple[Node, ...] | None = None
    """From the neurons themselves; ``None`` if there are none."""


def read_graph(path: Path) -> nir.NIRGraph:
    """Return the graph in a file.

    Raises
    ------
    InputError
        The file has no graph.
    """
    with reading(path, "NIR graph", "export it again"):
        check_hdf5(path)
        # the importer checks types, with the node's name: exporters write scalars where NIR wants a value per neuron
        graph = nir.read(path, type_check=False)
    require(
        isinstance(graph, nir.NIRGraph), f"{path} holds a single {type(graph).__name__}, not a graph: export it again"
    )
    return graph


def input_shape(graph: nir.NIRGraph, first: Sequence[Node]) -> tuple[tuple[int, ...], str]:
    """Return the shape of a sample, or of one of its steps, and a line on what was guessed about it, if anything.

    An exporter that traces a batch of samples, or all steps of a sample, leaves their number in the shape:
    (1, values), or (steps, channels, height, width). The nodes ``first`` after the Input show such extra dimensions.

    Raises
    ------
    InputError
        The file states no shape.
    """
    name, node = next((name, node) for name, node in graph.nodes.items() if isinstance(node, nir.Input))
    stated = (getattr(node, "input_type", None) or {}).get("input")
    sizes = np.atleast_1d(np.asarray(stated, dtype=object)).ravel().tolist()
    whole = all(isinstance(size, int | float | np.number) and size >= 1 and size == int(size) for size in sizes)
    require(
        len(sizes) >= 1 and whole,
        f"node {name!r} (Input) must have a shape of positive whole numbers, not {stated}: give it the shape of one "
        "step of a sample",
    )
    shape = tuple(int(size) for size in sizes)
    extra = _extra_dimensions(shape, first)
    if not extra:
        return shape, ""
    what = "a batch of one" if set(shape[:extra]) == {1} else "several samples or steps"
    return shape[extra:], f"node {name!r} (Input) has shape {shape}, read as {what}: a step has shape {shape[extra:]}"


def _extra_dimensions(shape: tuple[int, ...], first: Sequence[Node]) -> int:
    """Return how many leading dimensions are not part of a step of a sample."""
    reader = next((node for _, node in first if not isinstance(node, nir.Scale | nir.Delay)), None)
    if isinstance(reader, nir.Affine | nir.Linear) and np.shape(reader.weight)[1:] == shape[-1:]:
        return len(shape) - 1
    if isinstance(reader, nir.Conv2d | nir.SumPool2d | nir.AvgPool2d):
        return max(0, len(shape) - 3)
    return int(len(shape) in (2, 4) and shape[0] == 1)


def layers(graph: nir.NIRGraph) -> list[Layer]:
    """Return the layers from Input to Output, in the order of the edges; nested graphs are flattened.

    Raises
    ------
    InputError
        There is an unsupported node, a branch, a cycle other than a recurrence, or an unreachable node.
    """
    return _FlatGraph(*_flat(graph)).layers()


def _flat(graph: nir.NIRGraph) -> tuple[dict[str, nir.NIRNode], set[tuple[str, str]]]:
    """Return the nodes and edges without nested graphs: node x of graph g becomes g.x; its Input and Output vanish."""
    nodes: dict[str, nir.NIRNode] = {}
    edges = {(str(source), str(target)) for source, target in graph.edges}
    for name, node in graph.nodes.items():
        if not isinstance(node, nir.NIRGraph):
            nodes[name] = node
            continue
        inner, links = _flat(node)
        ends = {kind: [key for key in inner if isinstance(inner[key], kind)] for kind in (nir.Input, nir.Output)}
        for kind, keys in ends.items():
            require(len(keys) == 1, f"node {name!r} is a graph with {len(keys)} {kind.__name__} nodes: it needs one")
        entry, leave = ends[nir.Input][0], ends[nir.Output][0]
        nodes |= {f"{name}.{key}": value for key, value in inner.items() if key not in (entry, leave)}
        entered = {target for source, target in links if source == entry}
        left = {source for source, target in links if target == leave}
        inside = {(f"{name}.{s}", f"{name}.{t}") for s, t in links if s != entry and t != leave}
        before = {(s, f"{name}.{t}") for s, into in edges if into == name for t in entered}
        after = {(f"{name}.{s}", t) for out, t in edges if out == name for s in left}
        # a graph may have an edge to itself: its outputs then lead to its inputs
        around = {(f"{name}.{s}", f"{name}.{t}") for s in left for t in entered if (name, name) in edges}
        edges = {edge for edge in edges | before | after | around | inside if name not in edge}
    return nodes, edges


class _FlatGraph:
    """A graph without nested graphs, as layers."""

    def __init__(self, nodes: dict[str, nir.NIRNode], edges: set[tuple[str, str]]):
        self.nodes = nodes
        for name, node in nodes.items():
            self._check_kind(name, node)
        for source, target in sorted(edges):
            for end in (source, target):
                require(end in nodes, f"an edge leads from {source!r} to {target!r}, but {end!r} is not a node")
        self.after = {name: sorted(t for s, t in edges if s == name) for name in nodes}
        self.before = {name: sorted(s for s, t in edges if t == name) for name in nodes}
        self.start, self.end = (self._only(kind) for kind in (nir.Input, nir.Output))

    @staticmethod
    def _check_kind(name: str, node: nir.NIRNode) -> None:
        known = isinstance(node, (nir.Input, nir.Output, *SYNAPSES, *NEURONS))
        supported = ", ".join(kind.__name__ for kind in (*SYNAPSES, *NEURONS))
        instead = INSTEAD.get(type(node), f"use {supported}")
        require(known, f"node {name!r} is a {type(node).__name__}, which is not supported: {instead}")

    def _only(self, kind: type[nir.NIRNode]) -> str:
        found = [name for name, node in self.nodes.items() if isinstance(node, kind)]
        require(len(found) == 1, f"the graph has {len(found)} {kind.__name__} nodes: it needs exactly one")
        return found[0]

    def layers(self) -> list[Layer]:
        """Return every layer, from the input on."""
        require(not self.before[self.start], f"node {self.start!r} is the Input, but an edge leads to it")
        require(not self.after[self.end], f"node {self.end!r} is the Output, but an edge leads away from it")
        self._check_incoming()
        result: list[Layer] = []
        source, reached = self.start, {self.start, self.end}
        while True:
            paths = [self._path(source, target) for target in self.after[source]]
            recurrent = [path for path, end in paths if end == source]
            onward = [(path, end) for path, end in paths if end != source]
            if result and recurrent:
                result[-1] = Layer(neuron=result[-1].neuron, synapses=result[-1].synapses, recurrent=recurrent[0])
            reached |= {name for path, _ in paths for name, _ in path}
            for _, end in onward:
                require(
                    end == self.end or end not in reached,
                    f"the cycle through {end!r} and {source!r} is not a recurrence: only a neuron's own spikes may "
                    "lead back to it, through one Affine or Linear",
                )
            require(len(onward) >= 1, f"node {source!r} leads nowhere: connect it to the Output")
            require(
                len(onward) == 1,
                f"node {source!r} has {len(onward)} outgoing connections besides a recurrence: branches are not "
                "supported in spiking networks",
            )
            path, end = onward[0]
            if end == self.end:
                break
            result.append(Layer(neuron=(end, self.nodes[end]), synapses=path))
            reached.add(end)
            source = end
        lost = sorted(self.nodes.keys() - reached)
        require(
            not lost, f"nodes {', '.join(map(repr, lost))} are not connected to the input: remove them or connect them"
        )
        if path:
            raise InputError(
                f"node {path[-1][0]!r} has no neuron after it: end in I or LI (membrane), or IF or LIF (spikes)"
            )
        require(len(result) >= 1, "the graph has no neurons: nothing to compute")
        return result

    def _check_incoming(self) -> None:
        for name, node in self.nodes.items():
            sources = self.before[name]
            most = 2 if isinstance(node, NEURONS) else 1
            require(
                len(sources) <= most,
                f"node {name!r} ({type(node).__name__}) has {len(sources)} incoming connections, from "
                f"{', '.join(map(repr, sources))}: only a neuron may have a second one, its recurrence",
            )

    def _path(self, source: str, name: str) -> tuple[tuple[Node, ...], str]:
        """Return the synapses from ``source`` on, ``name`` first, and the neuron or Output that they lead to."""
        path: list[Node] = []
        while isinstance(self.nodes[name], SYNAPSES):
            require(name not in [key for key, _ in path], f"the cycle through {name!r} contains no neuron")
            path.append((name, self.nodes[name]))
            following = self.after[name]
            require(len(following) >= 1, f"node {name!r} leads nowhere: connect it to the Output")
            require(
                len(following) == 1,
                f"node {name!r} has {len(following)} outgoing connections: branches are not supported in SNNs",
            )
            name = following[0]
        if name == source:
            self._check_recurrence(source, path)
        return tuple(path), name

    def _check_recurrence(self, neuron: str, path: list[Node]) -> None:
        names = ", ".join(repr(name) for name, _ in path) or "an edge alone"
        require(
            len(path) == 1 and isinstance(path[0][1], nir.Affine | nir.Linear),
            f"the recurrence of node {neuron!r} goes through {names}: it needs exactly one Affine or Linear",
        )
