"""Find the foldings of layers on dataflow engines with the fewest cycles on a device."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from tospike.gen.area.dataflow import predict, requantizer_dsps
from tospike.gen.area.systolic import Area
from tospike.gen.fit.fit import excess, needs
from tospike.gen.fold.objective import Objective
from tospike.gen.fold.unroll import UnrolledFit, fit_unrolled
from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import MAX_FOLD, AcceleratorParams, DataflowDenseParams, InputError
from tospike.hw.params.devices import Device
from tospike.sim.accelerator import run
from tospike.sim.cycles.back_to_back import interval
from tospike.sim.design import Design
from tospike.sim.network import Network


@dataclass(frozen=True, kw_only=True)
class FoldFit:
    """Foldings that fit a device, with their predicted area and cycles."""

    layers: Mapping[str, DataflowDenseParams]
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
            own[name] = {**own.get(name, {}), "fold": engine.fold, "dsp_products": engine.dsps}
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
        arrays = ", ".join(f"{engine.simd} x {engine.pe}" for engine in self.layers.values())
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
    return fit_unrolled(network, options, device) or fit_folds(network, options, device, objective=objective)


def fit_folds(network: Network, options: PlanOptions, device: Device, *, objective: Objective) -> FoldFit:
    """Return the foldings of a network's layers with the fewest cycles that fit a device.

    For throughput, all layers take about the same number of cycles. For latency, each layer takes cycles in proportion
    to the square root of its ``macs``, which minimises the sum of ``macs / multipliers`` for a given total of
    multipliers. Either way, a single number scales the cycles of all layers; bisection finds the least that fits.

    Raises
    ------
    InputError
        Not even the smallest arrays fit; the message has the numbers.
    """
    macs = {stage.name: stage.dense.inputs * stage.dense.outputs for stage in network.stages}
    largest = max(macs.values())
    shares = {
        name: 1.0 if objective is Objective.THROUGHPUT else (count / largest) ** 0.5 for name, count in macs.items()
    }

    def folded(cycles: int) -> Design:
        targets = {name: {"fold": max(1, round(cycles * share))} for name, share in shares.items()}
        layers = {name: {**options.layers.get(name, {}), **target} for name, target in targets.items()}
        design = plan(network, replace(options, layers=layers))
        return replace(design, params=replace(design.params, engines=_with_dsps(_engines(design), device)))

    low, high = 0, MAX_FOLD  # low does not fit, high does
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
        layers=dict(zip(macs, _engines(best), strict=True)),
        device=device,
        area=predict(_engines(best), device.family),
        cycles=int(run(best, zeros).cycles[0]),
        interval=_interval(best.params),
    )


def _interval(params: AcceleratorParams) -> int:
    cycles = interval(params)
    assert cycles is not None  # several frames are in a pipeline of beats
    return cycles


def _engines(design: Design) -> tuple[DataflowDenseParams, ...]:
    return cast("tuple[DataflowDenseParams, ...]", design.params.engines)


def _lacking(design: Design, device: Device) -> list[str]:
    return excess(predict(_engines(design), device.family), device)


def _with_dsps(engines: Sequence[DataflowDenseParams], device: Device) -> tuple[DataflowDenseParams, ...]:
    """Return the engines, with the device's DSP blocks given to requantisers first, then to the widest products.

    Products of few bits, which are tables, get none.
    """
    free = device.capacity["dsp"] - sum(requantizer_dsps(engine) for engine in engines)
    allocated = list(engines)
    for index in sorted(range(len(allocated)), key=lambda index: -allocated[index].weight_bits):
        taken = 0 if allocated[index].is_narrow else min(allocated[index].products, max(0, free))
        allocated[index] = replace(allocated[index], dsp_products=taken)
        free -= taken
    return tuple(allocated)
