"""What every neuron is asked: by the engines that hold it, their golden models, the planner and the energy model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.noise import NoiseParams
from tospike.hw.params.neurons.leak import LeakParams
from tospike.hw.params.numbers import IntFormat


@dataclass(frozen=True, kw_only=True)
class NeuronParams:
    """One layer's neuron, as far as all neurons are alike. States saturate at both ends of their formats after every
    addition.

    A neuron is a class of these, which adds its knobs and says what differs from here; a golden step, registered in
    `tospike.sim.spiking.neurons`; and a datapath, registered in `tospike.hw.spiking.neurons`.
    """

    tag: ClassVar[str] = ""
    """Its name on the command line; every neuron has one."""
    spikes: ClassVar[bool] = False
    """Whether it has a threshold; else its membrane is read out."""
    synaptic: ClassVar[bool] = False
    """Whether events are added to a synaptic current, which the membrane integrates."""

    state_bits: int = 16
    """Width of the membrane."""
    state_fraction_bits: int = 0
    """Fraction bits that states have and weights lack: an event adds ``payload * weight * 2**state_fraction_bits``."""

    def __post_init__(self) -> None:
        require(self.tag != "", f"{type(self).__name__} is what neurons have in common, and none itself")
        require_range("state-bits", self.state_bits, 4, 32)
        require_range("weight-shift", self.state_fraction_bits, 0, 15)

    # ------------------------------------------------------------------------------------------- states

    @property
    def state(self) -> IntFormat:
        """The membrane potential is signed."""
        return IntFormat(bits=self.state_bits, signed=True)

    @property
    def accumulated(self) -> IntFormat:
        """Format of what the events are added to: the membrane."""
        return self.state

    @property
    def side(self) -> Mapping[str, IntFormat]:
        """States besides what events are added to, which only an update touches; all are 0 at the start of a sample but
        a ``membrane``."""
        return {}

    @property
    def has_side(self) -> bool:
        """Whether there are any."""
        return bool(self.side)

    @property
    def leaks(self) -> Mapping[str, LeakParams]:
        """The leaks of ``membrane`` and synaptic ``current``, as far as there are any, in this order."""
        return {}

    @property
    def varying(self) -> Mapping[str, LeakParams]:
        """Those whose decays differ between neurons."""
        return {name: leak for name, leak in self.leaks.items() if leak.varies}

    @property
    def initial(self) -> int:
        """SpikingNeuron at the start of a sample, which the first step leaks as any other."""
        return 0

    @property
    def constants(self) -> tuple[int, ...]:
        """What a membrane must be able to hold besides what comes in."""
        return ()

    # ------------------------------------------------------------------------------------------- spikes

    @property
    def spike(self) -> IntFormat:
        """Spikes of a neuron in a step."""
        return IntFormat(bits=self.spike_bits, signed=False)

    @property
    def spike_bits(self) -> int:
        """Bits of that number."""
        return 1

    @property
    def noise(self) -> NoiseParams | None:
        """What the engine draws for each neuron in each step."""
        return None

    @property
    def is_static(self) -> bool:
        """Whether a step without events changes nothing, as long as the neuron does not spike: nothing leaks, is added
        or counted, and no sample begins above the threshold."""
        return False

    @property
    def spikes_again_above(self) -> int | None:
        """The membrane, before the reset, above which a neuron spikes in the next step too if nothing comes; ``None``
        if there is none. Only for a neuron that is ``is_static``."""
        return None

    # ------------------------------------------------------------------------------------------ hardware

    @property
    def join_cycles(self) -> int:
        """Pipeline cycles from what the events are added to until the membrane."""
        return 0

    @property
    def extra_cycles(self) -> int:
        """Pipeline cycles more than those of a LIF that spikes once per step."""
        return self.join_cycles

    @property
    def side_sums(self) -> int:
        """Sums of an update that may saturate besides that of what the events are added to."""
        return 0

    @property
    def join_additions(self) -> int:
        """Additions by which the membrane comes from what the events are added to, where they count as work of their
        own."""
        return 0
