"""NIR to a float network in discrete time: chains of Affine or Linear and IF, LIF, I, LI."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from tospike.gen.onnx_import import identifier
from tospike.hw.params import Encoding, InputError, IntFormat, NeuronKind, Readout, Reset, require, require_range
from tospike.sim.network import Dense, InputSpec, Membrane, Network, Stage

NEURONS = {nir.IF: NeuronKind.IF, nir.LIF: NeuronKind.LIF, nir.I: NeuronKind.I, nir.LI: NeuronKind.LI}
SYNAPSES = (nir.Affine, nir.Linear)
SUPPORTED = "Input, Output, Flatten, Affine, Linear, IF, LIF, I and LI"
METADATA_KEY = "tospike"
"""Where the metadata of a NIR graph may state options; other tools pass them over."""
TOLERANCE = 1e-5
"""Relative spread below which a layer's parameters count as equal: they pass through float32."""


class Integration(StrEnum):
    """What an input does to the membranes of IF and I, whose NIR equation is v' = R I."""

    STEP = "step"
    """v <- v + R I: an input lasts one step whatever dt is, as Sinabs and snnTorch run these networks."""
    TIME = "time"
    """v <- v + R I dt: Euler's rule on NIR's equation, for a current that is meant per second."""


@dataclass(frozen=True, kw_only=True)
class NirOptions:
    """Every choice that NIR leaves open: its equations are continuous and hold no time step, reset or encoding.

    The neuron is v <- decay * v + gain * I, spike when v > threshold, then the reset, all in one step.
    """

    dt: float = 1e-4
    """Length of a step in seconds. LIF and LI become decay = 1 - dt / tau, gain = R dt / tau (Euler's rule). snnTorch
    exports for 1e-4, Norse runs 1e-3."""
    reset: Reset = Reset.ZERO
    """What a spike does, in the same step. Exporters write v_reset = 0 for subtraction too, so the file cannot tell."""
    integration: Integration = Integration.STEP
    """How IF and I take their input."""
    encoding: Encoding | None = Encoding.DIRECT
    """How values become time steps; ``None``: the data are spike trains already."""
    steps: int = 8
    """Time steps per sample."""
    input_bits: int = 4
    """Rate encoding only: unsigned bits of a value."""
    input_max: float = 1.0
    """Rate encoding only: the value that becomes the largest integer."""
    readout: Readout | None = None
    """``None``: the spike count of a last IF or LIF, the membrane of a last I or LI."""

    def __post_init__(self) -> None:
        require(0 < self.dt < float("inf"), f"dt must be a positive number of seconds, not {self.dt}")
        require_range("steps", self.steps, 1, 1 << 12)
        require(
            self.encoding is not None or self.steps > 1,
            "data that are spike trains need at least 2 steps: give --steps",
        )
        require_range("input-bits", self.input_bits, 1, 8)
        require(0 < self.input_max < float("inf"), f"input-max must be a positive number, not {self.input_max}")

    def input_spec(self, inputs: int) -> InputSpec:
        """The input of a network with ``inputs`` values per sample or step."""
        if self.encoding is not Encoding.RATE:
            return InputSpec(inputs=inputs, steps=self.steps, encoding=self.encoding)
        fmt = IntFormat(bits=self.input_bits, signed=False)
        scale = self.input_max / fmt.max
        return InputSpec(inputs=inputs, steps=self.steps, encoding=self.encoding, format=fmt, scale=scale)

    def describe(self) -> dict[str, str | int | float]:
        """Every option by its name, for JSON and for the metadata of a NIR file; ``None`` becomes "none"."""
        return {
            key: "none" if value is None else value.value if isinstance(value, StrEnum) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_description(cls, description: Mapping[str, object]) -> "NirOptions":
        """The options that :meth:`describe` gave; what is not there keeps its default.

        Raises
        ------
        InputError
            An unknown option, or a value that it cannot have.
        """
        # How each option is made from what JSON or HDF5 gave.
        known: dict[str, Callable[[Any], object]] = {option.name: type(option.default) for option in fields(cls)}
        known |= {"encoding": Encoding, "readout": Readout}
        values: dict[str, object] = {}
        for key, value in description.items():
            require(key in known, f"unknown NIR option {key!r}: there are {', '.join(sorted(known))}")
            optional = key in ("encoding", "readout")
            try:
                values[key] = None if optional and value == "none" else known[key](value)
            except (ValueError, TypeError) as error:
                raise InputError(f"NIR option {key} cannot be {value!r}") from error
        return cls(**values)  # type: ignore[arg-type]


def read_options(path: str | Path) -> NirOptions:
    """The options that a NIR file's own metadata state under ``METADATA_KEY``; the defaults for the others.

    Raises
    ------
    InputError
        The file is no NIR, or states an option that does not exist.
    """
    file = Path(path)
    return _stated_options(file, _read(file))


def _stated_options(file: Path, graph: nir.NIRGraph) -> NirOptions:
    stated = graph.metadata.get(METADATA_KEY, {})
    try:
        return NirOptions.from_description(stated if isinstance(stated, Mapping) else {METADATA_KEY: stated})
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def import_nir(path: str | Path, options: NirOptions | None = None, *, name: str | None = None) -> Network:
    """Import a dense SNN.

    Parameters
    ----------
    path
        A NIR file: Input, then pairs of synapses (Affine, Linear) and neurons (IF, LIF, I, LI), then Output; Flatten
        anywhere. The order is that of the edges. A layer's neurons have equal parameters; v_leak and v_reset are 0.
    options
        What NIR leaves open; :func:`read_options` of the file if not given.
    name
        Name of the network; by default made from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.Membrane` stages.

    Raises
    ------
    InputError
        The file is no NIR, or holds something else; the message names the node.
    """
    file = Path(path)
    graph = _read(file)
    options = options or _stated_options(file, graph)
    try:
        return _network(_chain(graph), options, name or identifier(file.stem))
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _read(path: Path) -> nir.NIRGraph:
    try:
        # Types are checked below, with the node's name: exporters write scalars where NIR wants one value per neuron.
        graph = nir.read(path, type_check=False)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, AssertionError, RuntimeError) as error:
        detail = str(error).strip().splitlines()
        raise InputError(
            f"{path} is no readable NIR graph ({detail[0] if detail else type(error).__name__}): export it again"
        ) from error
    require(
        isinstance(graph, nir.NIRGraph), f"{path} holds a single {type(graph).__name__}, not a graph: export it again"
    )
    return graph


def _chain(graph: nir.NIRGraph) -> list[tuple[str, nir.NIRNode]]:
    """The graph's nodes from Input to Output, in the order of the edges."""
    known = (nir.Input, nir.Output, nir.Flatten, *SYNAPSES, *NEURONS)
    for key, node in graph.nodes.items():
        kind = type(node).__name__
        require(
            isinstance(node, known), f"node {key!r} is a {kind}, which this version does not support: use {SUPPORTED}"
        )
    for kind in (nir.Input, nir.Output):
        count = sum(isinstance(node, kind) for node in graph.nodes.values())
        require(count == 1, f"the graph has {count} {kind.__name__} nodes: it needs exactly one")
    for key in graph.nodes:
        for side, what in ((0, "outgoing"), (1, "incoming")):
            count = sum(edge[side] == key for edge in graph.edges)
            require(
                count <= 1,
                f"node {key!r} has {count} {what} connections: this version supports no recurrence and no branches",
            )
    following = dict(graph.edges)
    key = next(key for key, node in graph.nodes.items() if isinstance(node, nir.Input))
    require(key not in following.values(), f"node {key!r} is the Input, but an edge leads to it")
    chain = [(key, graph.nodes[key])]
    while key in following:
        key = following[key]
        require(key in graph.nodes, f"an edge leads to {key!r}, which is no node")
        chain.append((key, graph.nodes[key]))
    reached = {key for key, _ in chain}
    left = sorted(graph.nodes.keys() - reached)
    require(not left, f"nodes {', '.join(map(repr, left))} are not connected to the input: remove them or connect them")
    require(isinstance(chain[-1][1], nir.Output), f"node {chain[-1][0]!r} leads nowhere: connect it to the Output")
    return chain


def _network(chain: list[tuple[str, nir.NIRNode]], options: NirOptions, name: str) -> Network:
    shape = tuple(int(size) for size in np.ravel(chain[0][1].input_type["input"]))
    require(len(shape) >= 1 and min(shape) >= 1, f"node {chain[0][0]!r} (Input) has shape {shape}")
    inputs = int(np.prod(shape))
    stages: list[Stage] = []
    synapses: tuple[str, Dense] | None = None
    for key, node in chain[1:]:
        label = f"node {key!r} ({type(node).__name__})"
        if isinstance(node, nir.Flatten):
            shape = (int(np.prod(shape)),)
        elif isinstance(node, SYNAPSES):
            require(synapses is None, f"{label} follows another without a neuron between them: merge the two")
            require(len(shape) == 1, f"{label} gets samples of shape {shape}: put a Flatten before it")
            synapses = key, _dense(node, label)
            require(synapses[1].inputs == shape[0], f"{label} takes {synapses[1].inputs} values but gets {shape[0]}")
            shape = (synapses[1].outputs,)
        elif isinstance(node, tuple(NEURONS)):
            if synapses is None:
                raise InputError(f"{label} has no Affine or Linear before it: insert one (the identity, if you like)")
            stages.append(Stage(name=key, synapses=synapses[1], neuron=_neuron(node, label, shape[0], options)))
            synapses = None
    if synapses is not None:
        raise InputError(
            f"node {synapses[0]!r} has no neuron behind it: end in I or LI (membrane), or IF or LIF (spikes)"
        )
    require(len(stages) >= 1, "the graph has no neurons: nothing to compute")
    return Network(
        name=name, input=options.input_spec(inputs), stages=tuple(stages), readout=_readout(stages[-1], options)
    )


def _readout(last: Stage, options: NirOptions) -> Readout:
    assert isinstance(last.neuron, Membrane)
    spikes = last.neuron.kind.spikes
    if options.readout is None:
        return Readout.COUNT if spikes else Readout.MEMBRANE
    require(
        spikes or options.readout is Readout.MEMBRANE,
        f"node {last.name!r} does not spike: its readout is membrane, not {options.readout.value}",
    )
    return options.readout


def _dense(node: nir.Affine | nir.Linear, label: str) -> Dense:
    weight = _floats(node, "weight", label)
    require(weight.ndim == 2 and weight.size >= 1, f"{label} has weights of shape {weight.shape}, not 2 dimensions")
    bias = _floats(node, "bias", label) if isinstance(node, nir.Affine) else np.zeros(len(weight))
    require(bias.shape == weight.shape[:1], f"{label} has a bias of shape {bias.shape} for {len(weight)} neurons")
    return Dense(weight=weight, bias=bias)


def _floats(node: nir.NIRNode, name: str, label: str) -> NDArray[np.float64]:
    values = np.asarray(getattr(node, name))
    require(values.dtype.kind in "iuf", f"{label}: {name} is {values.dtype}, not real numbers")
    require(bool(np.isfinite(values).all()), f"{label}: {name} holds NaN or infinity: train or export it again")
    return values.astype(np.float64)


def _parameter(node: nir.NIRNode, name: str, label: str, neurons: int) -> float:
    """The one value that a parameter has for all neurons of a layer."""
    values = _floats(node, name, label).ravel()
    require(values.size in (1, neurons), f"{label}: {name} has {values.size} values for {neurons} neurons")
    require(
        float(np.ptp(values)) <= TOLERANCE * float(np.abs(values).max()),
        f"{label}: {name} differs between neurons ({values.min():g} to {values.max():g}), which this version does not "
        "support: train it with one value per layer",
    )
    return float(values[0])


def _neuron(node: nir.NIRNode, label: str, neurons: int, options: NirOptions) -> Membrane:
    kind = NEURONS[type(node)]
    r = _parameter(node, "r", label, neurons)
    require(r > 0, f"{label}: r must be positive, not {r:g}")
    for name in ("v_leak", "v_reset"):
        value = _parameter(node, name, label, neurons) if hasattr(node, name) else 0.0
        require(value == 0, f"{label}: {name} is {value:g}, and this version supports 0 only: shift the potentials")
    threshold = _parameter(node, "v_threshold", label, neurons) if kind.spikes else 1.0
    require(threshold > 0, f"{label}: v_threshold must be positive, not {threshold:g}")
    if not kind.leaks:
        gain = r if options.integration is Integration.STEP else r * options.dt
        return Membrane(kind=kind, gain=gain, threshold=threshold, reset=options.reset)
    tau = _parameter(node, "tau", label, neurons)
    require(tau > 0, f"{label}: tau must be positive, not {tau:g}")
    fraction = options.dt / tau
    require(
        fraction <= 1 + TOLERANCE,
        f"{label}: dt {options.dt:g} s is longer than tau {tau:g} s: give the dt that the network was trained with",
    )
    return Membrane(
        kind=kind, decay=max(0.0, 1 - fraction), gain=r * fraction, threshold=threshold, reset=options.reset
    )
