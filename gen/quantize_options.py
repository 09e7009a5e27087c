"""The choices of a quantisation."""

from dataclasses import asdict, dataclass, field
from typing import ClassVar

from tospike.gen.scale import ScaleMethod
from tospike.hw.params import LeakKind, RequantizeParams, Rounding, check_options, option

WIDEST_WEIGHT = 16
"""Bits of an SNN's weights at most."""
SEARCHED_SCALES = 33
"""Scales that are tried where a search pays."""
ROUNDED_OFF = 1 / 64
"""Fraction of the threshold by which rounding in leaks by multiplier may move a membrane."""
SHIFTED_OFF = 1 / 8
"""The same of leaks by shift, with weights of 8 bits."""


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """How a network becomes integers, where trained quantisers do not say it.

    The defaults are what measures best on the example networks at 8 bits.
    """

    PANEL: ClassVar = "Quantisation"

    calibration_samples: int = option(2048, low=1, high=1 << 20)
    """At most so many of the calibration samples are used, evenly spread over them."""
    weight_bits: int = option(8, "Bits of a weight; ANN, 1: +1 and -1", low=1, high=WIDEST_WEIGHT)
    weight_scale: ScaleMethod = ScaleMethod.MSE
    """At 8 bits all methods do equally well on the examples; at 3 bits MSE keeps 94 to 96 %, MAX 81 to 88 %."""
    scale_search: int | None = option(
        None, "SNN: scales to try for each layer", low=0, high=256, unset=f"{SEARCHED_SCALES} for recurrent or CubaLIF"
    )
    """SNN: so many scales are tried for a layer's weights, and that is taken with which its neurons spike most nearly
    as often as in the float network on the calibration data; ``None``: `SEARCHED_SCALES` for a layer with recurrence
    or synaptic currents, whose spikes a little rounding changes a lot, else 0: as ``weight_scale`` says."""
    input_bits: int = option(8, "SNN: bits of an input value", low=1, high=8, unset="direct: 8, else 4")
    """With direct encoding. (Rate encoding brings its bits along, an ANN uses ``act_bits``.)"""

    act_bits: int = option(8, "ANN: bits of an activation", low=1, high=8)
    """And of inputs; unsigned if no input and no hidden stage can be negative."""
    act_scale: ScaleMethod = ScaleMethod.MSE
    acc_bits: int = option(32, low=8, high=32)
    per_channel: bool = True
    """ANN: a weight scale per output channel, but one for the last layer: its logits are compared with each other."""
    requantize: RequantizeParams = field(default=RequantizeParams())

    state_bits: int | None = option(
        None, "SNN: bits of a membrane", low=4, high=32, unset="what calibration needs, and 1"
    )
    """``None``: ``headroom_bits`` more than the calibration data need."""
    headroom_bits: int = option(1, low=0, high=16)
    leak: LeakKind | None = option(None, "SNN: leak by shift or multiplier", unset="shift where exact")
    """``None``: a shift where the decay is 1 - 2**-k, else a multiplier."""
    decay_bits: int = option(12, "SNN: fraction bits of a decay", low=1, high=16)
    """Of one that is multiplied."""
    leak_rounding: Rounding = Rounding.FLOOR
    fraction_bits: int | None = option(
        None, "SNN: bits by which states are finer than weights", low=0, high=15, unset="by leaks"
    )
    """``None``: as many as keep the sum of all that leaks round off
    below `ROUNDED_OFF` or `SHIFTED_OFF` of the threshold, and hold biases, threshold and reset
    (`tospike.gen.state_unit`): most often none with leaks by shift."""

    def __post_init__(self) -> None:
        check_options(self)

    def describe(self) -> dict[str, object]:
        """Every option by its name, as JSON takes it (its enums are strings)."""
        return asdict(self)
