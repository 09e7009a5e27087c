"""An engine that fits a device, and what a device lacks for one."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from tospike.gen.area.systolic import Area
from tospike.gen.place.options import PlanOptions
from tospike.hw.params import ConvParams, SystolicParams, WeightSource
from tospike.hw.params.devices import Device

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
        needs = ", ".join(
            f"{needed:,} of {self.device.capacity[name]:,} {name}" for name, needed in asdict(self.area).items()
        )
        shared = ", two products per multiplier" if array.products_per_multiplier == 2 else ""
        return (
            f"{array.rows} x {array.cols}, {array.dataflow.value}{shared} on {self.device.name}: "
            f"{self.cycles:,} cycles; {needs} (predicted)"
        )


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
