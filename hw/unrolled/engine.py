"""The unrolled engine: dense layers in one pipeline, their weights constants in the logic."""

from amaranth.hdl import *
from amaranth.lib.wiring import connect, flipped

from tospike.hw.arithmetic import extended
from tospike.hw.counting import count_up
from tospike.hw.dataflow.resize import resizer
from tospike.hw.delay import delayed
from tospike.hw.engine import Engine
from tospike.hw.params import UnrolledParams
from tospike.hw.streams import CreditQueue
from tospike.hw.tokens import beat_layout
from tospike.hw.unrolled import layout
from tospike.hw.unrolled.adders import build
from tospike.hw.unrolled.requantize import clamped, scaled


class Unrolled(Engine[UnrolledParams]):
    """Every product of every layer at the same time: a frame may enter per cycle.

    ::

        i -> Widen -> adders -> * multiplier, shift, clamp -> adders -> ... -> queue -> o
             a frame    layer 0                                layer 1

    Nothing in the pipeline stalls or is enabled: a frame enters if the queue has a place for its results. No path of
    ``ready`` leads through the engine. From a frame's entry to its beat at ``o``: `layout.latency` +
    `layout.QUEUE_LATENCY` cycles.
    """

    def __init__(self, params: UnrolledParams, contents):
        self._contents = contents
        super().__init__(params, layout.counter_names(params))

    def elaborate(self, platform):
        m = Module()
        params = self._params
        upstream, busy = flipped(self.i), []
        resize = resizer(params.act, lanes=params.input_lanes, simd=params.frame_lanes, values=params.layers[0].inputs)
        if resize is not None:
            m.submodules.resize = resize
            connect(m, upstream, resize.i)
            upstream = resize.o
            busy.append(resize.busy)

        queue_shape = beat_layout(params.output)
        m.submodules.queue = queue = CreditQueue(queue_shape, depth=layout.credits(params))
        enters = Signal()
        m.d.comb += [
            upstream.ready.eq(queue.credit),
            enters.eq(upstream.valid & queue.credit),
            queue.reserve.eq(enters),
            queue.valid.eq(delayed(m, enters, layout.latency(params), name="valid")),
        ]
        connect(m, queue.o, flipped(self.o))
        results = self._layers(m, [upstream.payload[lane] for lane in range(params.layers[0].inputs)])
        for lane, result in enumerate(results):
            m.d.comb += Value.cast(queue.payload[lane]).eq(result)

        inside = Signal(range(layout.credits(params) + 1))
        m.d.sync += inside.eq(inside + enters - (self.o.valid & self.o.ready))
        m.d.comb += self.busy.eq(Cat(*busy, inside.any()).any())
        if params.is_counted:
            count_up(m, self.counters, self.clear, {"frames": enters})
        return m

    def _layers(self, m, values):
        """Return the results of the last layer for the inputs of the first one."""
        params = self._params
        made = layout.graphs(params, self._contents)
        for index, (layer, (graph, terms)) in enumerate(zip(params.layers, made, strict=True)):
            nodes = build(m, graph, values, name=f"sum_{index}")
            sums = [self._sum(layer, nodes[term.node] << term.shift) for term in terms]
            if layer.clamp is None:
                return sums
            values = [
                self._result(m, total, factor, index, number)
                for number, (total, factor) in enumerate(
                    zip(sums, layout.factors(params, self._contents, index), strict=True)
                )
            ]
        return values

    def _sum(self, layer, value):
        """Return a sum in no more bits than those of the layer's sums, which may be less than its range says."""
        bits = layer.acc_bits
        if layer.clamp is None:
            return extended(value, max(len(value), bits))[:bits]
        return value[:bits].as_signed() if len(value) > bits else value

    def _result(self, m, total, factor, index, number):
        """Return a sum, requantised."""
        params = self._params
        layer = params.layers[index]
        shift, name = layer.shift, f"result_{index}_{number}"
        if layer.scaled:
            dsp = layout.uses_dsp(layer, number, factor)
            total = scaled(m, total, factor, dsp=dsp, primitives=params.primitives, name=f"scaled_{index}_{number}")
        elif factor:
            shift -= factor.bit_length() - 1
        else:
            total = C(0, 1)
        rounding = params.requantize.rounding
        return clamped(m, total, shift=shift, rounding=rounding, clamp=layer.clamp, fmt=params.act, name=name)
