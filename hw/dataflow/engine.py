"""The dataflow engine: a dense layer on an array of its own."""

from amaranth.hdl import *
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import extended, shape_of
from tospike.hw.counting import count_up
from tospike.hw.dataflow import layout
from tospike.hw.dataflow.dot import DotProduct
from tospike.hw.dataflow.operands import Operands
from tospike.hw.dataflow.resize import resizer
from tospike.hw.dataflow.results import Results
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.memory import LoadableMemory
from tospike.hw.params import DataflowDenseParams
from tospike.hw.primitives import CELLS
from tospike.hw.primitives.flags import flags


class DataflowDense(Engine[DataflowDenseParams]):
    """A matrix-vector unit: ``pe`` neurons at a time, each with ``simd`` inputs per cycle (Blott et al., "FINN-R",
    doi:10.1145/3242897, section 4.2).

    ::

                                 weights: a word per cycle
                                    v
        i -> Widen -> Operands -> DotProduct -> accumulate -> Results -> o
             Narrow    frame,       simd x pe     pe sums      bias, requantise,
                       the next                                queue
                       arriving

    Every frame takes ``fold`` cycles, ``words`` for each of its ``groups`` of neurons; the next one starts in the cycle
    after it. No path of ``ready`` leads through the engine. From the issue of a group's last word to its first beat at
    ``o``: `layout.operand_latency` + `layout.sum_latency` + `layout.result_latency` + `layout.QUEUE_LATENCY` cycles.
    """

    def __init__(self, params: DataflowDenseParams, contents):
        self._contents = contents
        super().__init__(params, layout.counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        m.submodules.operands = operands = Operands(params, shape_of(params.act))
        busy = [operands.busy]
        resize = resizer(params.act, lanes=params.input_lanes, simd=params.simd, values=params.inputs)
        if resize is None:
            connect(m, flipped(self.i), operands.i)
        else:
            m.submodules.resize = resize
            connect(m, flipped(self.i), resize.i)
            connect(m, resize.o, operands.i)
            busy.append(resize.busy)

        delay = layout.operand_latency(params) + layout.sum_latency(params)
        m.submodules.results = results = Results(params, self._contents.get("channels", ()), delay=delay)
        sums = self._sums(m, operands)
        m.d.comb += [
            operands.may_end.eq(results.credit),
            results.reserve.eq(operands.issue & operands.ends_group),
            *(results.sums[neuron].eq(total) for neuron, total in enumerate(sums)),
            self.busy.eq(Cat(busy, results.busy).any()),
        ]
        connect(m, results.o, flipped(self.o))
        events = {
            "frames": operands.issue & operands.ends_frame,
            "words": operands.issue,
            "beats": self.o.valid & self.o.ready,
        }
        count_up(m, self.counters, self.clear, events)
        return m

    def _sums(self, m, operands):
        """Return the sum of each neuron of the group."""
        params, cells = self._params, CELLS[self._params.primitives]
        weights = self._weights(m, operands.address)
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

    def _weights(self, m, address):
        """Return the weights of a word, lane by lane."""
        params = self._params
        shape = next(shape for shape in layout.memories(params) if shape.name == "weights")
        contents = self._contents.get("weights", ())
        if params.fold == 1:
            return C(contents[0] if contents else 0, shape.width)
        m.submodules.weights = memory = LoadableMemory(
            shape, init=contents, banked=True, latency=layout.OPERAND_LATENCY
        )
        m.d.comb += memory.address.eq(address)
        return memory.data
