"""The choices of a quantisation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from tospike.gen.quantize.scale import ScaleMethod
from tospike.hw.params import LeakKind, RequantizeParams, Rounding, check_options, of_layer, option, require

WIDEST_WEIGHT = 16
"""Bits of an SNN's weights at most."""
SEARCHED_SCALES = 33
"""Scales that are tried where a search pays."""
ROUNDED_OFF = 1 / 64
"""Fraction of the threshold by which rounding in leaks by multiplier may move a membrane."""
_OF_LAYERS = ("threshold", "scale", "layers")
SHIFTED_OFF = 1 / 8
"""The same of leaks by shift, with weights of 8 bits."""


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """How a network becomes integers, where trained quantisers do not say it.

    The defaults are what measures best on the example networks at 8 bits.
    """

    PANEL: ClassVar = "Quantisation"

    calibration_samples: int = option(2048, "Maximum number of calibration samples", low=1, high=1 << 20)
    """At most so many of the calibration samples are used, evenly spread over them."""
    weight_bits: int = option(8, "Weight bits; ANN, 1: +1 and -1", low=1, high=WIDEST_WEIGHT, per_layer="ann snn")
    weight_scale: ScaleMethod = option(
        ScaleMethod.MSE, "Clipping range of weights; percentile: the 99.9th; mse: least error", per_layer="ann snn"
    )
    """At 8 bits all methods do equally well on the examples; at 3 bits MSE keeps 94 to 96 %, MAX 81 to 88 %."""
    scale_search: int | None = option(
        None,
        "SNN: scales to try per layer",
        low=0,
        high=256,
        unset=f"{SEARCHED_SCALES} for recurrent or CubaLIF",
        per_layer="snn",
    )
    """SNN: so many scales are tried for a layer's weights, and that is taken with which its neurons spike most nearly
    as often as in the float network on the calibration data; ``None``: `SEARCHED_SCALES` for a layer with recurrence
    or synaptic currents, whose spikes a little rounding changes a lot, else 0: as ``weight_scale`` says."""
    input_bits: int = option(8, "SNN: bits of an input value", low=1, high=8, unset="direct: 8, else 4")
    """With direct encoding. (Rate encoding brings its bits along, an ANN uses ``act_bits``.)"""

    act_bits: int = option(8, "ANN: activation bits", low=1, high=8)
    """And of inputs; unsigned if no input and no hidden stage can be negative."""
    act_scale: ScaleMethod = option(ScaleMethod.MSE, "ANN: clipping range of activations")
    acc_bits: int = option(32, "ANN: accumulator bits", low=8, high=32)
    per_channel: bool = option(True, "ANN: one weight scale per output channel", per_layer="ann")
    """But one for the last layer: its logits are compared with each other."""
    requantize: RequantizeParams = field(default=RequantizeParams())

    state_bits: int | None = option(
        None, "SNN: membrane bits", low=4, high=32, unset="what calibration needs, plus headroom", per_layer="snn"
    )
    """``None``: ``headroom_bits`` more than the calibration data need."""
    headroom_bits: int = option(1, "SNN: membrane bits above what calibration needs", low=0, high=16, per_layer="snn")
    leak: LeakKind | None = option(None, "SNN: leak by shift or multiplier", unset="shift where exact", per_layer="snn")
    """``None``: a shift where the decay is 1 - 2**-k, else a multiplier."""
    decay_bits: int = option(12, "SNN: fraction bits of a decay", low=1, high=16, per_layer="snn")
    """Of one that is multiplied."""
    leak_rounding: Rounding = option(Rounding.FLOOR, "SNN: rounding of leaks", per_layer="snn")
    fraction_bits: int | None = option(
        None,
        "SNN: fraction bits of states beyond those of weights",
        low=0,
        high=15,
        unset="as leaks need",
        per_layer="snn",
    )
    """``None``: as many as keep the sum of all that leaks round off
    below `ROUNDED_OFF` or `SHIFTED_OFF` of the threshold, and hold biases, threshold and reset
    (`tospike.gen.quantize.state_unit`): most often none with leaks by shift."""

    threshold: int | None = option(
        None,
        "SNN: integer threshold; the weight scale follows",
        low=1,
        high=(1 << 31) - 2,
        per_layer="snn",
        layers_only=True,
    )
    """The states' unit is the real threshold over it, and a weight's is that times ``2**fraction_bits`` (0 if not
    given)."""
    scale: float | None = option(None, "Real value of a weight of 1", above=0, per_layer="ann snn", layers_only=True)

    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """What stages have otherwise, by their names and the fields here; see `of_layer`."""

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.threshold is None or self.scale is None,
            "threshold sets the scale of the weights: leave one of threshold and scale out",
        )
        for layer in self.layers:
            of_layer(self, layer)

    def describe(self) -> dict[str, object]:
        """Return every option by its name, as JSON takes it (its enums are strings); single layers' where there are
        any."""
        described = asdict(self)
        return {name: described[name] for name in described if name not in _OF_LAYERS or described[name]}
