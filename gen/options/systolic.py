"""Options of a systolic engine for a matrix product."""

from dataclasses import dataclass
from enum import StrEnum

from tospike.gen.emit.primitives import with_products
from tospike.gen.fit.auto_size import fit
from tospike.gen.fit.fit import ANY_SOURCE, Fit
from tospike.gen.place.options import COUNTER_BITS, NOT_STREAMED, Counters, PlanOptions
from tospike.hw.params import (
    WORD_BITS,
    ArrayParams,
    Dataflow,
    DenseLayer,
    IntFormat,
    PrimitiveSet,
    SystolicParams,
    WeightSource,
    check_options,
    option,
    require,
    same_option,
)
from tospike.hw.params.devices import find_device, named


class ActSign(StrEnum):
    """Signedness of activations."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, kw_only=True)
class ArrayOptions:
    """An array, and the product that it computes."""

    gemm: str = option("64,64,64", "Matrix product M,N,K: M x N results, inner dimension K")
    rows: int | None = option(None, "Rows of the array", low=1, high=256, unset="8")
    cols: int | None = option(None, "Columns of the array", low=1, high=256, unset="8")
    dataflow: Dataflow | None = option(None, "Output- or weight-stationary array", unset="os")
    act_bits: int = option(8, "Activation bits", low=1, high=8)
    act_sign: ActSign = option(ActSign.SIGNED, "Activations signed or unsigned")
    weight_bits: int = option(8, "Weight bits; 1: +1 and -1", low=1, high=9)
    acc_bits: int = option(32, "Accumulator bits, up to 32")
    primitives: PrimitiveSet = option(PrimitiveSet.GENERIC, "Primitives of the multipliers")
    zero_gating: bool = option(False, "Hold a multiplier's inputs while an operand is 0")
    products_per_multiplier: int | None = option(
        None, "2 lets two columns share a multiplier", low=1, high=2, unset="ecp5: 2 where widths allow, else 1"
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def layer(self) -> DenseLayer:
        """The product, without requantisation.

        Raises
        ------
        InputError
            ``gemm`` is not of the form M,N,K.
        """
        parts = self.gemm.split(",")
        require(
            len(parts) == 3 and all(part.strip().isdecimal() for part in parts),
            f"--gemm must be M,N,K, for example 64,64,64, not {self.gemm!r}",
        )
        m, n, k = (int(part) for part in parts)
        return DenseLayer(rows=m, outputs=n, inputs=k)

    @property
    def array(self) -> ArrayParams:
        """The array; with ``fit``, the starting point of the search."""
        array = ArrayParams(
            rows=self.rows or 8,
            cols=self.cols or 8,
            dataflow=self.dataflow or Dataflow.OS,
            act=IntFormat(bits=self.act_bits, signed=self.act_sign is ActSign.SIGNED),
            weight_bits=self.weight_bits,
            acc_bits=self.acc_bits,
            zero_gating=self.zero_gating,
            primitives=self.primitives,
        )
        return with_products(array, self.products_per_multiplier)


@dataclass(frozen=True, kw_only=True)
class SystolicOptions(ArrayOptions):
    """The array of an engine, and the source of its weights."""

    array_only: bool = option(False, "Generate the bare array without host port, for tospike synth")
    fit: str | None = option(None, f"Auto-size the array for {named()}")
    weights: WeightSource | None = option(None, "Weights on chip, or streamed in", unset="memory; stream if --fit must")
    weight_stream_bits: int | None = same_option(PlanOptions, "weight_stream_bits")
    counters: Counters = same_option(PlanOptions, "counters")

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen = (self.rows, self.cols, self.dataflow, self.products_per_multiplier)
        require(
            self.fit is None or all(each is None for each in chosen),
            "--fit chooses the array: leave --rows, --cols, --dataflow and --products-per-multiplier out, or --fit",
        )

    @property
    def bare_array(self) -> ArrayParams:
        """The array alone.

        Raises
        ------
        InputError
            Options of the memories were given.
        """
        require(
            self.fit is None and self.weights is None,
            "a bare array has no memories: leave --fit and --weights out",
        )
        return self.array

    @property
    def engine(self) -> tuple[SystolicParams, Fit[SystolicParams] | None]:
        """The engine for the product, and the prediction if its array was sized to fit a device.

        Raises
        ------
        InputError
            There is no such device, or nothing fits it.
        """
        sources = ANY_SOURCE if self.weights is None else (self.weights,)
        engine = SystolicParams(
            array=self.array,
            layers=(self.layer,),
            writable=True,
            weights=sources[0],
            weight_stream_bits=self.weight_stream_bits or WORD_BITS,
            counter_bits=COUNTER_BITS[self.counters],
        )
        fitted = None if self.fit is None else fit(engine, find_device(self.fit), sources=sources)
        chosen = engine if fitted is None else fitted.params
        require(self.weight_stream_bits is None or chosen.streams_weights, NOT_STREAMED)
        return chosen, fitted
