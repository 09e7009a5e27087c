"""Functions of one variable, as a program in reverse Polish notation: ``x sigmoid``, or ``x x sigmoid *`` for SiLU.

A program is what a chain of elementwise operators computes between two layers. It is plain text, so that networks,
manifests and messages show it as it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require

Reals = NDArray[np.float64]

WIDE = np.concatenate([[0.0], *(sign * np.geomspace(1e-6, 1e4, 2001) for sign in (-1.0, 1.0))])
"""Where a function is looked at for its sign and its order: near 0 more closely."""


def _sigmoid(x: Reals) -> Reals:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def _erf(x: Reals) -> Reals:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


UNARY: dict[str, Callable[[Reals], Reals]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "exp": np.exp,
    "erf": _erf,
    "softplus": lambda x: np.logaddexp(0, x),
    "abs": np.abs,
    "neg": np.negative,
}
BINARY: dict[str, Callable[[Reals, Reals], Reals]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}


@dataclass(frozen=True, kw_only=True)
class Pointwise:
    """A function of each value on its own; ``program`` has ``x``, numbers, and the names of `UNARY` and `BINARY`."""

    program: str

    def __post_init__(self) -> None:
        depth = 0
        for word in self.program.split():
            depth += -1 if word in BINARY else 0 if word in UNARY else 1
            known = word in BINARY or word in UNARY or word == "x" or _is_number(word)
            require(known and depth >= 1, f"the function {self.program!r} has a fault at {word!r}")
        require(depth == 1, f"the function {self.program!r} has {depth} results")

    def __call__(self, x: NDArray[np.floating]) -> Reals:
        """Return the function's values, of the shape of ``x``; NaN or infinite where it has none."""
        given = np.asarray(x, dtype=np.float64)
        stack: list[Reals] = []
        with np.errstate(all="ignore"):
            for word in self.program.split():
                if word in BINARY:
                    second, first = stack.pop(), stack.pop()
                    stack.append(BINARY[word](first, second))
                elif word in UNARY:
                    stack.append(UNARY[word](stack.pop()))
                else:
                    stack.append(given if word == "x" else np.asarray(float(word)))
        return np.broadcast_to(stack[0], given.shape).astype(np.float64)

    @cached_property
    def never_negative(self) -> bool:
        """Whether no value is negative, on the points of `WIDE`."""
        return bool((self(WIDE) >= 0).all())

    @cached_property
    def keeps_order(self) -> bool:
        """Whether a larger x never has a smaller value, on the points of `WIDE`: it can then change places with a
        maximum."""
        values = self(np.sort(WIDE))
        return bool((values[1:] >= values[:-1]).all())


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
