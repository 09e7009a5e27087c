"""The dataflow engine: an array for a single layer, folded on its own, between wide links."""

from dataclasses import dataclass, field, replace

from tospike.hw.params.added import ADDED
from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import RequantizeParams
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.image_window import ImageWindow
from tospike.hw.params.numbers import IntFormat, ceil_div
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import BeatFormat, Contents

MAX_FOLD = 1 << 13
"""Cycles per frame, or window, at most: words of the weight memory, so that every depth has the same read latency."""

NARROW_BITS = 5
"""Bits of both operands of a product that is a table: a LUT, or a few, for each bit of the result."""

MAX_PRODUCTS = 1 << 11
"""Multipliers at most."""


def fits_lanes(simd: int, lanes: int) -> bool:
    """Return whether words of ``simd`` values can be made of beats of ``lanes``: one is a multiple of the other."""
    return simd % lanes == 0 or lanes % simd == 0


@dataclass(frozen=True, kw_only=True)
class DataflowDenseParams(EngineParams):
    """A dense layer as a matrix-vector unit: ``pe`` neurons side by side, each with ``simd`` multipliers.

    A frame takes ``fold`` cycles: for each group of ``pe`` neurons all words of ``simd`` inputs. Frames follow one
    another without a gap. A convolution is such a layer, too: its frames are the windows of an image.
    """

    inputs: int
    outputs: int
    simd: int
    pe: int
    act: IntFormat
    """Format of the input values, and of requantised results."""
    input_lanes: int
    """Values per beat of the input link; `simd` is a multiple or a divisor."""
    output_lanes: int
    """Values per beat of the output link, and requantisers: a divisor of ``pe``."""
    weight_bits: int = 8
    acc_bits: int = 32
    dsp_products: int | None = None
    """Of the ``simd * pe`` multipliers so many are DSP blocks, the others are made of LUTs; ``None``: all of them, but
    none if operands have `NARROW_BITS` at most."""
    clamp: tuple[int, int] | None = None
    """Range of a requantised result: [0, max] is ReLU. ``None`` sends the accumulators themselves."""
    shift: int = 0
    """Of the requantiser; 0 without a clamp."""
    requantize: RequantizeParams = field(default=RequantizeParams())
    primitives: PrimitiveSet = PrimitiveSet.GENERIC
    counter_bits: int = 32
    window: ImageWindow | None = field(default=None, metadata=ADDED)
    """The window whose values are the ``inputs`` of a convolution, and whose words have ``simd`` of them."""

    def __post_init__(self) -> None:
        require_range("inputs of a layer", self.inputs, 1, 1 << 16)
        require_range("outputs of a layer", self.outputs, 1, 1 << 16)
        require_range("simd", self.simd, 1, MAX_PRODUCTS)
        require_range("pe", self.pe, 1, MAX_PRODUCTS)
        require_range("simd * pe", self.products, 1, MAX_PRODUCTS)
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("weight-bits", self.weight_bits, 2, 9)
        require_range("acc-bits", self.acc_bits, self.act.bits + self.weight_bits, 32)
        require_range("dsp-products", self.dsps, 0, self.products)
        check_counter_bits(self.counter_bits)
        require_range("fold", self.fold, 1, MAX_FOLD)
        taken = self.simd if self.window is None else self.window.lanes
        require(
            fits_lanes(taken, self.input_lanes),
            f"{'simd' if self.window is None else 'lanes of a line buffer'} {taken} must be a multiple or a divisor of "
            f"the {self.input_lanes} lanes of the input link",
        )
        self._check_window()
        require(
            self.pe % self.output_lanes == 0,
            f"pe {self.pe} must be a multiple of the {self.output_lanes} lanes of the output link",
        )
        require(
            self.group_beats <= self.words,
            f"{self.pe} neurons leave {self.output_lanes} at a time in {self.group_beats} cycles, but are computed in "
            f"{self.words}: give more output lanes",
        )
        if self.clamp is None:
            require(self.shift == 0, "a layer that sends its accumulators has no shift")
            return
        require_range("shift of a layer", self.shift, 0, self.requantize.max_shift)
        require(
            all(self.act.holds(value) for value in self.clamp),
            f"results must be clamped to the activation format, not {self.clamp}",
        )

    def _check_window(self) -> None:
        window = self.window
        if window is None:
            return
        require(
            (self.inputs, self.simd) == (window.values, window.width),
            f"windows have {window.values} values, {window.width} in a word, not {self.inputs} and {self.simd}",
        )
        require(self.act.holds(window.pad_value), f"padding must be an activation, not {window.pad_value}")
        require(
            self.outputs % self.output_lanes == 0 or window.positions == 1,
            f"{self.outputs} channels must be a multiple of the {self.output_lanes} lanes of the output link",
        )

    @property
    def words(self) -> int:
        """Words of ``simd`` inputs in a frame: cycles per group of neurons."""
        return ceil_div(self.inputs, self.simd)

    @property
    def groups(self) -> int:
        """Groups of ``pe`` neurons: passes over the words of a frame."""
        return ceil_div(self.outputs, self.pe)

    @property
    def fold(self) -> int:
        """Cycles per frame, or window."""
        return self.words * self.groups

    @property
    def positions(self) -> int:
        """Windows of an image; a dense layer has one."""
        return 1 if self.window is None else self.window.positions

    @property
    def cycles(self) -> int:
        """Cycles per sample."""
        return self.positions * self.fold

    @property
    def frame_beats(self) -> int:
        """Output beats of a frame, or window."""
        return ceil_div(self.outputs, self.output_lanes)

    @property
    def structure(self) -> str:
        """The array in words."""
        return f"{self.simd} x {self.pe}"

    @property
    def products(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.simd * self.pe

    @property
    def dsps(self) -> int:
        """Multipliers that are DSP blocks."""
        if self.dsp_products is not None:
            return self.dsp_products
        return 0 if self.is_narrow else self.products

    @property
    def is_narrow(self) -> bool:
        """Whether its operands have few bits, so that a product can be a table."""
        return self.act.bits + self.weight_bits <= NARROW_BITS

    @property
    def has_tables(self) -> bool:
        """Whether all products are tables, with a register behind them only."""
        return self.is_narrow and self.dsps == 0

    @property
    def group_beats(self) -> int:
        """Output beats of a group; the last group may have fewer."""
        return self.pe // self.output_lanes

    @property
    def weight(self) -> IntFormat:
        """Format of the weights."""
        return IntFormat(bits=self.weight_bits, signed=True)

    @property
    def acc(self) -> IntFormat:
        """Format of the accumulators. The planner refuses layers that could overflow it."""
        return IntFormat(bits=self.acc_bits, signed=True)

    @property
    def input(self) -> BeatFormat:
        """Format of the input link."""
        values = self.inputs if self.window is None else self.window.inputs
        return BeatFormat(addresses=values, payload=self.act, lanes=self.input_lanes)

    @property
    def output(self) -> BeatFormat:
        """Format of the output link."""
        payload = self.acc if self.clamp is None else self.act
        return BeatFormat(addresses=self.positions * self.outputs, payload=payload, lanes=self.output_lanes)

    @property
    def arriving_image(self) -> tuple[int, int, int] | None:
        """The image of a convolution."""
        return None if self.window is None else self.window.shape

    @property
    def sent_image(self) -> tuple[int, int, int] | None:
        """The results of a convolution, position by position, channels innermost."""
        return None if self.window is None else (self.outputs, *self.window.size)

    @property
    def takes(self) -> Contents:
        """The layer's inputs."""
        return Contents.BEATS

    @property
    def sends(self) -> Contents:
        """The layer's results."""
        return Contents.BEATS

    @property
    def layer(self) -> "DataflowDenseParams":
        """The sequence of words and results: its own. A pool has that of another layer."""
        return self

    def with_dsps(self, count: int) -> "DataflowDenseParams":
        """Return this engine with so many multipliers that are DSP blocks."""
        return replace(self, dsp_products=count)

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What its multipliers are built from."""
        return (self.primitives,)

    def with_primitives(self, primitives: PrimitiveSet) -> "DataflowDenseParams":
        """Return this engine with its multipliers built from other primitives."""
        return replace(self, primitives=primitives)
