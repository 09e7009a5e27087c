"""The multiply-accumulate array, whichever engine feeds it, and the requantisation of its sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tospike.hw.params.check import require, require_range
from tospike.hw.params.numbers import IntFormat, Rounding
from tospike.hw.params.packing import packing_shift
from tospike.hw.params.primitives import PRIMITIVES, PrimitiveFacts, PrimitiveSet, sets_with

WIDEST_SUM = 32
"""Bits of an accumulator, at most."""


class Dataflow(StrEnum):
    """Which operand is stationary in the processing elements."""

    OS = "os"
    """Output-stationary: each PE accumulates one result; activations and weights move."""
    WS = "ws"
    """Weight-stationary: each PE holds one weight; activations and partial sums move."""


class WeightSource(StrEnum):
    """Where the weights of an engine around an array come from."""

    MEMORY = "memory"
    """On-chip memory that holds all of them."""
    STREAM = "stream"
    """The host, which streams them in for each frame, in the order of use."""


@dataclass(frozen=True, kw_only=True)
class ArrayParams:
    """The bare R x C multiply-accumulate array."""

    rows: int
    cols: int
    dataflow: Dataflow = Dataflow.OS
    act: IntFormat = field(default=IntFormat(bits=8, signed=True))
    weight_bits: int = 8
    """1: every weight is +1 or -1."""
    acc_bits: int = WIDEST_SUM
    product_registers: int = 2
    """Pipeline registers between multiplier and adder. Vendor multipliers include one of them, or both."""
    zero_gating: bool = False
    """Whether a multiplier holds its operands, and so does not toggle, while an operand is zero."""
    primitives: PrimitiveSet = PrimitiveSet.GENERIC
    products_per_multiplier: int = 1
    """2: each pair of columns shares its multipliers, see :func:`tospike.hw.params.packing_shift`."""

    def __post_init__(self) -> None:
        require_range("rows", self.rows, 1, 256)
        require_range("cols", self.cols, 1, 256)
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("weight-bits", self.weight_bits, 1, 9)
        require_range("acc-bits", self.acc_bits, self.act.bits + self.weight.bits, WIDEST_SUM)
        require(
            self.weight_bits > 1 or self.dataflow is Dataflow.OS,
            "weight-bits 1 needs dataflow os: a weight-stationary array pads the matrix with weights of 0, which 1 bit "
            "cannot store: give dataflow os, or 2 weight-bits",
        )
        require_range("product-registers", self.product_registers, 0, 3)
        low, high = self.facts.product_registers
        require(
            low <= self.product_registers <= high,
            f"product-registers must be from {low} to {high} with primitives {self.primitives.value}, "
            f"not {self.product_registers}",
        )
        require(
            not self.zero_gating or self.facts.gates_zeros,
            f"zero-gating needs primitives {sets_with('gates_zeros')}: the operands of {self.primitives.value} "
            "multipliers are not isolated",
        )
        require_range("products-per-multiplier", self.products_per_multiplier, 1, 2)
        require(
            self.products_per_multiplier == 1 or self.packing_obstacle is None,
            f"products-per-multiplier cannot be 2: {self.packing_obstacle}",
        )

    @property
    def facts(self) -> PrimitiveFacts:
        """Capabilities of the array's primitives."""
        return PRIMITIVES[self.primitives]

    @property
    def packing_obstacle(self) -> str | None:
        """Why two columns of this array cannot share their multipliers, with the remedy; ``None`` if they can."""
        if self.dataflow is not Dataflow.OS:
            return "two columns use the same activation in the same cycle only with dataflow os"
        if self.weight_bits == 1:
            return "weights of 1 bit need no multipliers"
        if self.cols % 2:
            return f"columns share multipliers in pairs, but there are {self.cols}: give an even number of cols"
        if not self.facts.shares_multipliers:
            others = sets_with("shares_multipliers")
            return f"the multipliers of {self.primitives.value} are too narrow: give primitives {others}"
        if self.zero_gating:
            return "a weight of 0 cannot gate the product of its neighbour: leave zero-gating out"
        if packing_shift(self.act, self.weight) is None:
            sign = "signed" if self.act.signed else "unsigned"
            return (
                f"{sign} activations of {self.act.bits} bits and two weights of {self.weight.bits} do not fit a "
                "multiplier of 18 bits: give fewer weight-bits or act-bits"
            )
        return None

    @property
    def mac_latency(self) -> int:
        """Cycles from an operand at a processing element's input to the sum in its register."""
        # operand, product and sum registers; weight-stationary, the weight's register comes before the operand's
        return 2 + self.product_registers + (self.dataflow is Dataflow.WS)

    @property
    def drain_registers(self) -> int:
        """Output-stationary: registers from a sum to the bottom of its column. The first merges 2 rows, others 4."""
        stages, joined = 1, 2
        while joined < self.rows:
            stages, joined = stages + 1, 4 * joined
        return stages

    @property
    def latency(self) -> int:
        """Cycles from a result's last operand at row 0 to the result at the bottom of column 0."""
        return self.mac_latency + (self.drain_registers if self.dataflow is Dataflow.OS else self.rows - 1)

    @property
    def skew(self) -> int:
        """Cycles by which the last column lags the first: columns that share multipliers work in lockstep."""
        return (self.cols - 1) // self.products_per_multiplier

    @property
    def multipliers(self) -> int:
        """Multipliers of the array: none for weights of +1 and -1, unless they come with the adder's cell."""
        if self.weight_bits == 1 and not self.facts.multiplier_adds and not self.zero_gating:
            return 0
        return self.rows * self.cols // self.products_per_multiplier

    @property
    def gap(self) -> int:
        """Output-stationary: idle steps required between two tiles."""
        return int(self.dataflow is Dataflow.OS and self.facts.multiplier_adds)

    @property
    def weight(self) -> IntFormat:
        """Format of weights at the multipliers: signed, so a weight stored in 1 bit has 2 here."""
        return IntFormat(bits=max(2, self.weight_bits), signed=True)

    @property
    def weight_values(self) -> Sequence[int]:
        """The values that a weight can have, in ascending order."""
        return (-1, 1) if self.weight_bits == 1 else range(self.weight.min, self.weight.max + 1)

    @property
    def weight_range(self) -> str:
        """`weight_values` in words, for messages."""
        return "-1 or 1" if self.weight_bits == 1 else f"from {self.weight.min} to {self.weight.max}"

    @property
    def acc(self) -> IntFormat:
        """Format of the accumulators: signed. The planner refuses layers that could overflow it."""
        return IntFormat(bits=self.acc_bits, signed=True)

    @property
    def macs_per_cycle(self) -> int:
        """Peak multiply-accumulates per cycle."""
        return self.rows * self.cols

    @property
    def arrays(self) -> "tuple[ArrayParams, ...]":
        """The array itself, as in `EngineParams.arrays`."""
        return (self,)

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What it is built from, as in `EngineParams.primitive_sets`."""
        return (self.primitives,)

    def with_primitives(self, primitives: PrimitiveSet) -> "ArrayParams":
        """Return this array built from other primitives."""
        return replace(self, primitives=primitives)


TABLE_INDEX = IntFormat(bits=8, signed=True)
"""Format of the index of a table of activations: what the requantiser of a layer with a function gives."""


def check_tabled(clamp: tuple[int, int] | None, *, tabled: bool) -> None:
    """Check the clamp of a layer, whose results index a table if it is ``tabled``.

    Raises
    ------
    InputError
        It has none, or one beyond the index.
    """
    good = not tabled or (clamp is not None and all(map(TABLE_INDEX.holds, clamp)))
    require(good, f"a layer looks up its results, so its clamp must fit {TABLE_INDEX.bits} bits: it is {clamp}")


@dataclass(frozen=True, kw_only=True)
class RequantizeParams:
    """Requantisation of accumulators, with one multiplier per output channel.

    ``y = clamp(round((acc * 2**fraction_bits + bias) * multiplier / 2**shift))``

    The integer form of Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", CVPR 2018, eq. 6, with rounding ``HALF_UP``; ``HALF_EVEN`` where trained
    quantisers have ties.
    """

    multiplier_bits: int = 16
    max_shift: int = 31
    rounding: Rounding = Rounding.HALF_UP
    fraction_bits: int = 0
    """Fraction bits of biases relative to sums: the same for all layers, so that the left shift is only wiring."""

    def __post_init__(self) -> None:
        require_range("fraction-bits", self.fraction_bits, 0, 15)
        require_range("multiplier-bits", self.multiplier_bits, 2, 28)
        require_range("max-shift", self.max_shift, 1, 47)

    @property
    def multiplier(self) -> IntFormat:
        """Format of the multipliers: unsigned."""
        return IntFormat(bits=self.multiplier_bits, signed=False)
