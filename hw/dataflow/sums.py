"""The array of a dataflow engine: the sum of each neuron of a group."""

from amaranth.hdl import *

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.dataflow import layout
from tospike.hw.dataflow.dot import DotProduct
from tospike.hw.delay import delayed
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import DataflowDenseParams
from tospike.hw.primitives import CELLS
from tospike.hw.primitives.flags import flags


def group_sums(m: Module, params: DataflowDenseParams, contents, operands) -> list[Value]:
    """Return the sum of each neuron of the group whose words ``operands`` issue.

    It is complete `layout.operand_latency` + `layout.sum_latency` cycles after the issue of the group's last word.
    ``contents`` are the words of the weight memory.
    """
    cells = CELLS[params.primitives]
    weights = _weights(m, params, contents, operands.address)
    starts_group = Signal(init=1)
    with m.If(operands.issue):
        m.d.sync += starts_group.eq(operands.ends_group)
    # the word's sums are added to those of its group a cycle before they are complete
    early = layout.operand_latency(params) + layout.sum_latency(params) - 2
    adds, restarts = (
        delayed(m, flag, early, name=name) for flag, name in ((operands.issue, "adds"), (starts_group, "restarts"))
    )
    sums = []
    for neuron in range(params.pe):
        dsps = min(max(0, params.dsps - neuron * params.simd), params.simd)
        m.submodules[f"dot_{neuron}"] = dot = DotProduct(
            params.act,
            params.weight,
            lanes=params.simd,
            dsps=dsps,
            tables=params.has_tables,
            primitives=params.primitives,
        )
        m.d.comb += [
            dot.a.eq(operands.values),
            Value.cast(dot.b).eq(weights.word_select(neuron, len(Value.cast(dot.b)))),
        ]
        if params.words == 1:
            sums.append(dot.total)
            continue
        total = Signal(shape_of(params.acc), name=f"sum_{neuron}", reset_less=True)
        # no sum of this layer's weights leaves the accumulator, although one of other weights could
        term = extended(dot.total, max(len(dot.total), params.acc_bits))[: params.acc_bits]
        added = cells.restartable_adder(
            m,
            total,
            term.as_signed(),
            carry=C(0, 1),
            first=restarts,
            cycles=1,
            name=f"restarts_{neuron}",
        )
        with m.If(flags(m, cells, adds, 1, name=f"adds_{neuron}")):
            m.d.sync += total.eq(added)
        sums.append(total)
    return sums


def _weights(m, params, contents, address):
    """Return the weights of a word, lane by lane."""
    shape = next(shape for shape in layout.memories(params) if shape.name == "weights")
    if params.fold == 1:
        return C(contents[0] if contents else 0, shape.width)
    m.submodules.weights = memory = LoadableMemory(shape, init=contents, banked=True, latency=layout.OPERAND_LATENCY)
    late = layout.operand_latency(params) - layout.OPERAND_LATENCY
    m.d.comb += memory.address.eq(delayed(m, address, late, name="address"))
    return memory.data
