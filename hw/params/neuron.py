"""Neurons of the event engine."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from tospike.hw.params.check import require, require_range
from tospike.hw.params.noise import NoiseParams
from tospike.hw.params.numbers import IntFormat, Rounding


class NeuronKind(StrEnum):
    """The neuron's equation, per time step, with input current I (NIR's names)."""

    IF = "if"
    """v <- v + I; spike and reset when v > threshold."""
    LIF = "lif"
    """v <- leak(v) + I; spike and reset when v > threshold."""
    I = "i"  # noqa: E741
    """v <- v + I; no threshold: a membrane readout."""
    LI = "li"
    """v <- leak(v) + I; no threshold: a membrane readout."""
    CUBA_LIF = "cubalif"
    """i <- leak_synapse(i) + I, then v <- leak(v) + i; spike and reset when v > threshold."""
    CUBA_LI = "cubali"
    """i <- leak_synapse(i) + I, then v <- leak(v) + i; no threshold: a membrane readout."""
    SLIDING = "sliding"
    """v = the sum of the last inputs, each by a power of two: I(t) + sum of I(t - n) / 2**taps[n - 1]; spike when
    v > threshold; no reset (sliding parallel spiking neuron; Fang et al. 2023, arXiv:2304.12760)."""

    @property
    def leaks(self) -> bool:
        """Whether the membrane decays."""
        return self not in (NeuronKind.IF, NeuronKind.I, NeuronKind.SLIDING)

    @property
    def spikes(self) -> bool:
        """Whether the neuron has a threshold."""
        return self in (NeuronKind.IF, NeuronKind.LIF, NeuronKind.CUBA_LIF, NeuronKind.SLIDING)

    @property
    def synaptic(self) -> bool:
        """Whether the input goes to a synaptic current, which decays and which the membrane integrates."""
        return self in (NeuronKind.CUBA_LIF, NeuronKind.CUBA_LI)


class Reset(StrEnum):
    """What a spike does to the membrane."""

    ZERO = "zero"
    """v <- 0."""
    SUBTRACT = "subtract"
    """v <- v - threshold, for each spike."""
    VALUE = "value"
    """v <- v_reset."""
    NONE = "none"
    """Nothing: v spikes as long as it is above its threshold."""


class ResetTiming(StrEnum):
    """When a spike resets the membrane."""

    SAME = "same"
    """In the step of the spike, after the comparison."""
    NEXT = "next"
    """In the next step, as snnTorch does by default: subtraction comes after the leak, which acts on the membrane above
    the threshold; a hard reset comes before the leak, but with a synaptic current after the whole update, so that the
    membrane misses a step of it. A membrane readout shows the membrane before the reset."""
    SNNTORCH = "snntorch"
    """As snnTorch subtracts with ``reset_delay=False``: in the step of the spike, but a membrane that is above the
    threshold even after that must exceed the threshold twice in the next step to spike again."""


class Comparison(StrEnum):
    """When a membrane spikes."""

    ABOVE = "above"
    """v > threshold."""
    AT_LEAST = "at-least"
    """v >= threshold."""


class LeakKind(StrEnum):
    """How leak(v) is computed."""

    SHIFT = "shift"
    """v - round(v / 2**shift)."""
    MULTIPLY = "multiply"
    """round(v * decay / 2**fraction_bits)."""


class NeuronOptions(Protocol):
    """What float and integer neurons have in common."""

    @property
    def reset(self) -> Reset: ...
    @property
    def reset_timing(self) -> ResetTiming: ...
    @property
    def spike_bits(self) -> int: ...
    @property
    def refractory(self) -> int: ...


def check_neuron_options(neuron: NeuronOptions) -> None:
    """Refuse resets that contradict each other.

    Raises
    ------
    InputError
        They do, or a number is out of range.
    """
    require_range("spike-bits", neuron.spike_bits, 1, 4)
    require_range("refractory", neuron.refractory, 0, 255)
    hard = neuron.reset in (Reset.ZERO, Reset.VALUE)
    require(
        neuron.reset is not Reset.NONE or (neuron.reset_timing is ResetTiming.SAME and neuron.spike_bits == 1),
        "without a reset there is no time of it, and one spike per step: give --reset-timing same and --spike-bits 1, "
        "or another --reset",
    )
    require(
        neuron.reset_timing is not ResetTiming.SNNTORCH or (not hard and neuron.spike_bits == 1),
        "reset timing snntorch is that of a reset by subtraction with one spike per step: give --reset subtract and "
        "--spike-bits 1, or another --reset-timing",
    )
    require(
        not neuron.refractory or (hard and neuron.reset_timing is ResetTiming.SAME),
        "a refractory neuron stays at what it is reset to: give --reset zero or value, and --reset-timing same",
    )


@dataclass(frozen=True, kw_only=True)
class LeakParams:
    """leak(v). For ``SHIFT`` only ``shift`` counts, for ``MULTIPLY`` only ``decay`` and ``fraction_bits``.

    If it ``varies``, ``MULTIPLY`` takes each neuron's decay from a memory, and ``decay`` does not count.
    """

    kind: LeakKind = LeakKind.SHIFT
    shift: int = 4
    decay: int = 3840
    fraction_bits: int = 12
    rounding: Rounding = Rounding.FLOOR
    varies: bool = False

    def __post_init__(self) -> None:
        require(
            not self.varies or self.kind is LeakKind.MULTIPLY,
            "a leak that varies between neurons is by multiplier: give leak multiply",
        )
        require_range("leak-shift", self.shift, 1, 15)
        require_range("decay-bits", self.fraction_bits, 1, 16)
        require_range("decay", self.decay, 0, 1 << self.fraction_bits)


MAX_TAPS = 7
"""Earlier inputs that a sliding neuron may weigh."""


@dataclass(frozen=True, kw_only=True)
class AdaptationParams:
    """An adaptive threshold (ALIF; Bellec et al. 2018, arXiv:1803.09574): ``v > threshold + a``, where
    ``a <- leak(a) + step`` after a step with a spike, and ``a <- leak(a)`` after one without. ``a`` begins at 0 and
    saturates in the format of the membrane; a reset by subtraction subtracts ``threshold`` alone."""

    step: int = 1
    leak: LeakParams = field(default=LeakParams())

    def __post_init__(self) -> None:
        require_range("adaptation", self.step, 1, 1 << 30)
        require(not self.leak.varies, "the leak of an adaptive threshold is common to all neurons")


@dataclass(frozen=True, kw_only=True)
class NeuronParams:
    """One layer's neuron. States saturate at both ends of their formats after every addition.

    With a synaptic current, the events are added to that, and ``drift`` is what a leak potential adds to the membrane
    in every step; without, that is part of the biases.
    """

    kind: NeuronKind = NeuronKind.LIF
    state_bits: int = 16
    threshold: int = 1
    comparison: Comparison = Comparison.ABOVE
    reset: Reset = Reset.ZERO
    v_reset: int = 0
    reset_timing: ResetTiming = ResetTiming.SAME
    spike_bits: int = 1
    """A neuron spikes up to ``2**spike_bits - 1`` times in a step, once for each threshold that it exceeds."""
    refractory: int = 0
    """Steps after a spike in which the membrane stays at its reset value."""
    leak: LeakParams = field(default=LeakParams())
    current_bits: int = 16
    """Width of the synaptic current."""
    synapse: LeakParams = field(default=LeakParams())
    """Leak of the synaptic current."""
    drift: int = 0
    initial: int = 0
    """Membrane at the start of a sample, which the first step leaks as any other."""
    weight_shift: int = 0
    """Fraction bits that states have and weights lack: an event adds ``payload * weight * 2**weight_shift``."""
    adaptation: AdaptationParams | None = None
    noise: NoiseParams | None = None
    """Added to the membrane where it is compared with the threshold, and nowhere else."""
    taps: tuple[int, ...] = (1, 2, 3)
    """Sliding neuron: the input of n steps before counts ``floor(input / 2**taps[n - 1])``."""

    def __post_init__(self) -> None:
        require_range("state-bits", self.state_bits, 4, 32)
        require_range("current-bits", self.current_bits, 4, 32)
        require_range("weight-shift", self.weight_shift, 0, 15)
        require_range("threshold", self.threshold, int(self.spikes_at_threshold), self.state.max - 1)
        check_neuron_options(self)
        require(
            self.spike_bits == 1 or self.threshold >= 1,
            "a neuron that spikes several times in a step needs a threshold of at least 1, not 0",
        )
        require_range("v-reset", self.v_reset, self.state.min, self.limit)
        require_range("drift", self.drift, self.state.min, self.state.max)
        require_range("initial", self.initial, self.state.min, self.state.max)
        require(
            self.drift == 0 or self.kind.synaptic,
            f"a {self.kind.value.upper()} neuron has no synaptic current: its drift is part of its biases",
        )
        require(
            not self.moves_threshold or (self.kind.spikes and self.spike_bits == 1 and not self.owes),
            "an adaptive or noisy threshold is for neurons that spike, once per step, and not with the reset timing "
            "snntorch: give --neuron if, lif or cubalif, and leave --spike-bits and that timing out",
        )
        require(
            not self.slides
            or (self.reset, self.reset_timing, self.refractory, self.spike_bits, self.initial)
            == (Reset.ZERO, ResetTiming.SAME, 0, 1, 0),
            "a sliding neuron spikes once per step, has no reset and begins at 0: leave --reset, --reset-timing, "
            "--refractory, --spike-bits and --initial out",
        )
        require(1 <= len(self.taps) <= MAX_TAPS, f"a sliding neuron has 1 to {MAX_TAPS} taps, not {len(self.taps)}")
        for tap in self.taps:
            require_range("taps", tap, 0, 15)
        if self.adaptation is not None:
            require_range("adaptation", self.adaptation.step, 1, self.state.max)

    @property
    def state(self) -> IntFormat:
        """The membrane potential is signed."""
        return IntFormat(bits=self.state_bits, signed=True)

    @property
    def accumulated(self) -> IntFormat:
        """Format of what the events are added to: the synaptic current, or the membrane."""
        return IntFormat(bits=self.current_bits if self.kind.synaptic else self.state_bits, signed=True)

    @property
    def spike(self) -> IntFormat:
        """Spikes of a neuron in a step."""
        return IntFormat(bits=self.spike_bits, signed=False)

    @property
    def spikes_at_threshold(self) -> bool:
        """Whether a membrane at its threshold spikes."""
        return self.comparison is Comparison.AT_LEAST

    @property
    def limit(self) -> int:
        """A neuron spikes when its membrane is above this."""
        return self.threshold - self.spikes_at_threshold

    @property
    def reset_value(self) -> int:
        """Where a reset other than by subtraction leads."""
        return self.v_reset if self.reset is Reset.VALUE else 0

    @property
    def rest_steps(self) -> int:
        """Steps after a spike in which the membrane is held: a delayed hard reset wipes out the step after it too."""
        late = self.reset_timing is ResetTiming.NEXT and self.reset is not Reset.SUBTRACT
        return (self.refractory or int(late and self.kind.synaptic)) if self.kind.spikes else 0

    @property
    def varying(self) -> tuple[LeakParams, ...]:
        """The leaks of membrane and synapse, as far as there are any, whose decays differ between neurons."""
        leaks = ((self.kind.leaks, self.leak), (self.kind.synaptic, self.synapse))
        return tuple(leak for present, leak in leaks if present and leak.varies)

    @property
    def owes(self) -> bool:
        """Whether a membrane may have to exceed the threshold twice to spike."""
        return self.kind.spikes and self.reset_timing is ResetTiming.SNNTORCH

    @property
    def slides(self) -> bool:
        """Whether the membrane is a sum of the last inputs."""
        return self.kind is NeuronKind.SLIDING

    @property
    def join_cycles(self) -> int:
        """Pipeline cycles from what the events are added to until the membrane: one adds current and membrane, one adds
        each two of a sliding neuron's terms."""
        return len(self.taps).bit_length() if self.slides else int(self.kind.synaptic)

    @property
    def moves_threshold(self) -> bool:
        """Whether a membrane is compared with more than the constant threshold."""
        return self.adaptation is not None or self.noise is not None

    @property
    def unmoved(self) -> bool:
        """Whether a step without events changes nothing, as long as the neuron does not spike: nothing leaks, is added
        or counted, and no sample begins above the threshold."""
        begins_below = not self.kind.spikes or self.initial <= self.limit
        still = not self.kind.leaks and not self.slides and self.rest_steps == 0 and not self.moves_threshold
        return still and begins_below

    @property
    def spikes_again_above(self) -> int | None:
        """The membrane, before the reset, above which a neuron spikes in the next step too if nothing comes; ``None``
        if there is none. Only for a neuron that is ``unmoved``."""
        if not self.kind.spikes or self.reset not in (Reset.SUBTRACT, Reset.NONE):
            return None
        left = (self.spike.max + self.owes) * self.threshold if self.reset is Reset.SUBTRACT else 0
        limit = self.limit + left
        return limit if limit < self.state.max else None

    @property
    def has_side(self) -> bool:
        """Whether a neuron has more state than what events are added to: a membrane behind its current, steps of rest
        that are left, that it owes snnTorch a threshold, an adaptive threshold, or earlier inputs."""
        behind_threshold = self.rest_steps > 0 or self.owes or self.adaptation is not None
        return self.kind.synaptic or self.slides or behind_threshold

    @property
    def count_cycles(self) -> int:
        """Pipeline cycles for each further bit of the number of spikes."""
        return 2 * (self.spike_bits - 1) if self.kind.spikes else 0

    @property
    def extra_cycles(self) -> int:
        """Pipeline cycles more than those of a LIF that spikes once per step; one is for what moves the threshold."""
        return self.join_cycles + int(self.moves_threshold) + self.count_cycles
