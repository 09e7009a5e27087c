"""Which vendor cells a design instantiates, their models for simulators, and the same design in other cells."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from tospike.hw.params import PRIMITIVES, AcceleratorParams, ArrayParams, PrimitiveSet
from tospike.hw.primitives import cell_model

SAME_CYCLES = tuple(
    primitives for primitives, facts in PRIMITIVES.items() if facts.is_vendors and not facts.multiplier_adds
)
"""Vendors' cells of which an array does in every cycle what a generic one does."""

Hardware = TypeVar("Hardware", AcceleratorParams, ArrayParams)


def technology_of(params: AcceleratorParams | ArrayParams) -> PrimitiveSet:
    """The technology of the multipliers in it."""
    return next(iter(params.primitive_sets), PrimitiveSet.GENERIC)


def with_products(array: ArrayParams, products: int | None) -> ArrayParams:
    """The array with so many products per multiplier; ``None``: two where a vendor's multipliers are wide
    enough for it."""
    if products is None:
        products = 2 if array.facts.is_vendors and array.packing_obstacle is None else 1
    return replace(array, products_per_multiplier=products)


def variants(params: Hardware) -> dict[PrimitiveSet, Hardware]:
    """The same hardware made of vendors' cells, for each vendor where nothing else changes."""
    sets = params.primitive_sets
    is_made = any(PRIMITIVES[primitives].is_vendors for primitives in sets)
    if not sets or is_made or any(array.zero_gating for array in params.arrays):
        return {}
    return {primitives: params.with_primitives(primitives) for primitives in SAME_CYCLES}


def cell_models(names: Iterable[PrimitiveSet]) -> dict[str, str]:
    """Verilog files with models of the cells of ``names``, by name: for simulation, not for synthesis."""
    return dict(cell_model(primitives) for primitives in names if PRIMITIVES[primitives].is_vendors)
