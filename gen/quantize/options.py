"""Options of quantisation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from tospike.gen.quantize.scale import ScaleMethod
from tospike.hw.params import LeakKind, RequantizeParams, Rounding, check_options, of_layer, option, require

WIDEST_WEIGHT = 16
"""Most bits of an SNN's weights."""
SEARCHED_SCALES = 33
"""Number of scales that a search tries by default."""
ROUNDED_OFF = 1 / 64
"""Fraction of the threshold by which rounding in leaks by multiplier may move a membrane."""
_OF_LAYERS = ("threshold", "threshold_factor", "scale", "layers")
SHIFTED_OFF = 1 / 8
"""The same for leaks by shift, with weights of 8 bits."""


@dataclass(frozen=True, kw_only=True)
class QuantizeOptions:
    """How to quantise a network, where trained quantisers do not determine it.

    The defaults measure best on the example networks at 8 bits.
    """

    PANEL: ClassVar = "Quantisation"

    calibration_samples: int = option(2048, "Maximum number of calibration samples", low=1, high=1 << 20)
    """Evenly spaced in the calibration data."""
    weight_bits: int = option(8, "Weight bits; ANN, 1: +1 and -1", low=1, high=WIDEST_WEIGHT, per_layer="ann snn")
    weight_scale: ScaleMethod = option(
        ScaleMethod.MSE, "Clipping range of weights; percentile: the 99.9th; mse: least error", per_layer="ann snn"
    )
    """At 8 bits all methods do equally well on the examples; at 3 bits MSE keeps 94 to 96 %, MAX 81 to 88 %."""
    scale_search: int | None = option(
        None,
        "SNN: number of weight scales to try per layer",
        low=0,
        high=256,
        unset=f"{SEARCHED_SCALES} for recurrent or CubaLIF",
        per_layer="snn",
    )
    """The scale is chosen whose spike counts are nearest to the float network's on the calibration data. ``None``:
    `SEARCHED_SCALES` for a layer with recurrence or synaptic currents, whose spikes are sensitive to rounding, else 0,
    so that ``weight_scale`` decides."""
    input_bits: int = option(8, "SNN: bits of an input value", low=1, high=8, unset="direct: 8, else 4")
    """With direct encoding. (Rate encoding has its own bits, and an ANN uses ``act_bits``.)"""

    act_bits: int = option(8, "ANN: activation bits", low=1, high=8)
    """Also of inputs; unsigned if no input and no hidden stage can be negative."""
    act_scale: ScaleMethod = option(ScaleMethod.MSE, "ANN: clipping range of activations")
    acc_bits: int = option(32, "ANN: accumulator bits", low=8, high=32)
    per_channel: bool = option(True, "ANN: one weight scale per output channel", per_layer="ann")
    """The last layer always has one scale, because its logits are compared."""
    requantize: RequantizeParams = field(default=RequantizeParams())

    state_bits: int | None = option(
        None, "SNN: membrane bits", low=4, high=32, unset="what calibration needs, plus headroom", per_layer="snn"
    )
    """``None``: ``headroom_bits`` more than the calibration data need."""
    headroom_bits: int = option(1, "SNN: membrane bits above what calibration needs", low=0, high=16, per_layer="snn")
    leak: LeakKind | None = option(None, "SNN: leak by shift or multiplier", unset="shift where exact", per_layer="snn")
    """``None``: a shift where the decay is 1 - 2**-k, else a multiplier."""
    decay_bits: int = option(12, "SNN: fraction bits of a decay", low=1, high=16, per_layer="snn")
    """For leaks by multiplier."""
    leak_rounding: Rounding = option(Rounding.FLOOR, "SNN: rounding of leaks", per_layer="snn")
    fraction_bits: int | None = option(
        None,
        "SNN: fraction bits of states beyond those of weights",
        low=0,
        high=15,
        unset="as leaks need",
        per_layer="snn",
    )
    """``None``: enough to keep the accumulated rounding of leaks below `ROUNDED_OFF` or `SHIFTED_OFF` of the threshold,
    and to hold biases, threshold and reset (`tospike.gen.quantize.state_unit`); usually none with leaks by shift."""

    threshold: int | None = option(
        None,
        "SNN: integer threshold; the weight scale follows",
        low=1,
        high=(1 << 31) - 2,
        per_layer="snn",
        layers_only=True,
    )
    """The unit of states is the real threshold divided by it; the unit of weights is ``2**fraction_bits`` times that
    (0 fraction bits if not given)."""
    threshold_factor: float | None = option(
        None,
        "SNN: let the host write the threshold, which begins as this multiple of the trained one; with --writable",
        above=0,
        unset="a constant",
        per_layer="snn",
        layers_only=True,
    )
    """Weights and widths are those of the trained threshold, so that all factors have the same hardware."""
    scale: float | None = option(None, "Real value of a weight of 1", above=0, per_layer="ann snn", layers_only=True)

    layers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    """Options of single stages: by stage, then by field of this class; see `of_layer`."""

    def __post_init__(self) -> None:
        check_options(self)
        require(
            self.threshold is None or self.scale is None,
            "threshold sets the scale of the weights: leave one of threshold and scale out",
        )
        for layer in self.layers:
            of_layer(self, layer)

    def describe(self) -> dict[str, object]:
        """Return every option by name, as JSON (the enums are strings), with those of single layers if there are
        any."""
        described = asdict(self)
        return {name: described[name] for name in described if name not in _OF_LAYERS or described[name]}
