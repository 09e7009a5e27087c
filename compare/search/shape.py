"""The shape of a design, as a report names it: engine, sizes, widths, and where neurons have their states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tospike.compare.report.candidates import Shape
from tospike.compare.study.layers import ann_bits, layer_engines, weight_bits
from tospike.gen.pipeline import Prepared
from tospike.hw.params import (
    AcceleratorParams,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    DeltaAnnParams,
    EngineParams,
    EventAnnParams,
    EventParams,
    RegisterParams,
    SpikingParams,
    SystolicParams,
    UnrolledParams,
)

MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one engine says of the shape."""

    name: str
    place: str | None = None
    lanes: int = 0
    rows: int = 0
    cols: int = 0
    fold: int = 0


def shape_of_design(prepared: Prepared, params: AcceleratorParams) -> Shape:
    """Return the shape of a design of a network."""
    parts = [_PARTS[type(engine)](engine) for engine in layer_engines(params)]
    names = {part.name for part in parts}
    places = {part.place for part in parts if part.place}
    spec, spiking = prepared.network.input, prepared.network.is_spiking
    return Shape(
        engine=names.pop() if len(names) == 1 else MIXED,
        place=places.pop() if len(places) == 1 else MIXED if places else None,
        lanes=max(part.lanes for part in parts) or None,
        rows=max(part.rows for part in parts) or None,
        cols=max(part.cols for part in parts) or None,
        fold=max(part.fold for part in parts) or None,
        clock_gating=any(engine.clock_gating for engine in params.engines),
        weight_bits=weight_bits(params),
        act_bits=None if spiking else ann_bits(params)[1],
        steps=spec.steps if spiking else None,
        code=spec.encoding.value if spiking and spec.encoding is not None else None,
    )


def _systolic(engine: SystolicParams) -> _Part:
    array = engine.array
    return _Part(name=f"systolic-{array.dataflow.value}", rows=array.rows, cols=array.cols)


def _conv(engine: ConvParams) -> _Part:
    return _Part(name="conv", rows=engine.array.rows, cols=engine.array.cols)


def _dataflow(engine: DataflowDenseParams | DataflowPoolParams | UnrolledParams) -> _Part:
    return _Part(name="dataflow", fold=engine.cycles)


def _events(name: str) -> Callable[[EventParams], _Part]:
    def part(engine: EventParams) -> _Part:
        return _Part(name=name, place="registers" if engine.states_in_ring else "memory", lanes=engine.lanes)

    return part


_PARTS: Mapping[type[EngineParams], Callable[[Any], _Part]] = {
    SystolicParams: _systolic,
    ConvParams: _conv,
    DataflowDenseParams: _dataflow,
    DataflowPoolParams: _dataflow,
    UnrolledParams: _dataflow,
    EventAnnParams: _events("event"),
    DeltaAnnParams: _events("delta"),
    SpikingParams: _events("spiking"),
    RegisterParams: _events("register"),
}
"""By the class of an engine that runs layers."""
