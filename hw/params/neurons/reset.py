"""What a spike does to the membrane."""

from enum import StrEnum
from typing import Protocol

from tospike.hw.params.check import require, require_range


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


class ResetOptions(Protocol):
    """What float and integer neurons have in common."""

    @property
    def reset(self) -> Reset: ...
    @property
    def reset_timing(self) -> ResetTiming: ...
    @property
    def spike_bits(self) -> int: ...
    @property
    def refractory(self) -> int: ...


def check_reset(neuron: ResetOptions) -> None:
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
