"""Describe the ports of a bare component bit by bit: its README and Verilog are its only documentation."""

from tospike.hw.host.layout import engine_layout
from tospike.hw.params import ArrayParams, Dataflow, EngineParams, IntFormat, TokenFormat

_CLOCK = {"clk": "everything happens at its rising edge", "rst": "reset, synchronous, active high"}


def array_meanings(params: ArrayParams) -> dict[str, str]:
    """Describe each port of `tospike.hw.array.array.SystolicArray`, whose docstring has the schedule."""
    act = params.act.bits
    paired = params.products_per_multiplier == 2
    behind = "each two columns a cycle after the two before" if paired else "column c a cycle after column c - 1"
    if params.dataflow is Dataflow.OS:
        first = "the first product of a sum" + (", an idle step of activation 0 before it" if params.gap else "")
        emit = f"the last one, {params.rows} steps or more after that of the sum before"
        weights = "one for each activation"
        sums = f"the sum of row r and column c comes {params.latency} + r + {'floor(c / 2)' if paired else 'c'} cycles"
    else:
        first, emit = "from here on with the weights that were loaded", "the sum is wanted"
        weights = "while load is 1, those of the last row first"
        sums = f"the sum of column c comes {params.latency} + c cycles"
    return {
        **_CLOCK,
        "rows": f"from the left, row 0 lowest, {act + 2} bits a row: {_bits(0, act)} activation ({_sign(params.act)}), "
        f"{_bits(act, 1)} first ({first}), {_bits(act + 1, 1)} emit ({emit}); row r a cycle after row r - 1",
        "cols": f"weights from the top, column 0 lowest, {params.weight.bits} bits a column ({_sign(params.weight)}, "
        f"{params.weight_range}), {weights}; {behind}",
        "load": "a bit a row, row 0 lowest: in cycle j of loading 1 for rows 0 to j",
        "results": f"at the bottom, column 0 lowest, {params.acc_bits} bits a column ({_sign(params.acc)}); {sums} "
        "after row 0 had emit",
        "valid": "a bit a column, column 0 lowest: its result counts in this cycle",
    }


def engine_meanings(params: EngineParams) -> dict[str, str]:
    """Describe each port of `tospike.hw.engine.Engine`."""
    layout = engine_layout(params)
    memories = [
        f"{number} {shape.name} ({shape.depth} words of {shape.width} bits)"
        for number, shape in enumerate(layout.memories(params))
    ]
    return {
        **_CLOCK,
        **_stream("i", "tokens in", params.input),
        **_stream("o", "tokens out", params.output),
        "counters": f"running totals, {params.counter_bits} bits each, from the lowest: "
        f"{', '.join(layout.counter_names(params))}",
        "clear": "sets all counters to 0",
        "busy": "a token is inside",
        "config_valid": "a write to a memory takes place in this cycle",
        "config_region": f"which memory: {', '.join(memories)}",
        "config_index": "the word's address, and below it which 32 bits of the word, where it has more than that: the "
        "highest chunk stores the word",
        "config_data": "the chunk",
    }


def _stream(name: str, what: str, fmt: TokenFormat) -> dict[str, str]:
    return {
        f"{name}_payload": f"{what}: bits 1..0 kind (0 VALUE, 1 TICK, 2 END), {_bits(2, fmt.address_bits)} address, "
        f"{_bits(2 + fmt.address_bits, fmt.payload.bits)} payload ({_sign(fmt.payload)})",
        f"{name}_valid": f"{what}, valid",
        f"{name}_ready": f"{what}, ready",
    }


def _bits(low: int, width: int) -> str:
    return f"bit {low}" if width == 1 else f"bits {low + width - 1}..{low}"


def _sign(fmt: IntFormat) -> str:
    return "signed" if fmt.signed else "unsigned"
