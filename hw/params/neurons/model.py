"""The interface that every neuron model implements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.noise import NoiseParams
from tospike.hw.params.neurons.firing_phase import FiringPhase
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.numbers import IntFormat


@dataclass(frozen=True, kw_only=True)
class NeuronConstant:
    """A constant that each neuron has of its own, from 0 to ``largest``."""

    largest: int

    @property
    def bits(self) -> int:
        """Width in a memory."""
        return self.largest.bit_length()


@dataclass(frozen=True, kw_only=True)
class NeuronParams:
    """The neurons of a layer: what all models have in common. States saturate after every addition.

    A neuron model is a subclass that adds parameters and overrides what differs; a golden step, registered in
    `tospike.sim.spiking.neurons`; and a datapath, registered in `tospike.hw.spiking.neurons`.
    """

    tag: ClassVar[str] = ""
    """Name on the command line, unique to each neuron model."""
    spikes: ClassVar[bool] = False
    """Whether it has a threshold; otherwise its membrane is read out."""
    synaptic: ClassVar[bool] = False
    """Whether events are added to a synaptic current, which the membrane integrates."""

    state_bits: int = 16
    """Width of the membrane."""
    state_fraction_bits: int = 0
    """Fraction bits of states relative to weights: an event adds ``payload * weight * 2**state_fraction_bits``."""
    firing: FiringPhase | None = field(default=None, metadata=ADDED)
    """Update the neuron in these steps only, and add the bias once per sample; ``None``: in every step."""

    def __post_init__(self) -> None:
        require(self.tag != "", f"{type(self).__name__} is an abstract neuron model: use one of its subclasses")
        require_range("state-bits", self.state_bits, 4, 32)
        require_range("state-fraction-bits", self.state_fraction_bits, 0, 15)
        require(
            self.firing is None or (self.is_static and self.spikes == (self.firing.steps > 0)),
            "only IF neurons that nothing but events changes have a firing phase, and I neurons one without steps",
        )

    # ------------------------------------------------------------------------------------------- states

    @property
    def state(self) -> IntFormat:
        """Format of the membrane potential: signed."""
        return IntFormat(bits=self.state_bits, signed=True)

    @property
    def accumulated(self) -> IntFormat:
        """Format of the state that accumulates events: the membrane."""
        return self.state

    @property
    def aux(self) -> Mapping[str, IntFormat]:
        """Auxiliary states, which updates access but events do not. All but ``membrane`` start a sample at 0."""
        return {}

    @property
    def has_aux(self) -> bool:
        """Whether there are auxiliary states."""
        return bool(self.aux)

    @property
    def leaks(self) -> Mapping[str, LeakParams]:
        """The leaks of ``membrane`` and synaptic ``current`` that the neuron has, in this order."""
        return {}

    @property
    def varying(self) -> Mapping[str, NeuronConstant]:
        """What each neuron has of its own: the decays of leaks that vary."""
        return {name: NeuronConstant(largest=1 << leak.decay_bits) for name, leak in self.leaks.items() if leak.varies}

    @property
    def varying_cycle(self) -> int:
        """The cycle of the datapath in which they are used: that of the leaks."""
        return 2 + self.extra_cycles

    @property
    def initial(self) -> int:
        """Membrane at the start of a sample, which the first time step leaks like any other."""
        return 0

    @property
    def constants(self) -> tuple[int, ...]:
        """Constants that the membrane format must hold."""
        return ()

    # ------------------------------------------------------------------------------------------- spikes

    @property
    def spike(self) -> IntFormat:
        """Format of the number of spikes of a neuron in a time step."""
        return IntFormat(bits=self.spike_bits, signed=False)

    @property
    def spike_bits(self) -> int:
        """Width of the number of spikes of a neuron in a time step."""
        return 1

    @property
    def noise(self) -> NoiseParams | None:
        """Noise that the engine draws for each neuron in each time step."""
        return None

    @property
    def host_threshold(self) -> bool:
        """Whether the threshold is in a memory that the host may write."""
        return False

    @property
    def hardware(self) -> "NeuronParams":
        """The neuron as an engine has it: without what the host may write."""
        return self

    def moved_by_noise(self, threshold_offset: int) -> int:
        """Return how far other numbers of the noise may move a membrane, with offsets up to ``threshold_offset``."""
        return 0

    @property
    def is_static(self) -> bool:
        """Whether a time step without events leaves a neuron below its threshold as it is: no leak, no bias, no count,
        and no initial membrane above the threshold."""
        return False

    @property
    def changes_after_events(self) -> bool:
        """Whether a time step with events is to update the neuron: it may spike, or more becomes of its membrane than
        the sum. Defined only if ``is_static``."""
        return self.spikes

    @property
    def spikes_again_above(self) -> int | None:
        """The membrane, before the reset, above which a neuron spikes again in the next time step without an event;
        ``None`` if there is no such membrane. Defined only if ``is_static``."""
        return None

    # ------------------------------------------------------------------------------------------ hardware

    @property
    def join_cycles(self) -> int:
        """Pipeline cycles from the state that accumulates events to the membrane."""
        return 0

    @property
    def extra_cycles(self) -> int:
        """Pipeline cycles in addition to those of a LIF that spikes at most once per time step."""
        return self.join_cycles

    @property
    def aux_sums(self) -> int:
        """Saturating sums of an update other than that of the state that accumulates events."""
        return 0

    @property
    def threshold_additions(self) -> int:
        """Additions of a threshold that varies, in each update."""
        return 0

    @property
    def join_additions(self) -> int:
        """Additions from the state that accumulates events to the membrane that the energy model charges separately."""
        return 0
