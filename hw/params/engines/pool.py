"""The pooling engine of dataflow designs: a maximum or a sum over each channel of a window."""

from dataclasses import dataclass, field, replace

from tospike.hw.params.check import require
from tospike.hw.params.engines.array import RequantizeParams
from tospike.hw.params.engines.dataflow import DataflowDenseParams, fits_lanes
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.image_window import ImageWindow
from tospike.hw.params.numbers import IntFormat
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import BeatFormat, Contents


@dataclass(frozen=True, kw_only=True)
class DataflowPoolParams(EngineParams):
    """A pooling layer between links of beats: for each word of a pixel's channels, the taps of the window in turn."""

    window: ImageWindow
    maximum: bool
    """The largest value under the window; or the sum, which is average pooling with the division in the requantiser."""
    act: IntFormat
    """Format of the input values, and of requantised results."""
    input_lanes: int
    """Values per beat of the input link."""
    acc_bits: int
    """Of a sum."""
    clamp: tuple[int, int] | None = None
    """Range of a requantised sum; ``None`` sends the sums, or maxima, themselves."""
    shift: int = 0
    """Of the requantiser; 0 without a clamp."""
    requantize: RequantizeParams = field(default=RequantizeParams())
    primitives: PrimitiveSet = PrimitiveSet.GENERIC
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require(self.window.rows_at_once == 1, "a pool reads a row after the other")
        check_counter_bits(self.counter_bits)
        require(
            fits_lanes(self.window.lanes, self.input_lanes),
            f"lanes of a line buffer {self.window.lanes} must be a multiple or a divisor of the {self.input_lanes} "
            "lanes of the input link",
        )
        require(self.act.holds(self.window.pad_value), f"padding must be an activation, not {self.window.pad_value}")
        require(
            not (self.maximum and self.window.pads) or self.window.pad_value == self.act.min,
            f"padding must not win a maximum: give {self.act.min}, not {self.window.pad_value}",
        )
        require(
            not self.maximum or (self.clamp is None and self.requantize.fraction_bits == 0),
            "a maximum is not requantised",
        )
        _ = self.layer  # checks the others

    @property
    def layer(self) -> DataflowDenseParams:
        """A dense layer with the same sequence of words and results: a group of channels has the taps as inputs."""
        return DataflowDenseParams(
            inputs=self.window.taps,
            outputs=self.window.shape[0],
            simd=1,
            pe=self.window.lanes,
            act=self.act,
            input_lanes=1,
            output_lanes=self.window.lanes,
            weight_bits=2,
            acc_bits=self.acc_bits,
            dsp_products=0,
            clamp=self.clamp,
            shift=self.shift,
            requantize=self.requantize,
            primitives=self.primitives,
        )

    @property
    def products(self) -> int:
        """Multiply-accumulates per cycle: none."""
        return 0

    @property
    def dsps(self) -> int:
        """Multipliers of inputs that are DSP blocks: none."""
        return 0

    def with_dsps(self, count: int) -> "DataflowPoolParams":
        """Return this engine, which has no such multipliers."""
        return self

    @property
    def positions(self) -> int:
        """Windows of an image."""
        return self.window.positions

    @property
    def fold(self) -> int:
        """Cycles per window."""
        return self.layer.fold

    @property
    def cycles(self) -> int:
        """Cycles per sample."""
        return self.positions * self.fold

    @property
    def structure(self) -> str:
        """The engine in words."""
        return f"{'max' if self.maximum else 'sum'} pool of {self.window.lanes}"

    @property
    def input(self) -> BeatFormat:
        """Format of the input link."""
        return BeatFormat(addresses=self.window.inputs, payload=self.act, lanes=self.input_lanes)

    @property
    def output(self) -> BeatFormat:
        """Format of the output link."""
        layer = self.layer
        payload = self.act if self.maximum else layer.output.payload
        return BeatFormat(addresses=self.positions * layer.outputs, payload=payload, lanes=layer.output_lanes)

    @property
    def takes(self) -> Contents:
        """An image."""
        return Contents.BEATS

    @property
    def sends(self) -> Contents:
        """The pooled image."""
        return Contents.BEATS

    @property
    def arriving_image(self) -> tuple[int, int, int]:
        """The image."""
        return self.window.shape

    @property
    def sent_image(self) -> tuple[int, int, int]:
        """The pooled image."""
        return (self.window.shape[0], *self.window.size)

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What the multipliers of its results are built from."""
        return () if self.clamp is None else (self.primitives,)

    def with_primitives(self, primitives: PrimitiveSet) -> "DataflowPoolParams":
        """Return this engine with its multipliers built from other primitives."""
        return replace(self, primitives=primitives)
