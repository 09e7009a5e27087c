"""The grid of a trained quantiser: the values that it allows, and how it rounds to them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.hw.params.added import ADDED

Reals = NDArray[np.floating]
Values = NDArray[Any]
Levels = NDArray[np.integer]


class GridRounding(StrEnum):
    """How a quantiser rounds; the names are those of QONNX's ``rounding_mode``, except ``TIES_UP``."""

    HALF_EVEN = "half-even"
    """To nearest, ties to even."""
    HALF_UP = "half-up"
    """To nearest, ties away from zero."""
    HALF_DOWN = "half-down"
    """To nearest, ties towards zero."""
    TIES_UP = "ties-up"
    """To nearest, ties towards plus infinity."""
    CEIL = "ceil"
    FLOOR = "floor"
    UP = "up"
    """Away from zero."""
    DOWN = "down"
    """Towards zero."""


_ROUND: dict[GridRounding, Callable[[Reals], Reals]] = {
    GridRounding.HALF_EVEN: np.rint,
    GridRounding.HALF_UP: lambda y: np.copysign(np.floor(np.abs(y) + y.dtype.type(0.5)), y),
    GridRounding.HALF_DOWN: lambda y: np.copysign(np.ceil(np.abs(y) - y.dtype.type(0.5)), y),
    GridRounding.TIES_UP: lambda y: np.floor(y + y.dtype.type(0.5)),
    GridRounding.CEIL: np.ceil,
    GridRounding.FLOOR: np.floor,
    GridRounding.UP: lambda y: np.copysign(np.ceil(np.abs(y)), y),
    GridRounding.DOWN: np.trunc,
}
_INCLUDES: dict[GridRounding, Callable[[Levels], NDArray[np.bool_]]] = {
    GridRounding.HALF_EVEN: lambda n: n % 2 == 0,
    GridRounding.HALF_UP: lambda n: n > 0,
    GridRounding.HALF_DOWN: lambda n: n <= 0,
    GridRounding.TIES_UP: lambda n: np.full(n.shape, True),
    GridRounding.CEIL: lambda n: np.full(n.shape, False),
    GridRounding.FLOOR: lambda n: np.full(n.shape, True),
    GridRounding.UP: lambda n: n <= 0,
    GridRounding.DOWN: lambda n: n > 0,
}
"""Whether the edge between n - 1 and n itself rounds to n. The edge is halfway if the rounding is to nearest; else at n
if it rounds to n, at n - 1 if it does not."""
_NEAREST = (GridRounding.HALF_EVEN, GridRounding.HALF_UP, GridRounding.HALF_DOWN, GridRounding.TIES_UP)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantGrid:
    """The values that a trained quantiser allows: ``scale * (q - zero_point)``, for q from ``qmin`` to ``qmax``.

    ::

        q = clip(round(x / scale + zero_point - after) + after, qmin, qmax)

    ONNX's QuantizeLinear adds its zero point after the rounding, QONNX's Quant before it: they differ on ties.

    Synapses of a float network with a grid have weights trained on it (its ``zero_point`` is 0); an :class:`Activation`
    or an :class:`InputSpec` rounds its values to it. Quantisation adopts these scales, and chooses its own elsewhere.
    """

    scale: Reals
    """Positive; of shape () for activations, () or (channels,) for weights."""
    qmin: int
    qmax: int
    zero_point: float = 0.0
    after: int = 0
    """The part of ``zero_point`` that is added after the rounding."""
    rounding: GridRounding = GridRounding.HALF_EVEN
    single: bool = False
    """Compute in float32, as the framework does, so that the same values are ties; else in float64."""
    rounds_quotient: bool = field(default=False, metadata=ADDED)
    """Round ``x / scale`` to float32, as ONNX's QLinear operators do with an integer sum times a factor."""

    def __post_init__(self) -> None:
        require(self.qmin < self.qmax, f"a quantiser's range {self.qmin} to {self.qmax} is empty")
        good = bool(np.isfinite(self.scale).all() and (np.asarray(self.scale) > 0).all())
        require(good, "a quantiser's scale must be positive")

    def levels(self, values: Values) -> Reals:
        """Return the integers q (as floats) that ``values`` round to; the scale must have shape ()."""
        dtype = np.float32 if self.single else np.float64
        with np.errstate(over="ignore", under="ignore"):  # values beyond float32 saturate
            scaled = np.asarray(values).astype(dtype) / np.asarray(self.scale).astype(dtype)
            if self.rounds_quotient:
                scaled = scaled.astype(np.float32).astype(dtype)
            rounded = _ROUND[self.rounding](scaled + dtype(self.zero_point - self.after))
        return np.clip(rounded + dtype(self.after), self.qmin, self.qmax)

    def nearest(self, values: Values) -> Reals:
        """Return the allowed values that ``values`` round to; the scale must have shape ()."""
        return self.scale * (self.levels(values).astype(np.float64) - self.zero_point)

    def edges(self, levels: Levels) -> tuple[Reals, NDArray[np.bool_]]:
        """Return the lower edge of each of ``levels`` in x / scale, and whether the edge itself belongs to it."""
        n = levels - self.after
        included = _INCLUDES[self.rounding](n)
        position = n - 0.5 if self.rounding in _NEAREST else np.where(included, n, n - 1.0)
        return position - (self.zero_point - self.after), included

    @property
    def is_even(self) -> bool:
        """Whether all its levels except the first and the last are equally wide."""
        positions, _ = self.edges(np.arange(self.qmin + 1, self.qmax + 1))
        return bool((np.diff(positions) == 1).all())

    @property
    def centre(self) -> float:
        """The ``zero_point`` of the round-to-nearest grid that is closest to this one."""
        levels = np.arange(self.qmin + 1, self.qmax + 1)
        return float(np.mean(levels - 0.5 - self.edges(levels)[0]))

    def moved(self, by: int) -> "QuantGrid":
        """Return the grid of the same values, with every integer q shifted by ``by``."""
        return replace(
            self, qmin=self.qmin + by, qmax=self.qmax + by, zero_point=self.zero_point + by, after=self.after + by
        )
