"""The engines that run layers of a network, and their widths."""

from tospike.compare.energy.engines import widths
from tospike.hw.params import AcceleratorParams, Contents, EngineParams


def layer_engines(params: AcceleratorParams) -> tuple[EngineParams, ...]:
    """Return the engines that run stages of the network."""
    return tuple(engine for engine in params.engines if engine.runs_stages)


def ann_bits(params: AcceleratorParams) -> tuple[int, int]:
    """Return the bits of the weights and of the activations of an ANN's hardware."""
    first = params.engines[0]
    hears = first.takes is Contents.FRAMES and first.sends in (Contents.FRAME, Contents.SPARSE_FRAME)
    return weight_bits(params), (first.output if hears else params.input).payload.bits


def weight_bits(params: AcceleratorParams) -> int:
    """Return the bits of the widest weights."""
    return max(widths(engine).weight_bits for engine in layer_engines(params))
