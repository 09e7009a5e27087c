"""Activity of engines for energy models: operation counts, and the widths and sizes that prices depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import LeakParams, require, require_range

Counts = NDArray[np.float64]
"""(N,): one count, or energy, per sample."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Bits of an engine's operands; 0 if the engine has no such operand, which then costs nothing."""

    weight_bits: int
    act_bits: int
    """Inputs: ANN activations, payloads of an SNN stage, an encoder's entries."""
    state_bits: int
    """Accumulators of an ANN, membranes of an SNN; biases have the same width."""
    multiplier_bits: int = 0
    """Requantisation multipliers (ANN)."""
    event_bits: int = 0
    """A spike in a queue: its address and payload (SNN)."""
    leak: LeakParams | None = None
    """Leak of the membranes; ``None``: no leak."""

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
    """Biases and requantisation multipliers."""
    table_bits: int = 0
    """Tables of activations."""

    def __post_init__(self) -> None:
        require_range("weight memory bits", self.weight_bits, 0, 1 << 40)
        require_range("state memory bits", self.state_bits, 0, 1 << 40)
        require_range("activation memory bits", self.activation_bits, 0, 1 << 40)
        require_range("bias memory bits", self.bias_bits, 0, 1 << 40)
        require_range("table memory bits", self.table_bits, 0, 1 << 40)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerActivity:
    """Activity of a layer with weights for N samples, in the terms of the literature.

    Counts are per inference, summed over all time steps. A layer is dense unless ``connections`` is given.
    """

    name: str
    inputs: int
    outputs: int
    steps: int
    """Time steps; 1 for an ANN, the number of frames for a delta ANN."""
    spiking: bool
    binary: bool
    """Whether the inputs are spikes. After direct encoding, the first layer of an SNN multiplies."""
    events: Counts
    """(N,) non-zero inputs; for a delta ANN, changes of inputs."""
    sent: Counts
    """(N,) non-zero outputs: spikes or activations."""
    weight_bits: int
    act_bits: int
    state_bits: int
    leaks: bool = False
    bias: bool = True
    connections: int | None = None
    """Connected pairs of inputs and outputs; ``None``: all pairs."""
    reached: Counts | None = None
    """(N,) connections of the non-zero inputs; ``None``: ``outputs`` for each input."""
    shared_weights: int | None = None
    """Number of weights if connections share them; ``None``: one per connection."""

    @property
    def synapses(self) -> int:
        """Number of connections: the multiplications of an ANN that does not skip zeros."""
        return self.inputs * self.outputs if self.connections is None else self.connections

    @property
    def weights(self) -> int:
        """Number of weights in memory."""
        return self.synapses if self.shared_weights is None else self.shared_weights

    @property
    def synaptic_events(self) -> Counts:
        """(N,) connections of the non-zero inputs."""
        return self.events * self.outputs if self.reached is None else self.reached

    @property
    def updates(self) -> Counts:
        """(N,) upper bound of neuron updates in steps with a spike: one step per spike, but at most all steps."""
        return np.minimum(self.events, self.steps) * self.outputs


@dataclass(frozen=True, kw_only=True, eq=False)
class EngineActivity:
    """Activity of an engine for N samples."""

    name: str
    operations: Mapping[str, ArrayLike]
    """The golden model's counts, (N,) each, by the names of "Operation counts" in
    ``docs/explanation/architecture.md``."""
    widths: Widths
    memories: Memories
    layers: tuple[LayerActivity, ...] = field(default=())
    """Layers that the engine runs; none for an encoder."""

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
