"""A network is a list of stages; a stage is synapses and a neuron.

The same classes hold a trained network (float arrays, float neurons) and the quantised one (integer arrays,
integer neurons): `FloatNeuron` and `IntNeuron` below tell which neurons belong to which. Arrays are never
modified after they are put into a stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import Encoding, IntFormat, NeuronKind, NeuronParams, Readout, Reset, require

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dense:
    """Fully connected synapses: current = weight @ input + bias."""

    weight: Array
    """(outputs, inputs)."""
    bias: Array
    """(outputs,); zeros where the layer has none."""

    def __post_init__(self) -> None:
        require(self.weight.ndim == 2, f"dense weights must have 2 dimensions, not {self.weight.ndim}")
        require(
            self.bias.shape == self.weight.shape[:1],
            f"bias of shape {self.bias.shape} does not fit weights of shape {self.weight.shape}",
        )

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return int(self.weight.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weight.shape[0])


# ------------------------------------------------------------------------------------------- float neurons


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An ANN neuron: the identity, or ReLU."""

    relu: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Membrane:
    """A spiking neuron in discrete time: v <- decay * v + gain * I; spike when v > threshold; reset.

    ``decay`` is 1 for IF and I. ``gain`` scales the weighted input, bias included.
    """

    kind: NeuronKind
    decay: float = 1.0
    gain: float = 1.0
    threshold: float = 1.0
    reset: Reset = Reset.ZERO


# ----------------------------------------------------------------------------------------- integer neurons


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantize:
    """An ANN neuron in integers; see :class:`tospike.hw.params.RequantizeParams` for the equation."""

    multiplier: Array
    """(outputs,), unsigned."""
    shift: int
    clamp: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """The identity: the results are the accumulators (bias included)."""


FloatNeuron = Activation | Membrane
IntNeuron = Requantize | Accumulator | NeuronParams


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Synapses and a neuron."""

    name: str
    synapses: Dense
    neuron: FloatNeuron | IntNeuron

    @property
    def is_spiking(self) -> bool:
        """Whether the neuron has a state that lives through time steps."""
        return isinstance(self.neuron, Membrane | NeuronParams)


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What one sample is, and how it becomes time steps.

    A float network takes values as they are in the data set; a quantised one takes integers of ``format``,
    ``round(value / scale)``, saturated. ``encoding`` and ``steps`` are ``None`` and 1 for an ANN. ``encoding`` None
    with ``steps`` > 1 means that the data are spikes already: samples have shape (steps, inputs).
    """

    inputs: int
    steps: int = 1
    encoding: Encoding | None = None
    format: IntFormat | None = None
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A chain of stages with its input and its readout. ``readout`` is ``None`` for an ANN (its logits)."""

    name: str
    input: InputSpec
    stages: tuple[Stage, ...]
    readout: Readout | None = None

    def __post_init__(self) -> None:
        require(len(self.stages) >= 1, f"network {self.name!r} has no stages")
        sizes = [self.input.inputs, *(stage.synapses.outputs for stage in self.stages)]
        for stage, size in zip(self.stages, sizes, strict=False):
            require(
                stage.synapses.inputs == size,
                f"stage {stage.name!r} takes {stage.synapses.inputs} values but gets {size}",
            )
        kinds = {stage.is_spiking for stage in self.stages}
        require(len(kinds) == 1, f"network {self.name!r} mixes spiking and other stages, which is not supported")

    @property
    def is_spiking(self) -> bool:
        """Whether this is an SNN."""
        return self.stages[0].is_spiking

    @property
    def outputs(self) -> int:
        """Number of values that are read out: classes."""
        return self.stages[-1].synapses.outputs


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What a golden model returns for a batch of N samples."""

    outputs: Array
    """(N, outputs) int64: logits, spike counts or membranes."""
    cycles: Array
    """(N,) int64: latency, from the cycle that takes the first input beat to the one that takes the last output
    beat, both included, with the sample alone in the pipeline, input always valid, output always ready."""
    counters: Mapping[str, Array]
    """The hardware's counters, one (N,) int64 array each, named ``<engine index>.<counter>``."""
    operations: Mapping[str, Array]
    """Operation counts, one (N,) int64 array each: see ``docs/architecture.md``."""
    trains: Array | None = None
    """(N, steps, neurons) spikes, where the hardware sends spikes rather than a readout."""

    @property
    def predictions(self) -> Array:
        """(N,) class with the largest output; the first of equals."""
        return np.argmax(self.outputs, axis=1)
