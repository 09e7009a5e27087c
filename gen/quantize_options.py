"""The choices of a quantisation."""

from dataclasses import asdict, dataclass, field

from tospike.gen.scale import ScaleMethod
from tospike.hw.params import LeakKind, RequantizeParams, Rounding, require_range

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

    calibration_samples: int = 2048
    """At most so many of the calibration samples are used, evenly spread over them."""
    weight_bits: int = 8
    """1 (ANN only) means weights of +1 and -1."""
    weight_scale: ScaleMethod = ScaleMethod.MSE
    """At 8 bits all methods do equally well on the examples; at 3 bits MSE keeps 94 to 96 %, MAX 81 to 88 %."""
    scale_search: int | None = None
    """SNN: so many scales are tried for a layer's weights, and that is taken with which its neurons spike most nearly
    as often as in the float network on the calibration data; ``None``: `SEARCHED_SCALES` for a layer with recurrence
    or synaptic currents, whose spikes a little rounding changes a lot, else 0: as ``weight_scale`` says."""
    input_bits: int = 8
    """SNN with direct encoding: bits of a value. (Rate encoding brings its bits along, an ANN uses ``act_bits``.)"""

    act_bits: int = 8
    """ANN: bits of inputs and activations; unsigned if no input and no hidden stage can be negative."""
    act_scale: ScaleMethod = ScaleMethod.MSE
    acc_bits: int = 32
    per_channel: bool = True
    """ANN: a weight scale per output channel, but one for the last layer: its logits are compared with each other."""
    requantize: RequantizeParams = field(default=RequantizeParams())

    state_bits: int | None = None
    """SNN: width of the membranes; ``None``: what the calibration data need, and ``headroom_bits`` more."""
    headroom_bits: int = 1
    leak: LeakKind | None = None
    """SNN: ``None``: a shift where the decay is 1 - 2**-k, else a multiplier."""
    decay_bits: int = 12
    """SNN: fraction bits of a decay that is multiplied."""
    leak_rounding: Rounding = Rounding.FLOOR
    fraction_bits: int | None = None
    """SNN: bits by which states are finer than weights; ``None``: as many as keep the sum of all that leaks round off
    below `ROUNDED_OFF` or `SHIFTED_OFF` of the threshold, and hold biases, threshold and reset
    (`tospike.gen.state_unit`): most often none with leaks by shift."""

    def __post_init__(self) -> None:
        require_range("calibration-samples", self.calibration_samples, 1, 1 << 20)
        require_range("weight-bits", self.weight_bits, 1, WIDEST_WEIGHT)
        if self.scale_search is not None:
            require_range("scale-search", self.scale_search, 0, 256)
        require_range("input-bits", self.input_bits, 1, 8)
        require_range("act-bits", self.act_bits, 1, 8)
        require_range("acc-bits", self.acc_bits, 8, 32)
        require_range("headroom-bits", self.headroom_bits, 0, 16)
        require_range("decay-bits", self.decay_bits, 1, 16)
        if self.fraction_bits is not None:
            require_range("fraction-bits", self.fraction_bits, 0, 15)
        if self.state_bits is not None:
            require_range("state-bits", self.state_bits, 4, 32)

    def describe(self) -> dict[str, object]:
        """Every option by its name, as JSON takes it (its enums are strings)."""
        return asdict(self)
