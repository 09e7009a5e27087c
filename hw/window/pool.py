"""The pooling engine: a maximum or a sum over each channel of a window."""

from amaranth.hdl import *
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import shape_of
from tospike.hw.counting import count_up
from tospike.hw.dataflow import layout
from tospike.hw.dataflow.resize import resizer
from tospike.hw.dataflow.results import Results
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.params import DataflowPoolParams
from tospike.hw.window.layout import counter_names, delay
from tospike.hw.window.windows import Windows


class DataflowPool(Engine[DataflowPoolParams]):
    """Pool ``lanes`` channels at a time, a tap per cycle.

    ::

        i -> Widen -> Windows -> larger one, -> Results -> o
             Narrow   a tap      or sum         bias, requantise,
                                                queue

    A window takes a cycle for each tap and word of a pixel. Each group of ``lanes`` channels leaves as a beat,
    `layout.delay` and, from the dataflow engine, `layout.result_latency` + `layout.QUEUE_LATENCY` cycles after the
    issue of its last tap. A maximum passes the requantiser by. No path of ``ready`` leads through the engine.
    """

    def __init__(self, params: DataflowPoolParams, contents):
        self._contents = contents
        super().__init__(params, counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params, window, layer = self._params, self._params.window, self._params.layer
        shape = shape_of(params.act)
        m.submodules.windows = windows = Windows(
            window, shape, words=layer.words, groups=layer.groups, channelwise=True
        )
        busy = [windows.busy]
        resize = resizer(params.act, lanes=params.input_lanes, simd=window.lanes, values=params.input.addresses)
        if resize is None:
            connect(m, flipped(self.i), windows.i)
        else:
            m.submodules.resize = resize
            connect(m, flipped(self.i), resize.i)
            connect(m, resize.o, windows.i)
            busy.append(resize.busy)

        m.submodules.results = results = Results(layer, self._contents.get("channels", ()), delay=delay(params))
        m.d.comb += [
            windows.may_end.eq(results.credit),
            results.reserve.eq(windows.issue & windows.ends_group),
            *(results.sums[lane].eq(total) for lane, total in enumerate(self._pooled(m, windows))),
            *(self.o.payload[lane].eq(value) for lane, value in enumerate(results.o.payload)),
            self.o.valid.eq(results.o.valid),
            results.o.ready.eq(self.o.ready),
            self.busy.eq(Cat(busy, results.busy).any()),
        ]
        events = {
            "frames": windows.issue & windows.ends_frame,
            "words": windows.issue,
            "beats": self.o.valid & self.o.ready,
        }
        if params.is_counted:
            count_up(m, self.counters, self.clear, events)
        return m

    def _pooled(self, m, windows):
        """Return the maximum or the sum of each lane."""
        params = self._params
        if params.layer.words == 1:
            return list(windows.values)
        latency = layout.OPERAND_LATENCY + layout.SELECT_LATENCY
        starts = Signal(init=1)
        with m.If(windows.issue):
            m.d.sync += starts.eq(windows.ends_group)
        adds, restarts = (
            delayed(m, flag, latency, name=name) for flag, name in ((windows.issue, "adds"), (starts, "restarts"))
        )
        pooled = []
        for lane, value in enumerate(windows.values):
            if params.maximum:
                total = Signal(shape_of(params.act), name=f"largest_{lane}", reset_less=True)
                joined = Mux(value > total, value, total)
            else:
                total = Signal(shape_of(params.layer.acc), name=f"sum_{lane}", reset_less=True)
                joined = total + value
            with m.If(adds):
                m.d.sync += total.eq(Mux(restarts, value, joined))
            pooled.append(total)
        return pooled
