"""The unrolled engine: dense layers whose weights are constants in the logic, all products side by side."""

from dataclasses import dataclass, field, replace

from tospike.hw.params.check import require, require_range
from tospike.hw.params.engines.array import RequantizeParams
from tospike.hw.params.engines.engine import EngineParams, check_counter_bits
from tospike.hw.params.numbers import IntFormat, Rounding, ceil_div
from tospike.hw.params.primitives import PrimitiveSet
from tospike.hw.params.stream import BeatFormat, Contents

MAX_UNROLLED = 1 << 16
"""Products of a layer at most, those with weights of 0 included."""


def has_multiples(weight_bits: int) -> bool:
    """Return whether weights of so many bits are more than powers of two."""
    return weight_bits > 2


@dataclass(frozen=True, kw_only=True)
class UnrolledLayer:
    """A dense layer as a circuit of adders, pipelined: a new frame can enter in every cycle."""

    inputs: int
    outputs: int
    weight_bits: int
    acc_bits: int
    terms: int
    """Terms of the longest sum, see `tospike.hw.unrolled.layout`: they determine the depth of the adder trees."""
    adders: int
    """Adders of all sums."""
    clamp: tuple[int, int] | None = None
    """Range of a requantised result: [0, max] is ReLU. ``None`` sends the sums themselves."""
    shift: int = 0
    """Of the requantiser; 0 without a clamp."""
    scaled: bool = False
    """Whether results are multiplied; otherwise all multipliers are powers of two, or 0, and cost nothing."""
    dsps: int = 0
    """So many multipliers of results, those of the first outputs, may be DSP blocks; the others are adders."""

    def __post_init__(self) -> None:
        require_range("inputs of a layer", self.inputs, 1, 1 << 12)
        require_range("outputs of a layer", self.outputs, 1, 1 << 12)
        require_range("products of an unrolled layer", self.inputs * self.outputs, 1, MAX_UNROLLED)
        require_range("weight-bits", self.weight_bits, 2, 9)
        require_range("acc-bits", self.acc_bits, 2, 32)
        require_range("terms", self.terms, 1, 2 * self.inputs + 1)
        require_range("adders", self.adders, 0, MAX_UNROLLED * 4)
        require_range("dsps", self.dsps, 0, self.outputs)
        if self.clamp is None:
            require(not self.scaled and self.shift == 0, "a layer that sends its sums has no shift and no multipliers")
        require(self.scaled or self.dsps == 0, "DSP blocks are for multipliers other than powers of two")

    @property
    def has_multiples(self) -> bool:
        """Whether a pipeline stage computes odd multiples of the inputs: weights of 2 bits need none."""
        return has_multiples(self.weight_bits)

    @property
    def acc(self) -> IntFormat:
        """Format that holds every sum."""
        return IntFormat(bits=self.acc_bits, signed=True)

    @property
    def weight(self) -> IntFormat:
        """Format of the weights."""
        return IntFormat(bits=self.weight_bits, signed=True)


@dataclass(frozen=True, kw_only=True)
class UnrolledParams(EngineParams):
    """Consecutive dense layers in one pipeline without memories: only its end can stall, and only its start waits."""

    layers: tuple[UnrolledLayer, ...]
    act: IntFormat
    """Format of the input values, and of requantised results."""
    input_lanes: int
    """Values per beat of the input link."""
    adder_levels: int = 1
    """Adders between two registers of an adder tree."""
    requantize: RequantizeParams = field(default=RequantizeParams())
    primitives: PrimitiveSet = PrimitiveSet.GENERIC
    counter_bits: int = 32

    def __post_init__(self) -> None:
        require(len(self.layers) >= 1, "an unrolled engine needs at least one layer")
        require_range("act-bits", self.act.bits, 1, 8)
        require_range("adder-levels", self.adder_levels, 1, 4)
        check_counter_bits(self.counter_bits)
        require(
            self.requantize.rounding in (Rounding.HALF_UP, Rounding.HALF_EVEN),
            f"layers with constant weights round to nearest, not {self.requantize.rounding.value}",
        )
        for before, after in zip(self.layers, self.layers[1:], strict=False):
            require(
                before.outputs == after.inputs and before.clamp is not None,
                f"a layer of {before.outputs} results, requantised or not, cannot feed one of {after.inputs} inputs",
            )
        for layer in self.layers:
            require_range("shift of a layer", layer.shift, 0, self.requantize.max_shift)
            require(
                layer.clamp is None or all(self.act.holds(value) for value in layer.clamp),
                f"results must be clamped to the activation format, not {layer.clamp}",
            )

    @property
    def cycles(self) -> int:
        """Cycles per frame."""
        return 1

    @property
    def structure(self) -> str:
        """The engine in words."""
        return f"{', '.join(f'{layer.inputs} x {layer.outputs}' for layer in self.layers)} unrolled"

    @property
    def frame_lanes(self) -> int:
        """Lanes that hold a whole frame: those of all its beats."""
        return self.input_lanes * ceil_div(self.layers[0].inputs, self.input_lanes)

    @property
    def input(self) -> BeatFormat:
        """Format of the input link."""
        return BeatFormat(addresses=self.layers[0].inputs, payload=self.act, lanes=self.input_lanes)

    @property
    def output(self) -> BeatFormat:
        """Format of the output link: all results side by side."""
        last = self.layers[-1]
        return BeatFormat(
            addresses=last.outputs, payload=last.acc if last.clamp is None else self.act, lanes=last.outputs
        )

    @property
    def takes(self) -> Contents:
        """The first layer's inputs."""
        return Contents.BEATS

    @property
    def sends(self) -> Contents:
        """The last layer's results."""
        return Contents.BEATS

    @property
    def primitive_sets(self) -> tuple[PrimitiveSet, ...]:
        """What the multipliers of its results are built from."""
        return (self.primitives,)

    def with_primitives(self, primitives: PrimitiveSet) -> "UnrolledParams":
        """Return this engine with its multipliers built from other primitives."""
        return replace(self, primitives=primitives)
