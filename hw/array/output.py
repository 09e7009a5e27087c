"""Conversion of the last layer's results to tokens."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.array.results import result_layout
from tospike.hw.params import ConvParams, SystolicParams, TokenKind
from tospike.hw.tokens import token_stream


class TokenOutput(wiring.Component):
    """Convert results in address order to VALUE tokens, with an END after the last. Latency 0, throughput 1.

    Members
    -------
    busy : Out(1)
        An END is still to be sent.
    """

    def __init__(self, params: SystolicParams | ConvParams):
        self._params = params
        super().__init__(
            {
                "i": In(stream.Signature(result_layout(params))),
                "o": Out(token_stream(params.output)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        address = Signal(self._params.output.address_bits)
        m.d.comb += self.o.valid.eq(self.i.valid | self.busy)
        with m.If(self.busy):
            m.d.comb += self.o.payload.kind.eq(TokenKind.END)
            with m.If(self.o.ready):
                m.d.sync += self.busy.eq(0)
        with m.Else():
            m.d.comb += [
                self.i.ready.eq(self.o.ready),
                self.o.payload.address.eq(address),
                self.o.payload.payload.eq(self.i.payload.value),
            ]
            with m.If(self.i.valid & self.o.ready):
                m.d.sync += [
                    address.eq(Mux(self.i.payload.last, 0, address + 1)),
                    self.busy.eq(self.i.payload.last),
                ]
        return m
