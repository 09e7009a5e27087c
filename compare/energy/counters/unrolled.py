"""What the counters of an unrolled engine mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts, Memories, Widths
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement
from tospike.hw.params import UnrolledParams
from tospike.hw.unrolled import layout


def unrolled_widths(params: UnrolledParams) -> Widths:
    """Return the operand widths of an engine: those of its widest layer."""
    return Widths(
        weight_bits=max(layer.weight_bits for layer in params.layers),
        act_bits=params.act.bits,
        state_bits=max(layer.acc_bits for layer in params.layers),
        multiplier_bits=params.requantize.multiplier_bits if any(layer.scaled for layer in params.layers) else 0,
    )


def unrolled_memories(params: UnrolledParams) -> Memories:
    """Return the bits of an engine's memories: weights and biases are logic, activations in pipeline registers."""
    return Memories(weight_bits=0, state_bits=0, activation_bits=0)


def unrolled_work(
    name: str, params: UnrolledParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of an unrolled engine: every adder and multiplier works once per frame."""
    frames = counters["frames"]
    bits = params.output.lanes * params.output.payload.bits
    queue_bits = layout.credits(params) * bits
    arithmetic = [
        Arithmetic(term="mac", count=frames * layer.adders, instances=layer.adders, add_bits=layer.acc_bits)
        for layer in params.layers
    ]
    arithmetic += [
        Arithmetic(
            term="requantize",
            count=frames * layer.outputs,
            instances=layer.outputs,
            multiply=(layer.acc_bits, params.requantize.multiplier_bits),
        )
        for layer in params.layers
        if layer.scaled
    ]
    return EngineWork(
        name=name,
        memory_bits=queue_bits,
        accesses=(
            Access(term="queue_write", count=frames, bits=bits, capacity_bits=queue_bits),
            Access(term="queue_read", count=frames, bits=bits, capacity_bits=queue_bits),
        ),
        arithmetic=tuple(arithmetic),
        busy=frames,
    )
