"""Reset: what a spike does to the membrane, and when."""

from enum import StrEnum
from typing import Protocol

from tospike.hw.params.check import require, require_range


class Reset(StrEnum):
    """What a spike does to the membrane."""

    ZERO = "zero"
    """v <- 0."""
    SUBTRACT = "subtract"
    """v <- v - threshold, once per spike."""
    VALUE = "value"
    """v <- v_reset."""
    NONE = "none"
    """No reset: a neuron spikes in every time step in which v is above the threshold."""


class ResetTiming(StrEnum):
    """When a spike resets the membrane."""

    SAME = "same"
    """In the time step of the spike, after the comparison."""
    NEXT = "next"
    """In the next time step, as snnTorch does by default. A subtraction follows the leak, which acts on the membrane
    above the threshold. A hard reset precedes the leak; with a synaptic current it follows the whole update, so that
    the membrane loses that step's current. A membrane readout shows the membrane before the reset."""
    SNNTORCH = "snntorch"
    """As snnTorch subtracts with ``reset_delay=False``: in the time step of the spike, but a membrane that is still
    above the threshold afterwards must exceed twice the threshold in the next step to spike again."""


class PayloadCode(StrEnum):
    """What the payload of a graded spike of up to ``spike_bits`` bits tells."""

    COUNT = "count"
    """How many multiples of the threshold v exceeds."""
    BURST = "burst"
    """Powers of two: 1 for the first spike of a burst, and twice as much for each spike in the next time step, up to
    ``2**(spike_bits - 1)``. A spike of n needs a membrane above n thresholds, and subtracts as many (Park et al. 2019,
    arXiv:1809.03142)."""
    PHASE = "phase"
    """The same with ``2**(spike_bits - 1 - t % spike_bits)`` in time step t (Kim et al. 2018,
    doi:10.1016/j.neucom.2018.05.087)."""


class ResetOptions(Protocol):
    """The reset options that float and integer neurons share."""

    @property
    def reset(self) -> Reset: ...
    @property
    def reset_timing(self) -> ResetTiming: ...
    @property
    def spike_bits(self) -> int: ...
    @property
    def refractory(self) -> int: ...
    @property
    def code(self) -> PayloadCode: ...


def check_reset(neuron: ResetOptions) -> None:
    """Check reset options against each other.

    Raises
    ------
    InputError
        They contradict each other, or a number is out of range.
    """
    require_range("spike-bits", neuron.spike_bits, 1, 4)
    require_range("refractory", neuron.refractory, 0, 255)
    hard = neuron.reset in (Reset.ZERO, Reset.VALUE)
    require(
        neuron.reset is not Reset.NONE or (neuron.reset_timing is ResetTiming.SAME and neuron.spike_bits == 1),
        "without a reset there is no reset timing, and one spike per time step: give --reset-timing same and "
        "--spike-bits 1, or another --reset",
    )
    require(
        neuron.reset_timing is not ResetTiming.SNNTORCH or (not hard and neuron.spike_bits == 1),
        "--reset-timing snntorch is for reset by subtraction with one spike per time step: give --reset subtract and "
        "--spike-bits 1, or another --reset-timing",
    )
    require(
        neuron.code is PayloadCode.COUNT
        or (neuron.spike_bits > 1 and neuron.reset is Reset.SUBTRACT and neuron.reset_timing is ResetTiming.SAME),
        f"code {neuron.code.value} sends powers of two, and subtracts as many thresholds: give --spike-bits "
        "2 or more, --reset subtract and --reset-timing same",
    )
    require(
        not neuron.refractory or (hard and neuron.reset_timing is ResetTiming.SAME),
        "a refractory neuron stays at its reset value: give --reset zero or value, and --reset-timing same",
    )
