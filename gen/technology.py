"""Which vendor cells a design instantiates, their models for simulators, and the same design in other cells."""

from collections.abc import Iterable
from dataclasses import replace
from importlib import resources
from typing import Any, TypeVar

from tospike.hw.params import AcceleratorParams, ArrayParams, ImageParams, SystolicParams, Technology

SAME_CYCLES = (Technology.ECP5,)
"""Technologies in which an array does in every cycle what a generic one does."""

Hardware = TypeVar("Hardware", AcceleratorParams, ArrayParams)


def technology_of(params: AcceleratorParams | ArrayParams) -> Technology:
    """The technology of the arrays in it."""
    return next((array.technology for array in _arrays(params)), Technology.GENERIC)


def with_products(array: ArrayParams, products: int | None) -> ArrayParams:
    """The array with so many products per multiplier; ``None``: two where ECP5's multipliers are wide enough for it."""
    if products is None:
        products = 2 if array.technology is Technology.ECP5 and array.packing_obstacle is None else 1
    return replace(array, products_per_multiplier=products)


def variants(params: Hardware) -> dict[Technology, Hardware]:
    """The same hardware made of vendors' cells, for each vendor where nothing else changes."""
    arrays = _arrays(params)
    if not arrays or any(array.technology is not Technology.GENERIC or array.zero_gating for array in arrays):
        return {}
    return {technology: _made_of(params, technology) for technology in SAME_CYCLES}


def cell_models(technologies: Iterable[Technology]) -> dict[str, str]:
    """Verilog files with models of the cells of ``technologies``, by name: for simulation, not for synthesis."""
    names = [f"{technology.value}_cells.v" for technology in technologies if technology is not Technology.GENERIC]
    return {name: (resources.files("tospike.hw.ann") / name).read_text(encoding="utf-8") for name in names}


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
