"""A design in a line."""

from tospike.gen.prepare import Prepared
from tospike.hw.params import AcceleratorParams, DeltaParams, EventParams, ImageParams, SystolicParams


def ann_bits(params: AcceleratorParams) -> tuple[int, int]:
    """Return the bits of the weights and of the activations of an ANN's hardware."""
    events = [engine for engine in params.engines if isinstance(engine, EventParams)]
    if events:
        return max(engine.weight_bits for engine in events), params.input.payload.bits
    engine = next(e for e in params.engines if isinstance(e, SystolicParams | ImageParams))
    return engine.array.weight_bits, engine.array.act.bits


def _skipped(params: AcceleratorParams) -> str:
    """Return what costs nothing on event engines."""
    first = params.engines[0]
    if not isinstance(first, DeltaParams):
        return "zeros"
    small = f" by more than {first.threshold}" if first.threshold else ""
    return f"what has not changed{small} in {first.steps} frame{'s'[: first.steps > 1]}"


def describe(prepared: Prepared) -> str:
    """Return a design in a line: sizes, neuron, widths, engines."""
    network, params = prepared.quantized.network, prepared.design.params
    sizes = "-".join(str(size) for size in (network.input.inputs, *(s.synapses.outputs for s in network.stages)))
    frames = network.input.frames
    taken = "" if not frames else f"spikes summed in {frames} frame{'s'[: frames > 1]}, "
    if params.has_event_ann:
        lanes = max(e.lanes for e in params.engines if isinstance(e, EventParams))
        weight_bits, act_bits = ann_bits(params)
        return (
            f"{sizes}, {taken}ReLU, {act_bits}-bit activations, {weight_bits}-bit weights, event engines that skip "
            f"{_skipped(params)}, {lanes} lanes per layer"
        )
    if not network.is_spiking:
        engine = next(e for e in params.engines if isinstance(e, SystolicParams | ImageParams))
        array = engine.array
        flow = {"os": "output", "ws": "weight"}[array.dataflow.value]
        return (
            f"{sizes}, {taken}ReLU, {array.act.bits}-bit activations, {array.weight_bits}-bit weights, "
            f"{array.rows} x {array.cols} {flow}-stationary array"
        )
    event = [e for e in params.engines if isinstance(e, EventParams)]
    encoding = "spike input" if network.input.encoding is None else f"{network.input.encoding.value} encoding"
    bits = max(e.weight_bits for e in event)
    return (
        f"{sizes}, {event[0].neuron.tag.upper()} neurons, {network.input.steps} steps, {encoding}, "
        f"{bits}-bit weights, {event[0].lanes} lanes per layer"
    )
