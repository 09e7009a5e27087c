"""Which vendor cells a design instantiates, their simulation models, and variants of the design with other cells."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from tospike.hw.params import PRIMITIVES, AcceleratorParams, ArrayParams, PrimitiveSet
from tospike.hw.primitives import cell_model

SAME_CYCLES = tuple(
    primitives for primitives, facts in PRIMITIVES.items() if facts.is_vendors and not facts.multiplier_adds
)
"""Vendor primitives with which an array has the same cycles as a generic one."""

Hardware = TypeVar("Hardware", AcceleratorParams, ArrayParams)


def technology_of(params: AcceleratorParams | ArrayParams) -> PrimitiveSet:
    """Return the primitives of its multipliers."""
    return next(iter(params.primitive_sets), PrimitiveSet.GENERIC)


def with_products(array: ArrayParams, products: int | None) -> ArrayParams:
    """Return the array with this many products per multiplier; ``None``: two if it has vendor multipliers that are
    wide enough."""
    if products is None:
        products = 2 if array.facts.is_vendors and array.packing_obstacle is None else 1
    return replace(array, products_per_multiplier=products)


def variants(params: Hardware) -> dict[PrimitiveSet, Hardware]:
    """Return the same hardware with each vendor's primitives, if nothing else changes."""
    sets = params.primitive_sets
    has_vendor_cells = any(PRIMITIVES[primitives].is_vendors for primitives in sets)
    if not sets or has_vendor_cells or any(array.zero_gating for array in params.arrays):
        return {}
    return {primitives: params.with_primitives(primitives) for primitives in SAME_CYCLES}


def cell_models(names: Iterable[PrimitiveSet]) -> dict[str, str]:
    """Return Verilog models of the cells of ``names``, by file name: for simulation, not for synthesis."""
    return dict(cell_model(primitives) for primitives in names if PRIMITIVES[primitives].is_vendors)
