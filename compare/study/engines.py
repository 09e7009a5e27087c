"""Descriptions of designs and changes for the sensitivity, by the engine of their layers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from tospike.compare.study.layers import ann_bits, layer_engines, weight_bits
from tospike.gen.pipeline import Prepared
from tospike.hw.params import (
    AcceleratorParams,
    AnnLayerParams,
    CochleaParams,
    ConvParams,
    DataflowDenseParams,
    DataflowPoolParams,
    DeltaAnnParams,
    DeltaParams,
    EngineParams,
    EventAnnParams,
    RegisterParams,
    SpikingParams,
    SystolicParams,
    UnrolledParams,
)

Change = tuple[str, dict[str, Any]]
"""A label, and model options."""


@dataclass(frozen=True, kw_only=True)
class EngineStudy:
    """What a study needs of an engine that runs layers."""

    describe: Callable[[Prepared, Any], str]
    """Describes a design whose first layer runs on the engine."""
    changes: Callable[[Prepared, Any], Iterator[Change]]
    """Yields possible changes if the last layer runs on the engine."""


def describe(prepared: Prepared) -> str:
    """Describe a design in one line: sizes, neuron, widths, engines."""
    network, params = prepared.quantized.network, prepared.design.params
    sizes = "-".join(str(size) for size in (network.input.inputs, *(s.synapses.outputs for s in network.stages)))
    first = layer_engines(params)[0]
    return f"{sizes}, {ENGINES[type(first)].describe(prepared, first)}"


def option_changes(prepared: Prepared) -> Iterator[Change]:
    """Yield the possible changes of one network."""
    last = layer_engines(prepared.design.params)[-1]
    return ENGINES[type(last)].changes(prepared, last)


def _describe_event_ann(prepared: Prepared, engine: AnnLayerParams) -> str:
    params = prepared.design.params
    lanes = max(layer.lanes for layer in layer_engines(params))
    return f"{_ann(prepared)}, event engines that skip {_skipped(params)}, {lanes} lanes per layer"


def _describe_array(prepared: Prepared, engine: SystolicParams | ConvParams) -> str:
    array = engine.array
    flow = {"os": "output", "ws": "weight"}[array.dataflow.value]
    return f"{_ann(prepared)}, {array.rows} x {array.cols} {flow}-stationary array"


def _describe_dataflow(prepared: Prepared, engine: DataflowDenseParams | DataflowPoolParams | UnrolledParams) -> str:
    units = _dataflow_engines(prepared)
    arrays = ", ".join(unit.structure for unit in units)
    return f"{_ann(prepared)}, an array per layer ({arrays}), a sample per {max(unit.cycles for unit in units)} cycles"


def _dataflow_engines(prepared: Prepared) -> tuple[DataflowDenseParams | DataflowPoolParams | UnrolledParams, ...]:
    """Return the engines of a design whose first one takes beats: its links connect no other kind."""
    return cast(
        "tuple[DataflowDenseParams | DataflowPoolParams | UnrolledParams, ...]", layer_engines(prepared.design.params)
    )


def _describe_spiking(prepared: Prepared, engine: SpikingParams | RegisterParams) -> str:
    spec = prepared.quantized.network.input
    encoding = "spike input" if spec.encoding is None else f"{spec.encoding.value} encoding"
    encoding = encoding if spec.front_end is None else _cochlea(spec.front_end)
    return (
        f"{engine.neuron.tag.upper()} neurons, {spec.steps} steps, {encoding}, "
        f"{weight_bits(prepared.design.params)}-bit weights, {engine.lanes} lanes per layer"
    )


def _ann(prepared: Prepared) -> str:
    frames = prepared.quantized.network.input.time_bins
    taken = "" if not frames else f"spikes summed in {frames} time bin{'s'[: frames > 1]}, "
    front_end = prepared.quantized.network.input.front_end
    taken = taken if front_end is None else f"{_cochlea(front_end)}, "
    weights, activations = ann_bits(prepared.design.params)
    return f"{taken}ReLU, {activations}-bit activations, {weights}-bit weights"


def _cochlea(params: CochleaParams) -> str:
    return f"a cochlea of {params.channels} channels"


def _skipped(params: AcceleratorParams) -> str:
    """Describe the values that event engines skip."""
    first = params.engines[0]
    if not isinstance(first, DeltaParams):
        return "zeros"
    skipped = f"changes of up to {first.threshold}" if first.threshold else "unchanged values"
    return f"{skipped} in {first.steps} frame{'s'[: first.steps > 1]}"


def _ann_bits(prepared: Prepared) -> Iterator[Change]:
    weights, activations = ann_bits(prepared.design.params)
    yield from ((f"ANN: {bits}-bit weights", {"weight_bits": bits}) for bits in (4, 6) if bits < weights)
    yield from ((f"ANN: {bits}-bit activations", {"act_bits": bits}) for bits in (4, 6) if bits < activations)


def _lanes(prepared: Prepared, side: str) -> Iterator[Change]:
    lanes = max(engine.lanes for engine in layer_engines(prepared.design.params))
    yield from ((f"{side}: {_plural(n, 'lane')}", {"lanes": n}) for n in (lanes // 2, 2 * lanes) if 1 <= n <= 64)


def _change_event_ann(prepared: Prepared, engine: EventAnnParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    yield from _lanes(prepared, "ANN")


def _change_delta_ann(prepared: Prepared, engine: DeltaAnnParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    yield from _lanes(prepared, "ANN")
    first = prepared.design.params.engines[0]
    assert isinstance(first, DeltaParams)  # a delta ANN's chain starts with one
    if first.steps > 1:
        thresholds = (first.threshold + more for more in (1, 4, 16))
        yield from ((f"ANN: changes of more than {n}", {"delta_threshold": n}) for n in thresholds)


def _change_array(prepared: Prepared, engine: SystolicParams | ConvParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    half, double = engine.array.cols // 2, 2 * engine.array.cols
    yield from ((f"ANN: {_plural(cols, 'column')}", {"cols": cols}) for cols in (half, double) if cols)
    yield "ANN: 2 rows", {"rows": 2}


def _change_dataflow(prepared: Prepared, engine: DataflowDenseParams | DataflowPoolParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)
    slowest = max(unit.cycles for unit in _dataflow_engines(prepared))
    yield from ((f"ANN: {n} cycles per layer", {"fold": n}) for n in (slowest // 2, 2 * slowest) if n)


def _change_unrolled(prepared: Prepared, engine: UnrolledParams) -> Iterator[Change]:
    yield from _ann_bits(prepared)


def _change_spiking(prepared: Prepared, engine: SpikingParams | RegisterParams) -> Iterator[Change]:
    spec, bits = prepared.network.input, weight_bits(prepared.design.params)
    yield from ((f"SNN: {n}-bit weights", {"weight_bits": n}) for n in (4, 6) if n < bits)
    yield from _lanes(prepared, "SNN")
    if spec.encoding is not None and not spec.encoding.code.takes_frames:
        yield from ((f"SNN: {_plural(n, 'time step')}", {"steps": n}) for n in (spec.steps // 2, 2 * spec.steps) if n)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_SPIKING = EngineStudy(describe=_describe_spiking, changes=_change_spiking)
_ARRAY = EngineStudy(describe=_describe_array, changes=_change_array)
ENGINES: Mapping[type[EngineParams], EngineStudy] = {
    SpikingParams: _SPIKING,
    RegisterParams: _SPIKING,
    EventAnnParams: EngineStudy(describe=_describe_event_ann, changes=_change_event_ann),
    DeltaAnnParams: EngineStudy(describe=_describe_event_ann, changes=_change_delta_ann),
    SystolicParams: _ARRAY,
    ConvParams: _ARRAY,
    DataflowDenseParams: EngineStudy(describe=_describe_dataflow, changes=_change_dataflow),
    DataflowPoolParams: EngineStudy(describe=_describe_dataflow, changes=_change_dataflow),
    UnrolledParams: EngineStudy(describe=_describe_dataflow, changes=_change_unrolled),
}
"""Keyed by the class of the engine's parameters, for every engine that runs layers."""
