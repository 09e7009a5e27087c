"""Which vendor cells a design instantiates, and their models for simulators."""

from collections.abc import Iterable
from importlib import resources

from tospike.hw.params import AcceleratorParams, SystolicParams, Technology


def technologies_of(params: AcceleratorParams) -> list[Technology]:
    """The technologies of the engines, those that are not generic."""
    used = {engine.array.technology for engine in params.engines if isinstance(engine, SystolicParams)}
    return sorted(used - {Technology.GENERIC})


def cell_models(technologies: Iterable[Technology]) -> dict[str, str]:
    """Verilog files with models of the cells of ``technologies``, by name: for simulation, not for synthesis."""
    names = [f"{technology.value}_cells.v" for technology in technologies if technology is not Technology.GENERIC]
    return {name: (resources.files("tospike.hw.ann") / name).read_text(encoding="utf-8") for name in names}
