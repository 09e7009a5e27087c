"""The way of an engine's own spikes back into it."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.params import EventParams, TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class Recurrence(wiring.Component):
    """Puts the spikes of a step before the events of the next step.

    ::

        i:   VALUE(2) TICK                          VALUE(0) TICK
        own:               VALUE(1) VALUE(3) TICK                 TICK
        o:   VALUE(2) TICK VALUE(n+1) VALUE(n+3)    VALUE(0) TICK            n: inputs

    After a TICK of ``i``, ``own`` is passed on with its addresses behind those of the inputs, until its TICK, which is
    dropped. The engine works off all of them before it takes another token of ``i``, and it never waits for the
    consumer of its output in doing so: a queue for the words of one update is enough, and there is no deadlock.

    Members
    -------
    i : In
        What comes in.
    own : In
        Per step the engine's spikes and a TICK.
    o : Out
        Addresses 0 to ``params.rows - 1``, payloads of format ``params.event``.
    """

    def __init__(self, params: EventParams):
        self._params = params
        super().__init__(
            {
                "i": In(token_stream(params.input)),
                "own": In(token_stream(TokenFormat(addresses=params.neurons, payload=params.neuron.spike))),
                "o": Out(token_stream(TokenFormat(addresses=params.rows, payload=params.event))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        turn = Signal()  # of the own spikes
        is_tick = self.own.payload.kind == TokenKind.TICK
        with m.If(turn):
            m.d.comb += [
                self.o.valid.eq(self.own.valid & ~is_tick),
                self.o.payload.kind.eq(TokenKind.VALUE),
                self.o.payload.address.eq(self.own.payload.address + self._params.inputs),
                self.o.payload.payload.eq(self.own.payload.payload),
                self.own.ready.eq(self.o.ready | is_tick),
            ]
            with m.If(self.own.valid & is_tick):
                m.d.sync += turn.eq(0)
        with m.Else():
            m.d.comb += [
                self.o.valid.eq(self.i.valid),
                self.o.payload.kind.eq(self.i.payload.kind),
                self.o.payload.address.eq(self.i.payload.address),
                self.o.payload.payload.eq(self.i.payload.payload),
                self.i.ready.eq(self.o.ready),
            ]
            with m.If(self.i.valid & self.o.ready & (self.i.payload.kind == TokenKind.TICK)):
                m.d.sync += turn.eq(1)
        return m
