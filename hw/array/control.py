"""Control of the layers of a frame: they run one after another."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import ConvParams, SystolicParams, address_bits


class LayerControl(wiring.Component):
    """Start a layer when its input is complete and the array is empty.

    The activation memory is double-buffered: a layer reads one half, and its results go to the other. Those of the
    last layer leave the engine, so the next frame is loaded into the other half meanwhile.

    Members
    -------
    loaded : In(1)
        A frame is in the activation buffer.
    empty : In(1)
        No operands are in the array.
    done : In(1)
        The last result of the layer is stored or sent.
    last_layer : In(1)
        The descriptor of layer ``index`` marks it as the last one. Two cycles after ``index``.
    index : Out
        Index of the layer whose descriptor to read.
    start : Out(1)
        A layer begins; its descriptor is valid and stays so until ``done``.
    final : Out(1)
        The running layer is the last.
    source : Out(1)
        The half that the layer reads, valid with ``start`` and while the layer runs.
    busy : Out(1)
        A frame is being computed.
    """

    def __init__(self, params: SystolicParams | ConvParams):
        super().__init__(
            {
                "loaded": In(1),
                "empty": In(1),
                "done": In(1),
                "last_layer": In(1),
                "index": Out(address_bits(len(params.layers))),
                "start": Out(1),
                "final": Out(1),
                "source": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        frame_half = Signal()  # the half that the next frame is loaded into
        m.d.comb += self.busy.eq(1)
        m.d.sync += self.start.eq(0)  # registered, because of its fan-out
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(0)
                with m.If(self.loaded & self.empty):
                    m.d.sync += [self.start.eq(1), self.source.eq(frame_half)]
                    m.next = "START"
            with m.State("START"):
                m.d.sync += self.final.eq(self.last_layer)
                with m.If(self.last_layer):
                    m.d.sync += frame_half.eq(~self.source)
                m.next = "RUN"
            with m.State("RUN"), m.If(self.done):
                m.d.sync += [self.index.eq(Mux(self.final, 0, self.index + 1)), self.final.eq(0)]
                with m.If(self.final):
                    m.next = "REWIND"
                with m.Else():
                    m.next = "NEXT"
            with m.State("REWIND"):  # the first layer's descriptor is being read
                m.next = "REWOUND"
            with m.State("REWOUND"):
                m.next = "IDLE"
            with m.State("NEXT"), m.If(self.empty):
                m.next = "FETCHED"
            with m.State("FETCHED"):
                m.d.sync += [self.start.eq(1), self.source.eq(~self.source)]
                m.next = "START"
        return m
