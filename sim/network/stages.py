"""A network is a list of stages; a stage is synapses and a neuron.

The same classes hold a trained network (float arrays, float neurons) and the quantised one (integer arrays,
integer neurons): `FloatNeuron` and `IntNeuron` below tell which neurons belong to which. Arrays are never
modified after they are put into a stage.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tospike.hw.params import (
    Comparison,
    Encoding,
    InputError,
    IntFormat,
    NeuronKind,
    NeuronParams,
    Readout,
    Reset,
    ResetTiming,
    check_reset,
    require,
)
from tospike.hw.params.limits import SAMPLE_VALUES
from tospike.sim.network.grid import QuantGrid
from tospike.sim.network.synapses import (
    Add,
    Array,
    Conv2d,
    Dense,
    Synapses,
)

# ------------------------------------------------------------------------------------------- float neurons

Parameter = float | Array


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An ANN neuron: the identity, or ReLU, clipped at ``maximum``, rounded to a trained ``grid`` if it has one."""

    relu: bool
    maximum: float | None = None
    grid: QuantGrid | None = None

    def __post_init__(self) -> None:
        require(self.maximum is None or self.maximum > 0, f"an activation cannot be clipped at {self.maximum}")

    def __call__(self, current: Array) -> Array:
        """What is sent for ``current``, of any shape."""
        if self.relu or self.maximum is not None:
            current = np.clip(current, 0.0 if self.relu else None, self.maximum)
        return current if self.grid is None else self.grid.nearest(current)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingNeuron:
    """A spiking neuron in discrete time; `tospike.sim.network.membrane` is its equation.

    ::

        i <- synapse_decay * i + synapse_gain * I      (with a synaptic current; else i = I)
        v <- decay * v + rest + gain * i
        spike when v > threshold, then the reset
        v <- max(v, floor)                             (if there is one)

    Everything else than v is 0 at the start of a sample. Parameters are numbers, or (outputs,) arrays of one for each
    neuron.
    """

    kind: NeuronKind
    decay: Parameter = 1.0
    """1 for IF and I."""
    gain: Parameter = 1.0
    """Scales the weighted input, bias included, or the synaptic current."""
    rest: Parameter = 0.0
    """Added in every step: what a leak potential other than 0 comes to."""
    synapse_decay: Parameter = 0.0
    synapse_gain: Parameter = 1.0
    threshold: Parameter = 1.0
    comparison: Comparison = Comparison.ABOVE
    reset: Reset = Reset.ZERO
    v_reset: Parameter = 0.0
    """For ``Reset.VALUE``."""
    reset_timing: ResetTiming = ResetTiming.SAME
    spike_bits: int = 1
    """A neuron spikes up to ``2**spike_bits - 1`` times in a step: once for each threshold that v exceeds."""
    refractory: int = 0
    """Steps after a spike in which the membrane stays at its reset value."""
    initial: Parameter = 0.0
    """SpikingNeuron at the start of a sample, in thresholds."""
    floor: float | None = None
    """No membrane goes lower into the next step; what a neuron without a threshold shows comes before."""

    def __post_init__(self) -> None:
        check_reset(self)

    @property
    def spikes(self) -> bool:
        """Whether it has a threshold."""
        return self.kind.spikes


# ----------------------------------------------------------------------------------------- integer neurons


@dataclass(frozen=True, kw_only=True, eq=False)
class Requantize:
    """An ANN neuron in integers; see :class:`tospike.hw.params.RequantizeParams` for the equation."""

    multiplier: Array
    """(channels,), unsigned: one per output of dense synapses, one per channel of an image."""
    shift: int
    clamp: tuple[int, int]
    fraction_bits: int = 0
    """Bits by which biases are finer than sums."""


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """The identity: the results are the accumulators (bias included). Behind a :class:`MaxPool2d`, activations."""

    fraction_bits: int = 0
    """Bits by which biases, and so the results, are finer than sums."""


FloatNeuron = Activation | SpikingNeuron
IntNeuron = Requantize | Accumulator | NeuronParams


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """Synapses and a neuron."""

    name: str
    synapses: Synapses
    neuron: FloatNeuron | IntNeuron
    sources: tuple[int, ...] = ()
    """The stages that its inputs come from, by index, -1 for the network's input; empty: from the stage before."""
    recurrent: Array | None = None
    """(outputs, outputs) weights of what the neurons sent in the step before; their bias is that of ``synapses``."""
    delays: Array | None = None
    """(inputs,) whole steps that each input comes later; ``None`` if none does."""
    decays: Array | None = None
    """Integer networks: (outputs, n) decays of each neuron, in the order of the n leaks of ``neuron.varying``."""

    def __post_init__(self) -> None:
        shape = (self.synapses.outputs, self.synapses.outputs)
        if self.recurrent is not None:
            require(self.is_spiking, f"stage {self.name!r} has no time steps, so it cannot be recurrent")
            require(
                self.recurrent.shape == shape,
                f"stage {self.name!r} has recurrent weights of shape {self.recurrent.shape}, not {shape}",
            )

        if self.delays is not None:
            require(self.is_spiking, f"stage {self.name!r} has no time steps, so its inputs cannot be delayed")
            require(
                self.delays.shape == (self.synapses.inputs,) and int(self.delays.min()) >= 0,
                f"stage {self.name!r} needs {self.synapses.inputs} delays that are not negative",
            )

    @property
    def is_spiking(self) -> bool:
        """Whether the neuron has a state that lives through time steps."""
        return not isinstance(self.neuron, Activation | Requantize | Accumulator)

    @property
    def fraction_bits(self) -> int:
        """Bits by which biases are finer than sums; a maximum, or a float stage, has none."""
        return self.neuron.fraction_bits if isinstance(self.neuron, Requantize | Accumulator) else 0

    @property
    def dense(self) -> Dense:
        """Its synapses, for an engine that runs dense ones only.

        Raises
        ------
        InputError
            They are others.
        """
        if isinstance(self.synapses, Dense) and not self.sources:
            return self.synapses
        kind = type(self.synapses).__name__ if not isinstance(self.synapses, Dense) else "Dense behind a branch"
        raise InputError(f"stage {self.name!r} is {kind}: this engine runs chains of dense layers only")

    @property
    def weighted(self) -> Dense | Conv2d:
        """Its synapses, for an engine that runs dense ones and convolutions.

        Raises
        ------
        InputError
            They are others.
        """
        if isinstance(self.synapses, Dense | Conv2d) and not self.sources:
            return self.synapses
        kind = f"{type(self.synapses).__name__}{' behind a branch' if self.sources else ''}"
        raise InputError(
            f"stage {self.name!r} is {kind}: event engines run chains of dense layers and convolutions only"
        )


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What one sample is, and how it becomes time steps.

    A float network takes ``(value - offset) / scale`` of the values in the data set, rounded to ``grid`` if it has one;
    a quantised one takes integers of ``format``: the grid's, or ``round((value - offset) / scale)``, saturated to
    ``clamp``.
    ``encoding`` and ``steps`` are ``None`` and 1 for an ANN. ``encoding`` None with ``steps`` > 1 means that the data
    are spikes already: samples have shape (steps, inputs), as those of an encoding that takes frames. An image's values
    come channel by channel, row by row.
    """

    inputs: int
    steps: int = 1
    encoding: Encoding | None = None
    format: IntFormat | None = None
    scale: float = 1.0
    offset: float = 0.0
    clamp: tuple[int, int] | None = None
    """Where the input's range is narrower than ``format``, which holds every activation of the network."""
    grid: QuantGrid | None = None
    """Of a trained quantiser."""
    seed: int = 1
    """Of random encodings."""
    time_bins: int = 0
    """ANN on spike trains: into how many frames they are summed (`tospike.sim.network.time_bins`); 0: it takes none."""
    partial_inferences: int = 0
    """Delta ANN: how many frames of a sample come, one after another, of which it answers the last; 0: it is none."""
    affine: tuple[tuple[float, float], ...] = ()
    """Gain and bias of each operator of the file, one after another, that ``scale`` and ``offset`` are all of."""
    order: tuple[int, ...] = ()
    """Which value of a sample in the data set each input is: the file's layout may have channels last. Empty: as they
    come."""
    delta_threshold: int = 0
    """Of delta encoding: a change is sent if it is larger, in units of ``scale``."""

    def __post_init__(self) -> None:
        good = 1 <= self.inputs <= SAMPLE_VALUES
        require(good, f"a sample has {self.inputs} values: 1 to {SAMPLE_VALUES} are supported")

    @property
    def unit(self) -> float:
        """What an integer of a quantised input stands for, in values of the data set."""
        return self.scale * float(self.grid.scale) if self.grid else self.scale

    @property
    def payload_unit(self) -> float:
        """What a payload of 1 stands for: a spike is 1, a value that is sent as it is has its own unit."""
        if self.encoding is None:
            return 1.0
        code = self.encoding.code
        if not code.takes_integers:
            return self.scale
        return code.payload_unit(self.format.bits) if self.format is not None else 1.0


class Decoding(StrEnum):
    """How the outputs of an SNN become a class."""

    LARGEST = "largest"
    """The largest output, of equals the first."""
    FIRST_SPIKE = "first-spike"
    """The neuron of the last layer that spikes first, of several in a step the first; the first of all if none does."""
    EARLY = "early"
    """The neuron of the last layer that spikes most, of equals the first, as soon as that cannot change any more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Stages with their input and their readout; each takes what the one before it sends, unless it says otherwise.

    The last stage is the network's output. ``readout`` is ``None`` for an ANN (its logits).
    """

    name: str
    input: InputSpec
    stages: tuple[Stage, ...]
    readout: Readout | None = None
    decoding: Decoding = Decoding.LARGEST
    warnings: tuple[str, ...] = ()
    """What had to be guessed when it was imported, a line each with the option that says otherwise."""

    def __post_init__(self) -> None:
        require(len(self.stages) >= 1, f"network {self.name!r} has no stages")
        neuron = self.stages[-1].neuron
        require(
            self.decoding is Decoding.LARGEST
            or (not isinstance(neuron, Activation | Requantize | Accumulator) and neuron.spikes),
            f"stage {self.stages[-1].name!r}, the last one, has no spikes, of which the first could decide: give "
            "--decoding largest",
        )
        require(
            self.decoding is not Decoding.EARLY or self.readout is Readout.COUNT,
            "--decoding early counts spikes: give --readout count",
        )
        for index, stage in enumerate(self.stages):
            self._check(index, stage)

    def _check(self, index: int, stage: Stage) -> None:
        sources = self.sources(index)
        needed = 2 if isinstance(stage.synapses, Add) else 1
        require(len(sources) == needed, f"stage {stage.name!r} needs {needed} inputs, not {len(sources)}")
        for source in sources:
            require(-1 <= source < index, f"stage {stage.name!r} takes its input from {source}, not an earlier stage")
            shape = self.stages[source].synapses.output_shape if source >= 0 else (self.input.inputs,)
            require(
                math.prod(shape) == stage.synapses.inputs,
                f"stage {stage.name!r} takes {stage.synapses.inputs} values but gets {math.prod(shape)}",
            )
            wanted = getattr(stage.synapses, "shape", None)
            flat = wanted is None or len(shape) != len(wanted) or wanted[1:] == (1, 1)
            require(
                flat or shape == wanted,
                f"stage {stage.name!r} takes an image of {wanted} (channels, height, width) but gets {shape}",
            )

    def sources(self, index: int) -> tuple[int, ...]:
        """The stages that stage ``index`` takes its inputs from; -1 is the network's input."""
        return self.stages[index].sources or (index - 1,)

    @property
    def is_spiking(self) -> bool:
        """Whether this is an SNN, through and through."""
        return all(stage.is_spiking for stage in self.stages)

    def require_one_kind(self) -> None:
        """Refuse a network of which only some stages spike: it has a golden model, but no float one and no planner.

        Raises
        ------
        InputError
            It is one.
        """
        kinds = {stage.is_spiking for stage in self.stages}
        require(len(kinds) == 1, f"network {self.name!r} mixes spiking and other stages, which is not supported")

    @property
    def outputs(self) -> int:
        """Number of values that are read out: classes."""
        return self.stages[-1].synapses.outputs
