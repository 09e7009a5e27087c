"""A design in a line."""

from tospike.gen.prepare import Prepared
from tospike.hw.params import EventParams, ImageParams, SystolicParams


def describe(prepared: Prepared) -> str:
    """A design in a line: sizes, neuron, widths, engines."""
    network, params = prepared.quantized.network, prepared.design.params
    sizes = "-".join(str(size) for size in (network.input.inputs, *(s.synapses.outputs for s in network.stages)))
    if not network.is_spiking:
        engine = next(e for e in params.engines if isinstance(e, SystolicParams | ImageParams))
        array = engine.array
        flow = {"os": "output", "ws": "weight"}[array.dataflow.value]
        frames = network.input.frames
        taken = "" if not frames else f"spikes summed in {frames} frame{'s'[: frames > 1]}, "
        return (
            f"{sizes}, {taken}ReLU, {array.act.bits}-bit activations, {array.weight_bits}-bit weights, "
            f"{array.rows} x {array.cols} {flow}-stationary array"
        )
    event = [e for e in params.engines if isinstance(e, EventParams)]
    encoding = "spike input" if network.input.encoding is None else f"{network.input.encoding.value} encoding"
    bits = max(e.weight_bits for e in event)
    return (
        f"{sizes}, {event[0].neuron.kind.value.upper()} neurons, {network.input.steps} steps, {encoding}, "
        f"{bits}-bit weights, {event[0].lanes} lanes per layer"
    )
