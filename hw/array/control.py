"""Runs the layers of a frame in turn."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import ConvParams, SystolicParams, address_bits


class LayerControl(wiring.Component):
    """Starts a layer when its input is complete and the array is empty.

    The activation buffer has two halves: a layer reads one, and its results go to the other. The last layer's go
    out, so the next frame is loaded into the other half meanwhile.

    Members
    -------
    loaded : In(1)
        A frame is in the activation buffer.
    empty : In(1)
        No operands are in the array.
    done : In(1)
        The last result of the layer is stored or sent.
    last_layer : In(1)
        The descriptor of layer ``index`` says that it is the last one. Comes two cycles after ``index``.
    index : Out
        Which layer's descriptor is wanted.
    start : Out(1)
        A layer begins; its descriptor is there, and stays until ``done``.
    final : Out(1)
        The layer that runs is the last.
    source : Out(1)
        The half that the layer reads, valid with ``start`` and while it runs.
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
        frame_half = Signal()  # that the next frame is loaded into
        m.d.comb += self.busy.eq(1)
        m.d.sync += self.start.eq(0)  # a register, since everything hangs on it
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
