"""A design in a line."""

from collections.abc import Callable, Mapping
from typing import Any

from tospike.compare.energy.counts.operands import widths
from tospike.gen.pipeline import Prepared
from tospike.hw.params import (
    AcceleratorParams,
    AnnLayerParams,
    ConvParams,
    DeltaAnnParams,
    DeltaParams,
    EngineParams,
    EventAnnParams,
    RegisterParams,
    SpikingParams,
    SystolicParams,
)


def layer_engines(params: AcceleratorParams) -> tuple[EngineParams, ...]:
    """Return the engines that stages of the network run on."""
    return tuple(engine for engine in params.engines if engine.runs_stages)


def ann_bits(params: AcceleratorParams) -> tuple[int, int]:
    """Return the bits of the weights and of the activations of an ANN's hardware."""
    return weight_bits(params), params.input.payload.bits


def weight_bits(params: AcceleratorParams) -> int:
    """Return the bits of the widest weights."""
    return max(widths(engine).weight_bits for engine in layer_engines(params))


def describe(prepared: Prepared) -> str:
    """Return a design in a line: sizes, neuron, widths, engines."""
    network, params = prepared.quantized.network, prepared.design.params
    sizes = "-".join(str(size) for size in (network.input.inputs, *(s.synapses.outputs for s in network.stages)))
    first = layer_engines(params)[0]
    return f"{sizes}, {WORDS[type(first)](prepared, first)}"


def _event_ann(prepared: Prepared, engine: AnnLayerParams) -> str:
    params = prepared.design.params
    lanes = max(layer.lanes for layer in layer_engines(params))
    return f"{_ann(prepared)}, event engines that skip {_skipped(params)}, {lanes} lanes per layer"


def _array(prepared: Prepared, engine: SystolicParams | ConvParams) -> str:
    array = engine.array
    flow = {"os": "output", "ws": "weight"}[array.dataflow.value]
    return f"{_ann(prepared)}, {array.rows} x {array.cols} {flow}-stationary array"


def _spiking(prepared: Prepared, engine: SpikingParams | RegisterParams) -> str:
    spec = prepared.quantized.network.input
    encoding = "spike input" if spec.encoding is None else f"{spec.encoding.value} encoding"
    return (
        f"{engine.neuron.tag.upper()} neurons, {spec.steps} steps, {encoding}, "
        f"{weight_bits(prepared.design.params)}-bit weights, {engine.lanes} lanes per layer"
    )


WORDS: Mapping[type[EngineParams], Callable[[Prepared, Any], str]] = {
    SpikingParams: _spiking,
    RegisterParams: _spiking,
    EventAnnParams: _event_ann,
    DeltaAnnParams: _event_ann,
    SystolicParams: _array,
    ConvParams: _array,
}
"""What is said of a design, by the class of its first layer's engine."""


def _ann(prepared: Prepared) -> str:
    frames = prepared.quantized.network.input.time_bins
    taken = "" if not frames else f"spikes summed in {frames} frame{'s'[: frames > 1]}, "
    weights, activations = ann_bits(prepared.design.params)
    return f"{taken}ReLU, {activations}-bit activations, {weights}-bit weights"


def _skipped(params: AcceleratorParams) -> str:
    """Return what costs nothing on event engines."""
    first = params.engines[0]
    if not isinstance(first, DeltaParams):
        return "zeros"
    small = f" by more than {first.threshold}" if first.threshold else ""
    return f"what has not changed{small} in {first.steps} frame{'s'[: first.steps > 1]}"
