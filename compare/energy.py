"""Energy by operation counts: the golden model's counts times prices, under a model with stated constants.

A model is its constants, each with a unit and a source, and a function that prices one operation of each name
for the widths and memories of a design. Energy is counts times prices, term by term, so that it can be checked
by hand. The same rule prices every design. What no operation count sees is not in it: clock, idle cycles,
leakage, control, wires and pipeline registers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tospike.hw.params import LeakKind, LeakParams, require, require_range

MEMORY_OPERATIONS = ("weight_read", "state_read", "state_write", "activation_read", "activation_write")
"""Operations that are accesses to a memory; all others compute or move."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A number that somebody can look up."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Bits of a design's operands. A width of 0 means that the design has no such thing: it costs nothing."""

    weight_bits: int
    act_bits: int
    """Multi-bit inputs of a stage: ANN activations, payloads of the first SNN stage."""
    state_bits: int
    """What a stage adds into: ANN accumulators, SNN membrane potentials."""
    multiplier_bits: int = 0
    """Requantisation multipliers (ANN)."""
    event_bits: int = 0
    """A spike in a queue: its address and payload (SNN)."""
    leak: LeakParams | None = None
    """Membrane leak; ``None`` where the neurons do not leak."""

    def __post_init__(self) -> None:
        require_range("weight-bits", self.weight_bits, 1, 64)
        require_range("act-bits", self.act_bits, 1, 64)
        require_range("state-bits", self.state_bits, 1, 64)
        require_range("multiplier-bits", self.multiplier_bits, 0, 64)
        require_range("event-bits", self.event_bits, 0, 64)


@dataclass(frozen=True, kw_only=True)
class Memories:
    """Capacity in bits of a design's memories, summed over its engines."""

    weight_bits: int
    state_bits: int
    activation_bits: int

    def __post_init__(self) -> None:
        require_range("weight memory bits", self.weight_bits, 0, 1 << 40)
        require_range("state memory bits", self.state_bits, 0, 1 << 40)
        require_range("activation memory bits", self.activation_bits, 0, 1 << 40)


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """A named set of constants, and the rule that makes prices of them.

    ``prices(widths, memories)`` returns picojoules for one operation of each name of "Operation counts" in
    ``docs/architecture.md``.
    """

    name: str
    constants: Mapping[str, Constant]
    prices: Callable[[Widths, Memories], dict[str, float]]

    def describe(self) -> dict[str, dict[str, float | str]]:
        """Return the constants as the report shows them: ``{name: {value, unit, source}}``."""
        return {
            name: {"value": constant.value, "unit": constant.unit, "source": constant.source}
            for name, constant in self.constants.items()
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Breakdown:
    """Energy per sample and term: picojoules, one (N,) array for each operation that the model prices."""

    model: str
    prices: dict[str, float]
    """pJ of one operation, for those that were counted."""
    terms: dict[str, NDArray[np.float64]]
    unpriced: tuple[str, ...]
    """Operations that were counted but have no price in this model."""

    @property
    def compute(self) -> NDArray[np.float64]:
        """(N,) pJ of everything that is no memory access."""
        return self.total - self.memory

    @property
    def memory(self) -> NDArray[np.float64]:
        """(N,) pJ of the memory accesses."""
        zero = np.zeros_like(self.total)
        return sum((self.terms[name] for name in MEMORY_OPERATIONS if name in self.terms), zero)

    @property
    def total(self) -> NDArray[np.float64]:
        """(N,) pJ of everything."""
        return np.sum(list(self.terms.values()), axis=0)

    def summary(self) -> dict[str, object]:
        """Return ``energy_pj`` of a report: means per inference, and percentiles over samples."""
        p5, p50, p95 = np.percentile(self.total, (5, 50, 95))
        return {
            "model": self.model,
            "total": float(self.total.mean()),
            "p5": float(p5),
            "p50": float(p50),
            "p95": float(p95),
            "compute": float(self.compute.mean()),
            "memory": float(self.memory.mean()),
            "terms": {name: float(values.mean()) for name, values in self.terms.items()},
            "prices": self.prices,
            "unpriced": list(self.unpriced),
            "samples": [round(float(value), 3) for value in self.total],
        }


def energy(model: EnergyModel, operations: Mapping[str, ArrayLike], widths: Widths, memories: Memories) -> Breakdown:
    """Price the operations of N samples.

    Parameters
    ----------
    operations
        Counts in elements, one (N,) array for each name (``Result.operations`` of a golden model).

    Raises
    ------
    InputError
        If no operation has a price, or a count is negative or not finite.
    """
    prices = model.prices(widths, memories)
    counts = {name: np.atleast_1d(np.asarray(values, dtype=np.float64)) for name, values in operations.items()}
    for name, values in counts.items():
        good = bool(np.all(np.isfinite(values)) and np.all(values >= 0))
        require(good, f"operation count {name!r} must be finite and not negative")
    prices = {name: price for name, price in prices.items() if name in counts}
    terms = {name: counts[name] * price for name, price in prices.items()}
    unpriced = tuple(sorted(set(counts) - set(prices)))
    require(
        len(terms) > 0,
        f"energy model {model.name} has a price for none of: {', '.join(unpriced) or 'nothing'}",
    )
    return Breakdown(model=model.name, prices=prices, terms=terms, unpriced=unpriced)


# ------------------------------------------------------------------------------------------------- horowitz45

_HOROWITZ = "M. Horowitz, Computing's energy problem, ISSCC 2014, fig. 1.1.9: 45 nm, 0.9 V"
_FLOOR = (
    "assumption: below 8 KiB energy falls with the square root of the capacity, as it does between 8 and 32 KiB, "
    "down to this floor (82 bytes)"
)

_CONSTANTS = {
    "add_8": Constant(value=0.03, unit="pJ", source=_HOROWITZ),
    "add_16": Constant(value=0.05, unit="pJ", source=_HOROWITZ),
    "add_32": Constant(value=0.1, unit="pJ", source=_HOROWITZ),
    "multiply_8x8": Constant(value=0.2, unit="pJ", source=_HOROWITZ),
    "multiply_32x32": Constant(value=3.1, unit="pJ", source=_HOROWITZ),
    "sram_8_KiB": Constant(value=10.0, unit="pJ per 64 bit", source=_HOROWITZ),
    "sram_32_KiB": Constant(value=20.0, unit="pJ per 64 bit", source=_HOROWITZ),
    "sram_1_MiB": Constant(value=100.0, unit="pJ per 64 bit", source=_HOROWITZ),
    "sram_floor": Constant(value=1.0, unit="pJ per 64 bit", source=_FLOOR),
}
_SRAM_WORD_BITS = 64
_KIB_BITS = 8 * 1024


def _between(points: tuple[tuple[float, float], ...], x: float) -> float:
    """Interpolate linearly; outside the points the nearest segment goes on."""
    segments = list(pairwise(points))
    (x0, y0), (x1, y1) = next((pair for pair in segments if x <= pair[1][0]), segments[-1])
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def horowitz_add(bits: int) -> float:
    """Energy in pJ of an integer addition: linear in the width through 0, 8, 16 and 32 bits."""
    points = ((0.0, 0.0), *((float(b), _CONSTANTS[f"add_{b}"].value) for b in (8, 16, 32)))
    return _between(points, bits)


def horowitz_multiply(a_bits: int, b_bits: int) -> float:
    """Energy in pJ of an integer multiplication of ``a_bits`` by ``b_bits``.

    A power of the number of partial-product bits, ``a_bits * b_bits``, that meets both published points, 8x8
    and 32x32. The power is 0.989: nearly proportional.
    """
    small, large = _CONSTANTS["multiply_8x8"].value, _CONSTANTS["multiply_32x32"].value
    power = math.log(large / small) / math.log(32 * 32 / (8 * 8))
    return small * (a_bits * b_bits / (8 * 8)) ** power


def horowitz_sram(bits: int, capacity_bits: int) -> float:
    """Energy in pJ of an access to ``bits`` of a memory that holds ``capacity_bits``.

    Proportional to the bits accessed: words of 64 bits are taken to be used in full. Between the published
    capacities energy is a power of the capacity (straight lines in log-log); the lines go on to both sides,
    downwards no further than ``sram_floor``.
    """
    points = tuple(
        (math.log(kib * _KIB_BITS), math.log(_CONSTANTS[name].value))
        for kib, name in ((8, "sram_8_KiB"), (32, "sram_32_KiB"), (1024, "sram_1_MiB"))
    )
    word = math.exp(_between(points, math.log(max(1, capacity_bits))))
    return max(word, _CONSTANTS["sram_floor"].value) * bits / _SRAM_WORD_BITS


def _horowitz_leak(widths: Widths) -> float:
    """Energy in pJ of one membrane leak: a subtraction of the shifted state, or a multiplication."""
    match widths.leak:
        case None:
            return 0.0
        case LeakParams(kind=LeakKind.SHIFT):
            return horowitz_add(widths.state_bits)
        case LeakParams(fraction_bits=bits):
            return horowitz_multiply(widths.state_bits, bits)


def _horowitz_prices(widths: Widths, memories: Memories) -> dict[str, float]:
    """Price every operation. A threshold comparison is an addition; so is the reset that follows a spike."""
    add = horowitz_add(widths.state_bits)
    state = horowitz_sram(widths.state_bits, memories.state_bits)
    activation = horowitz_sram(widths.act_bits, memories.activation_bits)
    queue = 2 * horowitz_sram(widths.event_bits, memories.activation_bits)
    return {
        "mac": horowitz_multiply(widths.act_bits, widths.weight_bits) + add,
        "requantize": horowitz_multiply(widths.state_bits, widths.multiplier_bits),
        "sop": add,
        "neuron_update": _horowitz_leak(widths) + add,
        "spike": add + queue,
        "weight_read": horowitz_sram(widths.weight_bits, memories.weight_bits),
        "state_read": state,
        "state_write": state,
        "activation_read": activation,
        "activation_write": activation,
    }


HOROWITZ_45 = EnergyModel(name="horowitz45", constants=_CONSTANTS, prices=_horowitz_prices)
"""Integer arithmetic and SRAM at 45 nm. A spike needs no multiplier: a synaptic operation is an addition."""

MODELS: Mapping[str, EnergyModel] = {model.name: model for model in (HOROWITZ_45,)}
"""Every energy model by its name on the command line."""


def model_named(name: str) -> EnergyModel:
    """Return the energy model called ``name``.

    Raises
    ------
    InputError
        If there is none; the message lists those that there are.
    """
    require(name in MODELS, f"no energy model {name!r}: use one of {', '.join(MODELS)}")
    return MODELS[name]
