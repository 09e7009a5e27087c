"""Which vendor cells a design instantiates, their models for simulators, and the same design in other cells."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from tospike.hw.params import PRIMITIVES, AcceleratorParams, ArrayParams, ImageParams, SystolicParams, Technology
from tospike.hw.primitives import cell_model

SAME_CYCLES = tuple(
    technology for technology, facts in PRIMITIVES.items() if facts.is_vendors and not facts.multiplier_adds
)
"""Vendors' cells of which an array does in every cycle what a generic one does."""

Hardware = TypeVar("Hardware", AcceleratorParams, ArrayParams)


def technology_of(params: AcceleratorParams | ArrayParams) -> Technology:
    """The technology of the arrays in it."""
    return next((array.technology for array in _arrays(params)), Technology.GENERIC)


def with_products(array: ArrayParams, products: int | None) -> ArrayParams:
    """The array with so many products per multiplier; ``None``: two where a vendor's multipliers are wide
    enough for it."""
    if products is None:
        products = 2 if array.primitives.is_vendors and array.packing_obstacle is None else 1
    return replace(array, products_per_multiplier=products)


def variants(params: Hardware) -> dict[Technology, Hardware]:
    """The same hardware made of vendors' cells, for each vendor where nothing else changes."""
    arrays = _arrays(params)
    if not arrays or any(array.primitives.is_vendors or array.zero_gating for array in arrays):
        return {}
    return {technology: _made_of(params, technology) for technology in SAME_CYCLES}


def cell_models(technologies: Iterable[Technology]) -> dict[str, str]:
    """Verilog files with models of the cells of ``technologies``, by name: for simulation, not for synthesis."""
    return dict(cell_model(technology) for technology in technologies if PRIMITIVES[technology].is_vendors)


def _arrays(params: AcceleratorParams | ArrayParams) -> list[ArrayParams]:
    if isinstance(params, ArrayParams):
        return [params]
    return [engine.array for engine in params.engines if isinstance(engine, SystolicParams | ImageParams)]


def _made_of(params: Any, technology: Technology) -> Any:
    if isinstance(params, AcceleratorParams):
        return replace(params, engines=tuple(_made_of(engine, technology) for engine in params.engines))
    if isinstance(params, SystolicParams | ImageParams):
        return replace(params, array=_made_of(params.array, technology))
    return replace(params, technology=technology) if isinstance(params, ArrayParams) else params
