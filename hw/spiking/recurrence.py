"""Merges an engine's recurrent spikes into its input stream."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import EventParams, TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class Recurrence(wiring.Component):
    """Insert the recurrent spikes of a time step before the input events of the next one. Latency 0, throughput 1.

    ::

        i:         VALUE(2) TICK                          VALUE(0) TICK
        recurrent:               VALUE(1)   VALUE(3) TICK               TICK
        o:         VALUE(2) TICK VALUE(n+1) VALUE(n+3)    VALUE(0) TICK            n: inputs

    After a TICK of ``i``, the tokens of ``recurrent`` pass, with addresses after those of the inputs, up to its TICK,
    which is dropped. The engine processes all of them before it takes another token of ``i``, without waiting for the
    consumer of its output: a queue for the words of one update suffices, and there is no deadlock.

    Members
    -------
    i : In
        Input tokens.
    recurrent : In
        For each time step, the engine's spikes and a TICK.
    o : Out
        Addresses 0 to ``params.rows - 1``, payloads of format ``params.event``.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "recurrent": In(token_stream(TokenFormat(addresses=params.neurons, payload=params.neuron.spike))),
                "o": Out(token_stream(TokenFormat(addresses=params.rows, payload=params.event))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        is_feedback = Signal()  # `recurrent` passes, otherwise `i`
        is_tick = self.recurrent.payload.kind == TokenKind.TICK
        with m.If(is_feedback):
            m.d.comb += [
                self.o.valid.eq(self.recurrent.valid & ~is_tick),
                self.o.payload.kind.eq(TokenKind.VALUE),
                self.o.payload.address.eq(self.recurrent.payload.address + self._params.inputs),
                self.o.payload.payload.eq(self.recurrent.payload.payload),
                self.recurrent.ready.eq(self.o.ready | is_tick),
            ]
            with m.If(self.recurrent.valid & is_tick):
                m.d.sync += is_feedback.eq(0)
        with m.Else():
            m.d.comb += [
                self.o.valid.eq(self.i.valid),
                self.o.payload.kind.eq(self.i.payload.kind),
                self.o.payload.address.eq(self.i.payload.address),
                self.o.payload.payload.eq(self.i.payload.payload),
                self.i.ready.eq(self.o.ready),
            ]
            with m.If(self.i.valid & self.o.ready & (self.i.payload.kind == TokenKind.TICK)):
                m.d.sync += is_feedback.eq(1)
        return m
