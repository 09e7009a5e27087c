"""Split a NIR graph into layers: paths of synapses from neurons to neurons."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np

from tospike.gen.data.hdf5 import check_hdf5
from tospike.gen.files.reading import reading
from tospike.hw.params import InputError, require

NEURONS = (nir.IF, nir.LIF, nir.I, nir.LI, nir.CubaLIF, nir.CubaLI, nir.Threshold)
SYNAPSES = (
    *(nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d, nir.Scale, nir.SumPool2d, nir.AvgPool2d, nir.Flatten),
    nir.Delay,
)
MOST_PATHS = 64
"""Most paths that lead to neurons."""

Node = tuple[str, nir.NIRNode]


@dataclass(frozen=True, kw_only=True)
class SynapsePath:
    """Synapses in a row, from the neurons ``source``, or the Input."""

    source: str
    nodes: tuple[Node, ...]
    biased: tuple[bool, ...] = ()
    """Whether the bias of each node counts: it counts once for paths that end alike."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Neurons and the synapses that lead to them."""

    neuron: Node
    paths: tuple[SynapsePath, ...]
    """From other neurons, or the input, whose currents add up."""
    recurrent: tuple[SynapsePath, ...] = ()
    """From the neurons themselves."""
    is_implied: bool = False
    """Whether the file has no neurons there: what leads to its Output is summed over the steps."""

    @property
    def synapses(self) -> tuple[Node, ...]:
        """The nodes of its first path."""
        return self.paths[0].nodes


def read_graph(path: Path) -> nir.NIRGraph:
    """Return the graph in a file.

    Raises
    ------
    InputError
        The file has no graph.
    """
    with reading(path, "NIR graph", "export it again"):
        check_hdf5(path)
        with h5py.File(path, "r") as file:
            graph = nir.dict2NIRNode(_unchecked(nir.serialization.hdf2dict(file["node"])))
    require(
        isinstance(graph, nir.NIRGraph), f"{path} holds a single {type(graph).__name__}, not a graph: export it again"
    )
    return graph


def _unchecked(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a node, with no check of types in any graph: `nir.read` leaves that of nested ones.

    The importer checks types, with the node's name: exporters write scalars where NIR wants a value per neuron.
    """
    if description.get("type") != "NIRGraph":
        return description
    nodes = {name: _unchecked(node) for name, node in description["nodes"].items()}
    return {**description, "nodes": nodes, "type_check": False}


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
    if isinstance(reader, nir.Conv1d):
        return max(0, len(shape) - 2)
    return int(len(shape) in (2, 4) and shape[0] == 1)


def layers(graph: nir.NIRGraph) -> list[Layer]:
    """Return the layers, each after those that lead to it; nested graphs are flattened.

    Raises
    ------
    InputError
        There is an unsupported node, a cycle other than a recurrence, or an unreachable node.
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
        require(known, f"node {name!r} is a {type(node).__name__}, which is not supported: use {supported}")

    def _only(self, kind: type[nir.NIRNode]) -> str:
        found = [name for name, node in self.nodes.items() if isinstance(node, kind)]
        require(len(found) == 1, f"the graph has {len(found)} {kind.__name__} nodes: it needs exactly one")
        return found[0]

    def layers(self) -> list[Layer]:
        """Return every layer, from the input on."""
        require(not self.before[self.start], f"node {self.start!r} is the Input, but an edge leads to it")
        require(not self.after[self.end], f"node {self.end!r} is the Output, but an edge leads away from it")
        self._check_connected()
        neurons = [name for name, node in self.nodes.items() if isinstance(node, NEURONS)]
        found = {name: self._paths(name) for name in [*neurons, self.end]}
        made: list[Layer] = []
        for name in self._ordered(found):
            onward = tuple(path for path in found[name] if path.source != name)
            recurrent = tuple(path for path in found[name] if path.source == name)
            made.append(Layer(neuron=(name, self.nodes[name]), paths=onward, recurrent=recurrent))
        last = found[self.end]
        sources = {path.source for path in last}
        require(
            bool(made or any(path.nodes for path in last)),
            "the graph has no neurons: nothing to compute",
        )
        plain = len(last) == 1 and all(isinstance(node, nir.Flatten) for _, node in last[0].nodes)
        if not plain:  # the sums over all steps of what leads to the Output
            node = next((path.nodes[-1] for path in last if path.nodes), (self.end, self.nodes[self.end]))
            made.append(Layer(neuron=(node[0], nir.I(r=np.ones(1))), paths=last, is_implied=True))
        elif made:
            require(
                sources == {made[-1].neuron[0]},
                f"node {made[-1].neuron[0]!r} leads nowhere: connect it to the Output",
            )
        return made

    def _ordered(self, found: dict[str, tuple[SynapsePath, ...]]) -> list[str]:
        """Return the neurons such that each follows those that lead to it, apart from its own recurrence."""
        order: list[str] = []
        left = [name for name in found if name != self.end]
        while left:
            ready = [name for name in left if all(path.source in (self.start, name, *order) for path in found[name])]
            if not ready:
                other = next(path.source for path in found[left[0]] if path.source in left and path.source != left[0])
                raise InputError(
                    f"the cycle through {left[0]!r} and {other!r} is not a recurrence: only a neuron's own spikes may "
                    "lead back to it"
                )
            order.append(ready[0])
            left.remove(ready[0])
        return order

    def _check_connected(self) -> None:
        """Refuse nodes that the input does not reach, or that do not reach the output."""
        lost = sorted(self.nodes.keys() - self._reached(self.start, self.after) - {self.end})
        names = ", ".join(map(repr, lost))
        require(not lost, f"nodes {names} are not connected to the input: remove them or connect them")
        lost = sorted(self.nodes.keys() - self._reached(self.end, self.before))
        last = next((name for name in lost if not self.after[name]), lost[0] if lost else "")
        require(not lost, f"node {last!r} leads nowhere: connect it to the Output")

    @staticmethod
    def _reached(begin: str, following: dict[str, list[str]]) -> set[str]:
        reached, left = {begin}, [begin]
        while left:
            new = set(following[left.pop()]) - reached
            reached |= new
            left += new
        return reached

    def _paths(self, target: str) -> tuple[SynapsePath, ...]:
        """Return the paths of synapses from neurons, or the Input, to a neuron or the Output.

        Paths that end alike share those nodes: the biases are those of the first one's.
        """
        found: list[SynapsePath] = []
        counted: set[tuple[str, ...]] = set()
        pending: list[tuple[str, ...]] = [(source,) for source in reversed(self.before[target])]
        while pending:
            names = pending.pop()
            first = names[0]
            if not isinstance(self.nodes[first], SYNAPSES):
                ends = [names[at:] for at in range(1, len(names))]
                biased = tuple(end not in counted for end in ends)
                counted |= set(ends)
                nodes = tuple((name, self.nodes[name]) for name in names[1:])
                found.append(SynapsePath(source=first, nodes=nodes, biased=biased))
                require(len(found) <= MOST_PATHS, f"more than {MOST_PATHS} paths lead to node {target!r}")
                continue
            for source in reversed(self.before[first]):
                require(source not in names, f"the cycle through {source!r} contains no neuron")
                pending.append((source, *names))
        return tuple(found)
