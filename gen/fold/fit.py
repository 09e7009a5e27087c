"""Find the foldings of layers on dataflow engines with the fewest cycles on a device."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from tospike.gen.area.dataflow import predict, requantizer_dsps
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import excess, needs
from tospike.gen.fold.objective import Objective
from tospike.gen.fold.shares import time_shares
from tospike.gen.fold.unroll import UnrolledFit, fit_unrolled
from tospike.gen.place.array import needs_images
from tospike.gen.place.options import MOST_CYCLES, PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import MAX_FOLD, DataflowDenseParams, DataflowPoolParams, InputError
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import run
from tospike.sim.cycles.back_to_back import interval
from tospike.sim.design import Design
from tospike.sim.network import Network

FoldedParams = DataflowDenseParams | DataflowPoolParams


@dataclass(frozen=True, kw_only=True)
class FoldFit:
    """Foldings that fit a device, with their predicted area and cycles."""

    layers: Mapping[str, FoldedParams]
    """The engine of each layer, by the layer's name."""
    device: Device
    area: Area
    cycles: int
    """Per frame, from its first input beat to its last output beat."""
    interval: int
    """Cycles from one frame to the next: those of the slowest layer or link."""

    def refine(self, options: PlanOptions) -> PlanOptions:
        """Return the options with these foldings."""
        own = {name: dict(given) for name, given in options.layers.items()}
        for name, engine in self.layers.items():
            own[name] = {**own.get(name, {}), "fold": engine.cycles, "dsp_products": engine.dsps}
        return replace(options, layers=own)

    def describe(self) -> dict[str, Any]:
        """Return the prediction as JSON."""
        return {
            "device": self.device.name,
            "cycles": self.cycles,
            "interval": self.interval,
            "area": asdict(self.area),
        }

    def __str__(self) -> str:
        arrays = ", ".join(engine.structure for engine in self.layers.values())
        return (
            f"{arrays} on {self.device.name}: {self.cycles:,} cycles, a sample per {self.interval:,}; "
            f"{needs(self.area, self.device)} (predicted)"
        )


DataflowFit = FoldFit | UnrolledFit


def fit_dataflow(network: Network, options: PlanOptions, device: Device, *, objective: Objective) -> DataflowFit:
    """Return constant weights in logic, if they fit a device, or else foldings: see `fit_folds`.

    A pipeline with constant weights takes the fewest cycles, for a sample and between samples.

    Raises
    ------
    InputError
        Nothing that the options allow fits; the message has the numbers.
    """
    unrolled = None if needs_images(network) else fit_unrolled(network, options, device)
    return unrolled or fit_folds(network, options, device, objective=objective)


def fit_folds(network: Network, options: PlanOptions, device: Device, *, objective: Objective) -> FoldFit:
    """Return the foldings of a network's layers with the fewest cycles that fit a device.

    `time_shares` tells what part of the time each layer takes; a single number scales the cycles of all of them, and
    bisection finds the least that fits.

    Raises
    ------
    InputError
        Not even the smallest arrays fit; the message has the numbers.
    """
    shares = time_shares(network, objective)

    def folded(cycles: int) -> Design:
        targets = {name: {"fold": max(1, round(cycles * share))} for name, share in shares.items()}
        layers = {name: {**options.layers.get(name, {}), **target} for name, target in targets.items()}
        design = plan(network, replace(options, layers=layers))
        return replace(design, params=replace(design.params, engines=_with_dsps(_engines(design), device)))

    low, high = 0, MOST_CYCLES if needs_images(network) else MAX_FOLD  # low does not fit, high does
    best = folded(high)
    if lacking := _lacking(best, device):
        raise InputError(
            f"no dataflow engines fit {device.name}: the smallest ones need {', '.join(lacking)}: give --engine "
            "systolic, fewer weight-bits, a smaller network or a larger device"
        )
    while high - low > 1:
        middle = (low + high) // 2
        try:
            design = folded(middle)
        except InputError:  # no folding takes so few cycles
            low = middle
            continue
        if _lacking(design, device):
            low = middle
        else:
            high, best = middle, design
    zeros = np.zeros((1, network.input.inputs), dtype=np.int64)
    return FoldFit(
        layers=dict(zip(shares, _engines(best), strict=True)),
        device=device,
        area=predict(_engines(best), device.family),
        cycles=int(run(best, zeros).cycles[0]),
        interval=round(interval(best.params)),
    )


def _engines(design: Design) -> tuple[FoldedParams, ...]:
    return cast("tuple[FoldedParams, ...]", design.params.engines)


def _lacking(design: Design, device: Device) -> list[str]:
    return excess(predict(_engines(design), device.family), device)


def _with_dsps(engines: Sequence[FoldedParams], device: Device) -> tuple[FoldedParams, ...]:
    """Return the engines, with the device's DSP blocks given to requantisers first, then to the widest products.

    Products of few bits, which are tables, get none.
    """
    free = device.capacity["dsp"] - sum(requantizer_dsps(engine.layer) for engine in engines)
    allocated = list(engines)
    for index in sorted(range(len(allocated)), key=lambda index: -allocated[index].layer.weight_bits):
        engine = allocated[index]
        taken = 0 if engine.layer.is_narrow else min(engine.products, max(0, free))
        allocated[index] = engine.with_dsps(taken)
        free -= taken
    return tuple(allocated)
