"""How to make an exact pair."""

from dataclasses import dataclass

from tospike.hw.params import check_options, option

INPUT_BITS = 8
"""Of an unsigned input value: QuantizeLinear saturates at no others."""


@dataclass(frozen=True, kw_only=True)
class ExactOptions:
    """The levels of an exact pair, and the widths of its numbers."""

    steps: int = option(8, "Most spikes of a neuron per sample, and levels of an activation besides 0", low=1, high=255)
    weight_bits: int = option(8, "Bits of a weight", low=2, high=8)
    percentile: float = option(
        99.9, "Percentile of a layer's activations that all its spikes represent", above=0, high=100
    )
    calibration_samples: int = option(2048, "Maximum number of calibration samples", low=1, high=1 << 20)
    acc_bits: int = 32

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def largest_input(self) -> int:
        """The largest input level."""
        return (1 << INPUT_BITS) - 1

    @property
    def largest_weight(self) -> int:
        """The largest weight; the lowest is its negative."""
        return (1 << (self.weight_bits - 1)) - 1
