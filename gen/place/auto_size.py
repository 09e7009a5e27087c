"""Auto-size an array: find the one with the fewest cycles that fits a device."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tospike.gen.area.systolic import Area, predict
from tospike.gen.place.options import PlanOptions
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    InputError,
    SystolicParams,
    WeightSource,
    ceil_div,
)
from tospike.hw.params.devices import Device
from tospike.sim.systolic.timing import frame_cycles

MAX_UTILISATION = 0.9
"""Fraction of a device's LUTs and flip-flops that a fit may use: placement needs slack, and predictions err."""
ANY_SOURCE = (WeightSource.MEMORY, WeightSource.STREAM)
"""Weights on chip if they fit, else streamed."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """An engine that fits a device, with its predicted area and cycles."""

    params: SystolicParams
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
            weights=self.params.weights,
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


def systolic_engine(params: AcceleratorParams) -> SystolicParams:
    """Return the engine whose array can be sized.

    Raises
    ------
    InputError
        The accelerator is not a single systolic engine.
    """
    engine = params.engines[0]
    if len(params.engines) != 1 or not isinstance(engine, SystolicParams):
        raise InputError(f"--fit sizes a systolic array, which {params.name!r} does not use: leave it out")
    return engine


def fit(
    params: SystolicParams,
    device: Device,
    *,
    sources: Sequence[WeightSource] = ANY_SOURCE,
    names: Sequence[str] = (),
) -> Fit:
    """Return the fastest engine for the layers of ``params`` that fits; the smallest if several are equally fast.

    The search covers the array's rows, columns, dataflow and products per multiplier. It skips rows and columns that
    save no tile of any layer, because they would be idle. Weights come from the first of ``sources`` with which an
    array fits. ``names`` are those of the layers, for the message.

    Raises
    ------
    InputError
        Not even the smallest array fits; the message has the numbers.
    """
    for source in sources:
        engines = (replace(params, array=array, weights=source) for array in _candidates(params, device))
        if best := _fastest([each for each in engines if not excess(predict(each, device.family), device)], device):
            return best
    smallest = replace(params.array, rows=1, cols=1, products_per_multiplier=1)
    lacking = excess(predict(replace(params, array=smallest, weights=sources[-1]), device.family), device)
    sizes = [layer.inputs * layer.outputs for layer in params.layers]
    largest = sizes.index(max(sizes))
    name, layer = names[largest] if names else str(largest), params.layers[largest]
    stream = "--weights stream, " if WeightSource.STREAM not in sources else ""
    raise InputError(
        f"no array fits {device.name}: one of 1 x 1 needs {', '.join(lacking)}; the largest layer is {name!r} with "
        f"{layer.inputs} x {layer.outputs} weights: give {stream}fewer weight-bits, a smaller network or a larger "
        "device"
    )


def _fastest(engines: Sequence[SystolicParams], device: Device) -> Fit | None:
    def lower_bound(params: SystolicParams) -> int:  # fast to compute; streamed weights never take fewer cycles
        return frame_cycles(replace(params, weights=WeightSource.MEMORY))

    best: Fit | None = None
    for params in sorted(engines, key=lower_bound):
        if best is not None and lower_bound(params) > best.cycles:
            break
        area = predict(params, device.family)
        this = Fit(params=params, device=device, area=area, cycles=frame_cycles(params))
        best = min(best or this, this, key=lambda fit: (fit.cycles, fit.area.dsp, fit.area.lut4))
    return best


def excess(area: Area, device: Device) -> list[str]:
    """Return the resources that exceed a device's capacity, with the numbers."""
    return [
        f"{needed:,} {name} of {device.capacity[name]:,}"
        for name, needed in asdict(area).items()
        if needed > device.capacity[name] * (MAX_UTILISATION if name in ("lut4", "ff") else 1)
    ]


def _candidates(params: SystolicParams, device: Device) -> Iterator[ArrayParams]:
    most = 2 * device.capacity["dsp"] if params.array.multipliers else device.capacity["lut4"]
    cols = _useful({layer.outputs for layer in params.layers})
    cols |= {col + 1 for col in cols if col % 2}  # two columns may share a multiplier
    for dataflow in device.family.dataflows:
        if dataflow is Dataflow.WS and params.array.weight_bits == 1:
            continue
        sizes = {layer.rows if dataflow is Dataflow.OS else layer.inputs for layer in params.layers}
        for rows in sorted(_useful(sizes)):
            for col in sorted(cols):
                if rows * col > most:
                    break
                array = replace(params.array, dataflow=dataflow, rows=rows, cols=col, products_per_multiplier=1)
                yield array
                if array.packing_obstacle is None and device.family.shares_multipliers:
                    yield replace(array, products_per_multiplier=2)


def _useful(sizes: set[int]) -> set[int]:
    """Return each array side that is the smallest for its number of tiles of one of ``sizes``."""
    largest = 256
    return {side for size in sizes for tiles in range(1, size + 1) if (side := ceil_div(size, tiles)) <= largest}
