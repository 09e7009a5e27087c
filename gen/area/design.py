"""The predicted area of a design on an FPGA, whatever engines it has."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import cast

from tospike.gen.area import conv, dataflow, spiking, systolic
from tospike.gen.area.costs import AREA_COSTS
from tospike.gen.area.spiking import HOST
from tospike.gen.area.systolic import Area
from tospike.hw.params import (
    AcceleratorParams,
    CochleaParams,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    EngineParams,
    SystolicParams,
    UnrolledParams,
)
from tospike.hw.params.devices import Family


def predicted_area(params: AcceleratorParams, family: Family) -> Area | None:
    """Return the predicted area; ``None`` if there is no prediction for one of its engines.

    In a chain of several kinds, each engine is as large as alone, without its host port.
    """
    engines = params.engines
    if any(type(engine) in _UNKNOWN for engine in engines):
        return None
    if any(type(engine) in _DATAFLOW for engine in engines):
        return dataflow.predict(engines, family) if all(type(engine) in _DATAFLOW for engine in engines) else None
    arrays = [engine for engine in engines if type(engine) in _ARRAYS]
    others = [engine for engine in engines if type(engine) not in _ARRAYS]
    found = [_ARRAYS[type(engine)](engine, family) for engine in arrays]
    areas = [area for area in found if area is not None]
    if len(areas) < len(found):
        return None
    return reduce(_beside, areas, spiking.area_of(others, family)) if others else reduce(_beside, areas)


def _beside(one: Area, other: Area) -> Area:
    """Return the area of two accelerators' engines behind one host port."""
    return Area(
        lut4=one.lut4 + other.lut4 - round(HOST.lut),
        ff=one.ff + other.ff - round(HOST.ff),
        bram=one.bram + other.bram,
        dsp=one.dsp + other.dsp,
    )


def _systolic(engine: EngineParams, family: Family) -> Area:
    return systolic.predict(cast(SystolicParams, engine), family)


def _conv(engine: EngineParams, family: Family) -> Area | None:
    return conv.predict(cast(ConvParams, engine), family) if AREA_COSTS[family.name].conv else None


_ARRAYS: Mapping[type[EngineParams], Callable[[EngineParams, Family], Area | None]] = {
    SystolicParams: _systolic,
    ConvParams: _conv,
}
_DATAFLOW = (DataflowDenseParams, DataflowPoolParams)
_UNKNOWN = (CochleaParams, UnrolledParams)
"""Engines that are as large as some that have a prediction, and have none."""
