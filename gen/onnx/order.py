"""Orders of values: permutations, where ``None`` is the identity."""

import numpy as np

from tospike.sim.network import Array


def arranged(order: Array) -> Array | None:
    """Return the order, or ``None`` if it is the identity."""
    return None if np.array_equal(order, np.arange(len(order))) else order


def inverse(order: Array) -> Array:
    """Return the inverse of an order."""
    undone = np.empty_like(order)
    undone[order] = np.arange(len(order))
    return undone


def same_order(one: Array | None, other: Array | None) -> bool:
    """Return whether two orders are the same."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
