"""Find out whether a network with constant weights in logic fits a device."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from tospike.gen.area.systolic import Area
from tospike.gen.area.unrolled import predict
from tospike.gen.fit.fit import MAX_UTILISATION, excess, needs
from tospike.gen.place.options import PlanOptions, Products
from tospike.gen.place.placers import PLACERS
from tospike.gen.place.plan import plan
from tospike.hw.params import MAX_UNROLLED, InputError, UnrolledParams, of_layer, require
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import run
from tospike.sim.cycles.back_to_back import interval
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True)
class UnrolledFit:
    """An unrolled engine that fits a device, with its predicted area and cycles."""

    engine: UnrolledParams
    stages: Sequence[str]
    """The names of its layers."""
    device: Device
    area: Area
    cycles: int
    """Per frame, from its first input beat to its last output beat."""
    interval: int
    """Cycles from one frame to the next: those of the slower stream."""

    def refine(self, options: PlanOptions) -> PlanOptions:
        """Return the options with constant weights."""
        return unrolled(options, self.stages)

    def describe(self) -> dict[str, Any]:
        """Return the prediction as JSON."""
        return {
            "device": self.device.name,
            "cycles": self.cycles,
            "interval": self.interval,
            "area": asdict(self.area),
        }

    def __str__(self) -> str:
        return (
            f"{self.engine.structure} on {self.device.name}: {self.cycles:,} cycles, a sample per {self.interval:,}; "
            f"{needs(self.area, self.device)} (predicted)"
        )


def unrolled(options: PlanOptions, stages: Sequence[str]) -> PlanOptions:
    """Return the options with constant weights in all layers."""
    layers: Mapping[str, Mapping[str, Any]] = options.layers
    own = {name: {**layers.get(name, {}), "products": Products.CONSTANTS} for name in stages}
    return replace(options, layers={**layers, **own})


def fit_unrolled(network: Network, options: PlanOptions, device: Device) -> UnrolledFit | None:
    """Return an engine with the constant weights of all layers, if it fits; ``None`` leaves the layers to others.

    Raises
    ------
    InputError
        The options want constant weights, but they do not fit, or only those of some layers.
    """
    stages = [stage.name for stage in network.stages]
    wanted = [of_layer(options, name).products for name in stages]
    must = all(products is Products.CONSTANTS for products in wanted)
    require(
        must or Products.CONSTANTS not in wanted,
        "--fit chooses folds for all layers, or constant weights for all: give products for all of them, or none",
    )
    if Products.MULTIPLIERS in wanted or not (must or _is_small(network, device)):
        return None
    design = plan(network, unrolled(options, stages))
    engine = cast(UnrolledParams, design.params.engines[0])
    area = predict(engine, PLACERS[type(engine)].pack(engine, design, 0), device.family)
    if lacking := excess(area, device):
        if not must:
            return None
        raise InputError(
            f"{engine.structure} does not fit {device.name}: it needs {', '.join(lacking)}: give a network with more "
            "weights of 0, fewer weight-bits, or --products multipliers"
        )
    zeros = np.zeros((1, network.input.inputs), dtype=np.int64)
    return UnrolledFit(
        engine=engine,
        stages=stages,
        device=device,
        area=area,
        cycles=int(run(design, zeros).cycles[0]),
        interval=round(interval(design.params)),
    )


def _is_small(network: Network, device: Device) -> bool:
    """Return whether it is worth a closer look: adders of as many bits as an activation would fit, one per weight."""
    assert network.input.format is not None  # a quantised network has one
    weights = [stage.dense.weight for stage in network.stages]
    bits = sum(int(np.count_nonzero(weight)) for weight in weights) * network.input.format.bits
    return max(weight.size for weight in weights) <= MAX_UNROLLED and bits <= MAX_UTILISATION * device.capacity["lut4"]
