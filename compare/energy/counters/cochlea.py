"""What the counters of a cochlea mean: see `tospike.compare.energy.counters.hardware`."""

from collections.abc import Mapping

from tospike.compare.energy.activity import Counts, Memories, Widths
from tospike.compare.energy.counters.work import Access, Arithmetic, EngineWork, StatePlacement, token_registers
from tospike.hw.params import CochleaParams


def cochlea_widths(params: CochleaParams) -> Widths:
    """Return the operand widths of a cochlea: coefficients, and outputs of sections."""
    return Widths(weight_bits=params.coefficient_bits, act_bits=params.payload.bits, state_bits=params.section.bits)


def cochlea_memories(params: CochleaParams) -> Memories:
    """Return the bits of a cochlea's memories."""
    words = _words(params)
    weights = words.pop("coefficients")
    return Memories(weight_bits=weights[1], state_bits=sum(bits for _, bits in words.values()), activation_bits=0)


def cochlea_work(
    name: str, params: CochleaParams, placement: StatePlacement, counters: Mapping[str, Counts]
) -> EngineWork:
    """Return the work of a cochlea: each sample of sound reads and writes a word of outputs for each section of each
    group of channels, and each time bin the sum of each channel. Ports are enabled for accesses only."""
    words = _words(params)
    samples, bins = counters["heard"], counters["samples"] * params.steps * params.channels
    groups = samples * params.groups
    passes = groups * params.sections
    between = groups * (params.sections - 1)
    computed = passes * params.multipliers
    kept = bins if params.state_bits else 0 * bins
    counts = {
        "coefficients": (passes, 0 * passes),
        "outputs": (passes, passes),
        "differences": (between, between),
        "sums": (groups + bins, groups),
        "kept": (kept, kept),
    }
    accesses = tuple(
        Access(term=term, count=count, bits=bits, capacity_bits=capacity, is_gated=True)
        for memory, (bits, capacity) in words.items()
        for term, count in zip(
            ("weight_read", "weight_write") if memory == "coefficients" else ("state_read", "state_write"),
            counts[memory],
            strict=True,
        )
        if capacity and (memory, term) != ("coefficients", "weight_write")
    )
    product = params.section.bits + 2
    total = product + params.coefficient_bits + 1
    lanes = params.multipliers
    arithmetic = (
        # each product, with half of the two additions that make it an output
        Arithmetic(
            term="mac",
            count=2 * computed,
            instances=lanes,
            multiply=(params.coefficient_bits, product),
            add_bits=total,
        ),
        Arithmetic(term="mac", count=computed, instances=lanes, add_bits=product),
        Arithmetic(term="neuron_update", count=groups * lanes, instances=lanes, add_bits=params.sum.bits),
        Arithmetic(term="neuron_update", count=bins, instances=1, add_bits=params.sum.bits),
        Arithmetic(term="neuron_update", count=kept, instances=1, add_bits=max(params.state_bits, params.level_bits)),
    )
    tokens = token_registers(counters, params.output.address_bits + params.output.payload.bits)
    return EngineWork(
        name=name,
        memory_bits=sum(capacity for _, capacity in words.values()),
        accesses=(*accesses, tokens),
        arithmetic=arithmetic,
        busy=2 * passes + bins,
    )


def _words(params: CochleaParams) -> dict[str, tuple[int, int]]:
    """Return the bits of a word and the capacity of each memory."""
    lanes, groups = params.multipliers, params.groups
    output, change = 2 * params.section.bits, params.section.bits + 1
    words = {
        "coefficients": (lanes * 2 * params.coefficient_bits, groups),
        "outputs": (lanes * output, groups * params.sections),
        "differences": (lanes * change, groups if params.sections > 1 else 0),
        "sums": (lanes * params.sum.bits, groups),
        "kept": (params.state_bits, params.channels),
    }
    return {name: (bits, bits * depth) for name, (bits, depth) in words.items()}
