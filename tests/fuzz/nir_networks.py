"""Random SNNs as NIR graphs, and what each computes by a simulator of its own, written from NIR's equations.

Neither the generator nor the simulator shares code with tospike: a mistake would have to be made twice to pass.
"""

from dataclasses import dataclass

import nir
import numpy as np

DT = 1e-3
SAMPLES, STEPS = 24, 10


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What NIR leaves open, by the names that the command line has."""

    decay: str = "euler"
    reset: str = "zero"
    reset_timing: str = "same"
    comparison: str = "above"
    spike_bits: int = 1
    refractory: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A network, its rules, and (SAMPLES, STEPS, values) spikes for it."""

    graph: nir.NIRGraph
    rules: Rules
    x: np.ndarray


def random_nir(seed: int) -> Case:
    """A random network."""
    rng = np.random.default_rng(seed)
    rules = _random_rules(rng)
    is_image = rng.random() < 0.4
    shape = (
        (int(rng.integers(1, 3)), *(2 * int(n) for n in rng.integers(2, 5, 2)))
        if is_image
        else (int(rng.integers(1, 16)),)
    )
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input(input_type={"input": np.array(shape)})}
    edges: list[tuple[str, str]] = []
    last = "input"

    def put(name: str, node: nir.NIRNode) -> None:
        nonlocal last
        nodes[name] = node
        edges.append((last, name))
        last = name

    inputs, layers = int(np.prod(shape)), int(rng.integers(1, 4))
    spiking = rng.random() < 0.5
    for number in range(layers):
        images = len(shape) == 3 and (number == 0 or rng.random() < 0.5)
        if images:
            if rng.random() < 0.4 and shape[1] % 2 == shape[2] % 2 == 0:
                pool = nir.SumPool2d if rng.random() < 0.5 else nir.AvgPool2d
                two = np.array([2, 2])
                put(f"pool{number}", pool(kernel_size=two, stride=two, padding=np.array([0, 0])))
                shape = (shape[0], shape[1] // 2, shape[2] // 2)
            shape = _convolution(rng, shape, put, number)
        else:
            if len(shape) == 3:
                size = np.array(shape)
                put(f"flat{number}", nir.Flatten(input_type={"input": size}, start_dim=0, end_dim=-1))
            values = int(np.prod(shape))
            shape = (int(rng.integers(1, 14)),)
            weight = rng.normal(size=(shape[0], values), scale=2 / values**0.5)
            bias = rng.normal(size=shape[0], scale=0.1)
            put(
                f"fc{number}", nir.Affine(weight=weight, bias=bias) if rng.random() < 0.6 else nir.Linear(weight=weight)
            )
        one_value = images or rng.random() < 0.5
        is_last = number == layers - 1
        put(f"n{number}", _neuron(rng, shape, rules, spikes=not is_last or spiking, one_value=one_value))
        if not images and nodes[last].__class__ not in (nir.I, nir.LI, nir.CubaLI) and rng.random() < 0.3:
            nodes[f"own{number}"] = nir.Linear(weight=rng.normal(size=(shape[0], shape[0]), scale=shape[0] ** -0.5))
            edges += [(last, f"own{number}"), (f"own{number}", last)]
    put("output", nir.Output(output_type={"output": np.array(shape)}))
    x = (rng.random((SAMPLES, STEPS, inputs)) < rng.choice([0.1, 0.3, 0.7])).astype(np.float32)
    return Case(graph=nir.NIRGraph(nodes=nodes, edges=edges, type_check=False), rules=rules, x=x)


def _random_rules(rng: np.random.Generator) -> Rules:
    reset = str(rng.choice(["zero", "subtract", "value"]))
    spike_bits = int(rng.integers(1, 4)) if rng.random() < 0.3 else 1
    timings = ["same", "same", "next"] + (["snntorch"] if reset == "subtract" and spike_bits == 1 else [])
    timing = str(rng.choice(timings))
    rests = reset != "subtract" and timing == "same" and rng.random() < 0.4
    return Rules(
        decay=str(rng.choice(["euler", "exponential"])),
        reset=reset,
        reset_timing=timing,
        comparison=str(rng.choice(["above", "at-least"])),
        spike_bits=spike_bits,
        refractory=int(rng.choice([1, 2, 7, 9])) if rests else 0,
    )


def _convolution(rng, shape, put, number):
    channels, outputs = shape[0], int(rng.integers(1, 5))
    depthwise = channels > 1 and rng.random() < 0.3
    outputs, inner = (channels, 1) if depthwise else (outputs, channels)
    kernel = [int(rng.integers(1, min(4, length + 1))) for length in shape[1:]]
    stride = np.array([int(s) for s in rng.integers(1, 3, 2)])
    padding = np.array([int(rng.integers(0, k)) for k in kernel])
    node = nir.Conv2d(
        input_shape=tuple(shape[1:]),
        weight=rng.normal(size=(outputs, inner, *kernel), scale=2 / (inner * kernel[0] * kernel[1]) ** 0.5),
        stride=stride,
        padding=padding,
        dilation=np.array([1, 1]),
        groups=channels if depthwise else 1,
        bias=rng.normal(size=outputs, scale=0.1),
    )
    put(f"conv{number}", node)
    sizes = [(shape[1 + a] + 2 * int(padding[a]) - kernel[a]) // int(stride[a]) + 1 for a in range(2)]
    return (outputs, *sizes)


def _neuron(rng, shape, rules: Rules, *, spikes: bool, one_value: bool) -> nir.NIRNode:
    def some(low: float, high: float) -> np.ndarray:
        return np.full(shape, rng.uniform(low, high)) if one_value else rng.uniform(low, high, shape)

    kind = rng.choice(["if", "lif", "cuba"])
    threshold = some(0.5, 1.5)
    reset = (
        {"v_threshold": threshold, "v_reset": (0.2 if rules.reset == "value" else 0.0) * threshold} if spikes else {}
    )
    if kind == "if":
        r = some(0.5, 1.5)
        return nir.IF(r=r, **reset) if spikes else nir.I(r=r)
    tau = some(2 * DT, 20 * DT)
    if kind == "lif":
        leak = 0.2 * np.asarray(threshold)  # a leak potential: as much of each threshold
        return (nir.LIF if spikes else nir.LI)(tau=tau, r=tau / DT, v_leak=leak if spikes else some(-0.2, 0.2), **reset)
    return (nir.CubaLIF if spikes else nir.CubaLI)(
        tau_mem=tau,
        tau_syn=some(2 * DT, 6 * DT),
        r=some(0.8, 1.2) * tau / DT,
        v_leak=0.01 * (threshold if spikes else 1.0) * tau / DT,  # in every step as much of each threshold
        w_in=some(0.8, 1.5),
        **reset,
    )


# -------------------------------------------------------------------------------------------------- simulator


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """What a network did."""

    spikes: dict[str, np.ndarray]
    """(SAMPLES, STEPS, neurons) of each neuron node, zeros of those without a threshold."""
    membrane: np.ndarray
    """(SAMPLES, neurons) of the last one, after the last step."""
    nearest: float
    """How near a membrane came to a threshold without being told apart from it for sure, relative to it."""


def simulate(case: Case) -> Run:
    """The network in discrete time, node by node and step by step."""
    graph, rules = case.graph, case.rules
    own = {n: f"own{n[1:]}" for n in graph.nodes if n[0] == "n" and f"own{n[1:]}" in graph.nodes}
    order, at = ["input"], "input"
    while at != "output":
        (at,) = [t for s, t in graph.edges if s == at and not t.startswith("own")]
        order.append(at)
    shape = tuple(graph.nodes["input"].input_type["input"])
    states = {n: _Neuron(graph.nodes[n], rules) for n in order if n.startswith("n")}
    spikes = {n: [] for n in states}
    for step in range(case.x.shape[1]):
        value = case.x[:, step].reshape(-1, *shape).astype(np.float64)
        for name in order[1:-1]:
            node = graph.nodes[name]
            if name in states:
                fed_back = 0.0
                if name in own and step:
                    fed_back = (spikes[name][-1] @ graph.nodes[own[name]].weight.T).reshape(value.shape)
                value = states[name].step(value + fed_back)
                spikes[name].append(value.reshape(len(value), -1))
            else:
                value = _synapse(node, value)
    last = states[order[-2]]
    return Run(
        spikes={n: np.stack(train, axis=1) for n, train in spikes.items()},
        membrane=last.v.reshape(len(last.v), -1),
        nearest=min(state.nearest for state in states.values()),
    )


def _synapse(node: nir.NIRNode, value: np.ndarray) -> np.ndarray:
    if isinstance(node, nir.Flatten):
        return value.reshape(len(value), -1)
    if isinstance(node, nir.Affine | nir.Linear):
        return value @ node.weight.T + getattr(node, "bias", 0.0)
    if isinstance(node, nir.SumPool2d | nir.AvgPool2d):
        batch, channels, height, width = value.shape
        total = value.reshape(batch, channels, height // 2, 2, width // 2, 2).sum(axis=(3, 5))
        return total / 4 if isinstance(node, nir.AvgPool2d) else total
    (py, px), (sy, sx), (ky, kx) = node.padding, node.stride, node.weight.shape[2:]
    padded = np.pad(value, ((0, 0), (0, 0), (py, py), (px, px)))
    rows, columns = (padded.shape[2] - ky) // sy + 1, (padded.shape[3] - kx) // sx + 1
    outputs = len(node.weight)
    per_group, inner = outputs // node.groups, node.weight.shape[1]
    out = np.zeros((len(value), outputs, rows, columns))
    for channel in range(outputs):
        first = channel // per_group * inner
        for y in range(rows):
            for x in range(columns):
                window = padded[:, first : first + inner, y * sy : y * sy + ky, x * sx : x * sx + kx]
                out[:, channel, y, x] = (window * node.weight[channel]).sum(axis=(1, 2, 3)) + node.bias[channel]
    return out


class _Neuron:
    """One node's neurons, of any shape, with states that broadcast over the samples."""

    def __init__(self, node: nir.NIRNode, rules: Rules):
        self.node, self.rules = node, rules
        self.v = self.current = self.sent = self.rests = self.above = np.zeros(1)
        self.nearest = np.inf

    def _decay(self, tau: np.ndarray) -> np.ndarray:
        return np.exp(-DT / tau) if self.rules.decay == "exponential" else 1 - DT / tau

    def step(self, drive: np.ndarray) -> np.ndarray:
        node, rules = self.node, self.rules
        hard, late = rules.reset != "subtract", rules.reset_timing == "next"
        goal = node.v_reset if rules.reset == "value" and hasattr(node, "v_reset") else 0.0
        synaptic = isinstance(node, nir.CubaLIF | nir.CubaLI)
        v = self.v
        if late and hard and not synaptic:
            v = np.where(self.sent > 0, goal, v)
        if isinstance(node, nir.IF | nir.I):
            v = v + node.r * drive
        elif synaptic:
            self.current = self._decay(node.tau_syn) * self.current + DT / node.tau_syn * node.w_in * drive
            v = self._decay(node.tau_mem) * v + DT / node.tau_mem * (node.v_leak + node.r * self.current)
        else:
            v = self._decay(node.tau) * v + DT / node.tau * (node.v_leak + node.r * drive)
        if late and not hard:
            v = v - self.sent * getattr(node, "v_threshold", 0.0)
        elif late and synaptic:
            v = np.where(self.sent > 0, goal, v)
        if not hasattr(node, "v_threshold"):
            self.v, self.sent = v, np.zeros_like(v)
            return self.sent
        v = np.where(self.rests > 0, goal, v)
        threshold = np.asarray(node.v_threshold)
        self.sent = np.where(self.rests > 0, 0.0, self._spikes(v - self.above * threshold, threshold))
        self.rests = np.where(self.sent > 0, rules.refractory, np.maximum(self.rests - 1, 0))
        self.v = v
        if not late:
            self.v = np.where(self.sent > 0, goal, v) if hard else v - self.sent * threshold
        if rules.reset_timing == "snntorch":
            self.above = self._spikes(self.v, threshold)
        return self.sent

    def _spikes(self, v: np.ndarray, threshold: np.ndarray) -> np.ndarray:
        total = np.zeros(np.broadcast(v, threshold).shape)
        for number in range(1, 1 << self.rules.spike_bits):
            self.nearest = min(self.nearest, float(np.abs(v / threshold - number).min()))
            total += v >= number * threshold if self.rules.comparison == "at-least" else v > number * threshold
        return total
