"""What engines did: the counts that energy models price, and the widths and sizes that prices depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import LeakParams, require, require_range

Counts = NDArray[np.float64]
"""(N,): one count, or energy, per sample."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Bits of an engine's operands. A width of 0 means that the engine has no such thing: it costs nothing."""

    weight_bits: int
    act_bits: int
    """Inputs: ANN activations, payloads of an SNN stage, an encoder's entries."""
    state_bits: int
    """What a stage adds into: ANN accumulators, SNN membrane potentials; biases are as wide."""
    multiplier_bits: int = 0
    """Requantisation multipliers (ANN)."""
    event_bits: int = 0
    """A spike in a queue: its address and payload (SNN)."""
    leak: LeakParams | None = None
    """Leak of the membranes; ``None`` where they do not leak."""

    def __post_init__(self) -> None:
        require_range("weight-bits", self.weight_bits, 0, 64)
        require_range("act-bits", self.act_bits, 1, 64)
        require_range("state-bits", self.state_bits, 0, 64)
        require_range("multiplier-bits", self.multiplier_bits, 0, 64)
        require_range("event-bits", self.event_bits, 0, 64)


@dataclass(frozen=True, kw_only=True)
class Memories:
    """Capacity in bits of an engine's memories."""

    weight_bits: int
    state_bits: int
    activation_bits: int
    """Operand buffers; queues of events."""
    bias_bits: int = 0
    """Biases, and the multipliers beside them."""

    def __post_init__(self) -> None:
        require_range("weight memory bits", self.weight_bits, 0, 1 << 40)
        require_range("state memory bits", self.state_bits, 0, 1 << 40)
        require_range("activation memory bits", self.activation_bits, 0, 1 << 40)
        require_range("bias memory bits", self.bias_bits, 0, 1 << 40)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerActivity:
    """One layer with weights and N samples, in the terms of the literature.

    Counts are per inference: summed over all time steps. A layer is dense unless ``connections`` says otherwise.
    """

    name: str
    inputs: int
    outputs: int
    steps: int
    """Time steps; 1 in an ANN, but of a delta ANN the frames of a sample."""
    spiking: bool
    binary: bool
    """Whether the inputs are spikes. The first layer behind direct coding multiplies, in an SNN too."""
    events: Counts
    """(N,) inputs that are not zero; of a delta ANN changes of them."""
    sent: Counts
    """(N,) outputs that are not zero: spikes, or activations."""
    weight_bits: int
    act_bits: int
    state_bits: int
    leaks: bool = False
    bias: bool = True
    connections: int | None = None
    """Pairs of an input and an output that are connected; ``None``: all."""
    reached: Counts | None = None
    """(N,) connections that an input that is not zero passes through; ``None``: ``outputs`` for each."""
    shared_weights: int | None = None
    """Weights, where connections share them; ``None``: one each."""

    @property
    def synapses(self) -> int:
        """Connections: the multiplications of an ANN that skips no zeros."""
        return self.inputs * self.outputs if self.connections is None else self.connections

    @property
    def weights(self) -> int:
        """Weights in memory."""
        return self.synapses if self.shared_weights is None else self.shared_weights

    @property
    def synaptic_events(self) -> Counts:
        """(N,) connections that an input that is not zero passes through."""
        return self.events * self.outputs if self.reached is None else self.reached

    @property
    def updates(self) -> Counts:
        """(N,) neuron updates in steps that bring a spike; at most: each spike in a step of its own, or every step."""
        return np.minimum(self.events, self.steps) * self.outputs


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineActivity:
    """One engine and N samples."""

    name: str
    operations: Mapping[str, ArrayLike]
    """The golden model's counts, (N,) each, by the names of "Operation counts" in
    ``docs/explanation/architecture.md``."""
    widths: Widths
    memories: Memories
    layers: tuple[LayerActivity, ...] = field(default=())
    """What the engine runs; an encoder runs none."""

    def counts(self) -> dict[str, Counts]:
        """Return ``operations`` as arrays.

        Raises
        ------
        InputError
            A count is negative or not finite.
        """
        counts = {name: np.atleast_1d(np.asarray(value, dtype=np.float64)) for name, value in self.operations.items()}
        for name, values in counts.items():
            good = bool(np.all(np.isfinite(values)) and np.all(values >= 0))
            require(good, f"operation count {name!r} must be finite and not negative")
        return counts
