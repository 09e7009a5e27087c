"""An engine that fits a device, and what a device lacks for one."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from tospike.gen.area.systolic import Area
from tospike.gen.place.options import PlanOptions
from tospike.hw.params import ConvParams, SystolicParams, WeightSource
from tospike.hw.params.devices import Device, Family

MAX_UTILISATION = 0.9
"""Fraction of a device's LUTs and flip-flops that a fit may use: placement needs slack, and predictions err."""
ANY_SOURCE = (WeightSource.MEMORY, WeightSource.STREAM)
"""Weights on chip if they fit, else streamed."""

Params = TypeVar("Params", SystolicParams, ConvParams)


@dataclass(frozen=True, kw_only=True)
class Fit(Generic[Params]):
    """An engine that fits a device, with its predicted area and cycles."""

    params: Params
    device: Device
    area: Area
    cycles: int
    """Per frame, from its first input beat to its last output beat."""

    def refine(self, options: PlanOptions) -> PlanOptions:
        """Return the options with this array."""
        array = self.params.array
        return replace(
            options,
            rows=array.rows,
            cols=array.cols,
            dataflow=array.dataflow,
            products_per_multiplier=array.products_per_multiplier,
            weights=getattr(self.params, "weights", WeightSource.MEMORY),
        )

    def describe(self) -> dict[str, Any]:
        """Return the prediction as JSON."""
        return {"device": self.device.name, "cycles": self.cycles, "area": asdict(self.area)}

    def __str__(self) -> str:
        array = self.params.array
        shared = ", two products per multiplier" if array.products_per_multiplier == 2 else ""
        return (
            f"{array.rows} x {array.cols}, {array.dataflow.value}{shared} on {self.device.name}: "
            f"{self.cycles:,} cycles; {needs(self.area, self.device)} (predicted)"
        )


def needs(area: Area, device: Device) -> str:
    """Return what an area takes of a device, in words."""
    return ", ".join(f"{needed:,} of {device.capacity[name]:,} {name}" for name, needed in asdict(area).items())


def load(area: Area, device: Device) -> float:
    """Return the largest part of any of a device's resources that is needed."""
    return max(needed / max(device.capacity[name], 0.5) for name, needed in asdict(area).items())


def excess(area: Area, device: Device) -> list[str]:
    """Return the resources that exceed a device's capacity, with the numbers."""
    return [
        f"{needed:,} {name} of {device.capacity[name]:,}"
        for name, needed in asdict(area).items()
        if needed > device.capacity[name] * (MAX_UTILISATION if name in ("lut4", "ff") else 1)
    ]


def fastest(
    candidates: Iterable[tuple[int, Callable[[], Params]]],
    device: Device,
    *,
    predict: Callable[[Params, Family], Area],
    cycles: Callable[[Params], int],
) -> Fit[Params] | None:
    """Return the fastest engine that fits a device, of equally fast ones the smallest; ``None`` if none fits.

    Parameters
    ----------
    candidates
        For each engine, a lower bound of its cycles, and what makes it.
    predict, cycles
        Return the area of an engine, and its exact cycles.
    """
    best: Fit[Params] | None = None
    for least, make in sorted(candidates, key=lambda candidate: candidate[0]):
        if best is not None and least > best.cycles:
            break
        engine = make()
        if excess(area := predict(engine, device.family), device):
            continue
        found = Fit(params=engine, device=device, area=area, cycles=cycles(engine))
        best = min(best or found, found, key=lambda fit: (fit.cycles, fit.area.dsp, fit.area.lut4))
    return best
