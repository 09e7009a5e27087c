"""The predicted area of a design on an FPGA, whatever engines it has."""

from collections.abc import Callable, Mapping
from typing import cast

from tospike.gen.area import conv, dataflow, spiking, systolic
from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.systolic import Area
from tospike.hw.params import (
    AcceleratorParams,
    CochleaParams,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    EngineParams,
    RegisterParams,
    SpikingParams,
    SystolicParams,
)
from tospike.hw.params.devices import Family


def predicted_area(params: AcceleratorParams, family: Family) -> Area | None:
    """Return the predicted area; ``None`` if there is no prediction for one of its engines."""
    if any(type(engine) in _UNKNOWN for engine in params.engines):
        return None
    kinds = {type(engine) for engine in params.engines if engine.runs_stages}
    found = {_PREDICTIONS.get(kind) for kind in kinds}
    predict = found.pop() if len(found) == 1 else None
    return predict(params, family) if predict else None


def _systolic(params: AcceleratorParams, family: Family) -> Area:
    (engine,) = params.engines
    return systolic.predict(cast(SystolicParams, engine), family)


def _conv(params: AcceleratorParams, family: Family) -> Area | None:
    (engine,) = params.engines
    return conv.predict(cast(ConvParams, engine), family) if AREA_COSTS[family.name].conv else None


def _dataflow(params: AcceleratorParams, family: Family) -> Area:
    return dataflow.predict(params.engines, family)


_PREDICTIONS: Mapping[type[EngineParams], Callable[[AcceleratorParams, Family], Area | None]] = {
    SystolicParams: _systolic,
    ConvParams: _conv,
    DataflowDenseParams: _dataflow,
    DataflowPoolParams: _dataflow,
    SpikingParams: spiking.predict,
    RegisterParams: spiking.predict,
}
"""By the engine of all layers; event engines of ANNs and constant weights have no prediction."""
_UNKNOWN = (CochleaParams,)
"""Engines that run no layers, but are as large as some that do, and have no prediction."""
