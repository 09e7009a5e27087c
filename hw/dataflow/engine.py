"""The dataflow engine: a dense layer, or a convolution, on an array of its own."""

from amaranth.hdl import *
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up
from tospike.hw.dataflow import layout
from tospike.hw.dataflow.operands import Operands
from tospike.hw.dataflow.resize import resizer
from tospike.hw.dataflow.results import Results
from tospike.hw.dataflow.sums import group_sums
from tospike.hw.engine import Engine
from tospike.hw.params import DataflowDenseParams
from tospike.hw.window.windows import Windows


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
    after it. The frames of a convolution are windows, which `tospike.hw.window.windows.Windows` issues instead of
    Operands. No path of ``ready`` leads through the engine. From the issue of a group's last word to its first beat at
    ``o``: `layout.operand_latency` + `layout.sum_latency` + `layout.result_latency` + `layout.QUEUE_LATENCY` cycles.
    """

    def __init__(self, params: DataflowDenseParams, contents):
        self._contents = contents
        super().__init__(params, layout.counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        shape, window = shape_of(params.act), params.window
        if window is None:
            operands, lanes = Operands(params, shape), params.simd
        else:
            operands, lanes = Windows(window, shape, words=params.words, groups=params.groups), window.lanes
        m.submodules.operands = operands
        busy = [operands.busy]
        resize = resizer(params.act, lanes=params.input_lanes, simd=lanes, values=params.input.addresses)
        if resize is None:
            connect(m, flipped(self.i), operands.i)
        else:
            m.submodules.resize = resize
            connect(m, flipped(self.i), resize.i)
            connect(m, resize.o, operands.i)
            busy.append(resize.busy)

        delay = layout.operand_latency(params) + layout.sum_latency(params)
        m.submodules.results = results = Results(params, self._contents.get("channels", ()), delay=delay)
        sums = group_sums(m, params, self._contents.get("weights", ()), operands)
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
        if params.is_counted:
            count_up(m, self.counters, self.clear, events)
        return m
