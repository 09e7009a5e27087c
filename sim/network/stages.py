"""A network is a list of stages; a stage is synapses and a neuron.

The same classes hold a trained network (float arrays, a `FloatNeuron` in each stage) and a quantised one (integer
arrays, an `IntNeuron` in each stage). Arrays must not be modified once they are part of a stage.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from tospike.hw.params import (
    Comparison,
    FiringPhase,
    InputError,
    NeuronKind,
    NeuronParams,
    PayloadCode,
    Readout,
    Reset,
    ResetTiming,
    Rounding,
    check_reset,
    require,
)
from tospike.hw.params.added import ADDED
from tospike.sim.network.answers import Answers
from tospike.sim.network.grid import QuantGrid
from tospike.sim.network.input_spec import InputSpec
from tospike.sim.network.pointwise import Pointwise
from tospike.sim.network.synapses import (
    Add,
    Array,
    Conv2d,
    Dense,
    Synapses,
)
from tospike.sim.network.threshold_noise import ThresholdNoise

# ------------------------------------------------------------------------------------------- float neurons

Parameter = float | Array


@dataclass(frozen=True, kw_only=True)
class Activation:
    """An ANN neuron: a ``function`` or the identity, then ReLU, clipped at ``minimum`` and ``maximum``, rounded to a
    trained ``grid`` if it has one."""

    relu: bool
    maximum: float | None = None
    grid: QuantGrid | None = None
    minimum: float | None = field(default=None, metadata=ADDED)
    """Lower bound other than 0, which is ``relu``."""
    function: Pointwise | None = field(default=None, metadata=ADDED)
    """Computed before the bounds."""

    def __post_init__(self) -> None:
        require(not self.relu or self.minimum is None, f"a ReLU has no lower bound of {self.minimum}")
        good = self.maximum is None or self.low is None or self.maximum > self.low
        require(good, f"an activation cannot be clipped at {self.maximum}, from {self.low}")

    @property
    def low(self) -> float | None:
        """The lower bound, if there is one."""
        return 0.0 if self.relu else self.minimum

    @property
    def is_linear(self) -> bool:
        """Whether it is the identity."""
        return self.low is None and self.maximum is None and self.grid is None and self.function is None

    @property
    def never_negative(self) -> bool:
        """Whether no activation is negative, whatever the sum."""
        if self.low is not None and self.low >= 0:
            return True
        return self.function is not None and self.function.never_negative and (self.maximum is None or self.maximum > 0)

    def __call__(self, current: Array) -> Array:
        """Return the activations for ``current``, of any shape."""
        if self.function is not None:
            current = self.function(current)
        if self.low is not None or self.maximum is not None:
            current = np.clip(current, self.low, self.maximum)
        return current if self.grid is None else self.grid.nearest(current)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingNeuron:
    """A spiking neuron in discrete time; `tospike.sim.network.membrane` computes it.

    ::

        i <- synapse_decay * i + synapse_gain * I      (with a synaptic current; else i = I)
        v <- decay * v + rest + gain * i
        v = gain * (I + sum of taps[n] * I of (n + 1) * dilation steps before)      (sliding neurons: no reset)
    spike when v + noise > threshold + a, then reset v      (a adaptive, else 0)
        v <- max(v, floor)                             (with a floor)

    At the start of a sample, every state except v is 0. Parameters are numbers, or (outputs,) arrays with a value per
    neuron.
    """

    kind: NeuronKind
    decay: Parameter = 1.0
    """1 for IF and I."""
    gain: Parameter = 1.0
    """Factor of the weighted input, bias included, or of the synaptic current."""
    rest: Parameter = 0.0
    """Added in every step: the effect of a leak potential other than 0."""
    synapse_decay: Parameter = 0.0
    synapse_gain: Parameter = 1.0
    threshold: Parameter = 1.0
    comparison: Comparison = Comparison.ABOVE
    reset: Reset = Reset.ZERO
    v_reset: Parameter = 0.0
    """For ``Reset.VALUE``."""
    reset_timing: ResetTiming = ResetTiming.SAME
    spike_bits: int = 1
    """A neuron spikes up to ``2**spike_bits - 1`` times in a step, once for each multiple of the threshold that v
    exceeds."""
    code: PayloadCode = field(default=PayloadCode.COUNT, metadata=ADDED)
    """What the payload of a graded spike tells: the number of spikes, or a power of two of a burst or a phase."""
    refractory: int = 0
    """Steps after a spike in which the membrane stays at its reset value."""
    initial: Parameter = 0.0
    """The membrane at the start of a sample, in multiples of the threshold."""
    floor: float | None = None
    """Lower bound of the membrane at the end of a step; the readout of a neuron without a threshold is not bounded."""
    firing: FiringPhase | None = None
    """Compare with the threshold in these steps only, and add the bias once per sample."""
    noise: ThresholdNoise | None = field(default=None, metadata=ADDED)
    """Added to the membrane for the comparison with the threshold alone."""
    adaptation: float = field(default=0.0, metadata=ADDED)
    """Increase of the threshold by a spike, in thresholds; 0: the threshold is constant."""
    adaptation_decay: float = field(default=0.0, metadata=ADDED)
    """Decay of that increase per step."""
    taps: Array | None = field(default=None, metadata=ADDED)
    """Sliding neurons: (outputs, n) weights of earlier inputs; signed powers of two up to 1, or 0."""
    dilation: int = field(default=1, metadata=ADDED)
    """Steps between the inputs that the taps weight."""

    def __post_init__(self) -> None:
        check_reset(self)
        require(
            not self.moves_threshold or (self.spike_bits == 1 and self.reset_timing is not ResetTiming.SNNTORCH),
            "an adaptive or noisy threshold allows one spike per time step, and no reset timing snntorch: leave "
            "--spike-bits and --reset-timing out",
        )
        require(
            not self.moves_threshold or self.firing is None,
            "an adaptive or noisy threshold is for neurons that fire in all steps: leave --firing-steps out",
        )
        require((self.taps is None) == (self.kind is not NeuronKind.SLIDING), "taps are those of sliding neurons")

    @property
    def moves_threshold(self) -> bool:
        """Whether the effective threshold varies."""
        return self.noise is not None or self.adaptation > 0

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
    table: Array | None = field(default=None, metadata=ADDED)
    """The activation of each level from ``clamp[0]`` on, of a layer with a function; ``None``: the level itself."""
    rounding: Rounding = field(default=Rounding.HALF_UP, metadata=ADDED)
    """The same in all layers of a network."""


@dataclass(frozen=True, kw_only=True)
class Accumulator:
    """The identity: results are the accumulators, bias included; after a :class:`MaxPool2d`, they are activations."""

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
    """Indices of the stages that feed this one, -1 for the network's input; empty: the previous stage."""
    recurrent: Array | None = None
    """(outputs, outputs) weights of the neurons' own spikes of the previous step; ``synapses`` holds the only bias."""
    delays: Array | None = None
    """(inputs,) delay of each input in steps; ``None`` if there are none."""
    decays: Array | None = None
    """Integer networks: (outputs, n) decays of each neuron, for the n leaks of ``neuron.varying``."""

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
        """Whether the neuron has state, and so time steps."""
        return not isinstance(self.neuron, Activation | Requantize | Accumulator)

    @property
    def firing(self) -> FiringPhase | None:
        """The steps in which its neurons fire, if those are not all."""
        return None if isinstance(self.neuron, Activation | Requantize | Accumulator) else self.neuron.firing

    @property
    def levels(self) -> tuple[int, int] | None:
        """The least and the largest activation of a hidden layer: of an ANN, or of neurons with a firing phase."""
        if isinstance(self.neuron, Requantize):
            table = self.neuron.table
            return self.neuron.clamp if table is None else (int(table.min()), int(table.max()))
        return (0, self.firing.steps) if self.firing is not None and self.firing.steps else None

    @property
    def fraction_bits(self) -> int:
        """Bits by which biases are finer than sums; a maximum, or a float stage, has none."""
        return self.neuron.fraction_bits if isinstance(self.neuron, Requantize | Accumulator) else 0

    @property
    def dense(self) -> Dense:
        """The stage's synapses, which must be dense.

        Raises
        ------
        InputError
            They are not dense, or the stage has explicit ``sources``.
        """
        if isinstance(self.synapses, Dense) and not self.sources:
            return self.synapses
        kind = type(self.synapses).__name__ if not isinstance(self.synapses, Dense) else "Dense after a branch"
        raise InputError(f"stage {self.name!r} is {kind}: this engine runs chains of dense layers only")

    @property
    def weighted(self) -> Dense | Conv2d:
        """The stage's synapses, which must be dense or a convolution.

        Raises
        ------
        InputError
            They are neither, or the stage has explicit ``sources``.
        """
        if isinstance(self.synapses, Dense | Conv2d) and not self.sources:
            return self.synapses
        kind = f"{type(self.synapses).__name__}{' after a branch' if self.sources else ''}"
        raise InputError(
            f"stage {self.name!r} is {kind}: event engines run chains of dense layers and convolutions only"
        )


class Decoding(StrEnum):
    """How the outputs of an SNN become a class."""

    LARGEST = "largest"
    """The largest output, the lowest number if several are equal."""
    FIRST_SPIKE = "first-spike"
    """The neuron of the last layer that spikes first, the lowest number if several do in that step; 0 if none does."""
    EARLY = "early"
    """The neuron of the last layer with the most spikes, the lowest number if several are equal, as soon as that can no
    longer change."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Stages, the format of their input, and the readout of the last one.

    The input of a stage is the output of the previous one, unless it has ``sources``. ``readout`` is ``None`` for an
    ANN, whose outputs are its logits.
    """

    name: str
    input: InputSpec
    stages: tuple[Stage, ...]
    readout: Readout | None = None
    decoding: Decoding = Decoding.LARGEST
    warnings: tuple[str, ...] = ()
    """What the importer had to guess: a line each, which names the option to override it."""
    answers: Answers | None = field(default=None, metadata=ADDED)
    """What the file computes from the outputs."""

    @property
    def rounding(self) -> Rounding:
        """How its requantisers round, all of them."""
        scaled = (stage.neuron for stage in self.stages if isinstance(stage.neuron, Requantize))
        return next((neuron.rounding for neuron in scaled), Rounding.HALF_UP)

    def __post_init__(self) -> None:
        require(len(self.stages) >= 1, f"network {self.name!r} has no stages")
        neuron = self.stages[-1].neuron
        require(
            self.decoding is Decoding.LARGEST
            or (not isinstance(neuron, Activation | Requantize | Accumulator) and neuron.spikes),
            f"the last stage, {self.stages[-1].name!r}, does not spike, as --decoding {self.decoding} requires: give "
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
            flat = wanted is None or len(shape) != len(wanted) or (1, 1) in (shape[1:], wanted[1:])
            require(
                flat or shape == wanted,
                f"stage {stage.name!r} takes an image of {wanted} (channels, height, width) but gets {shape}",
            )

    def sources(self, index: int) -> tuple[int, ...]:
        """Return the indices of the stages that feed stage ``index``; -1 is the network's input."""
        return self.stages[index].sources or (index - 1,)

    @property
    def is_spiking(self) -> bool:
        """Whether every stage is spiking."""
        return all(stage.is_spiking for stage in self.stages)

    def require_one_kind(self) -> None:
        """Refuse a network in which some stages spike and others do not: no float reference or planner supports it.

        Raises
        ------
        InputError
            The network mixes both kinds.
        """
        kinds = {stage.is_spiking for stage in self.stages}
        require(len(kinds) == 1, f"network {self.name!r} mixes spiking and other stages, which is not supported")

    @property
    def outputs(self) -> int:
        """Number of outputs, usually classes."""
        return self.stages[-1].synapses.outputs

    @property
    def classes(self) -> int:
        """Number of classes that the outputs tell apart: a single output tells two, by its sign."""
        return max(2, self.outputs)
