"""The host's input of recordings: time-stamped address events (AER) to tokens."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.params import WORD_BITS, HostEventParams, TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class RecordingInput(wiring.Component):
    """Convert recordings to spike trains of ``steps`` time steps. Latency 0.

    ::

        beat    origin | stamp | address | stamp |      | address | ... | stamp | address |            TLAST at last
        token                  |  VALUE  |       | TICK |  VALUE  |             |  VALUE  | TICK | TICK | END

    ``origin`` is the time at which step 0 begins; a recording without events is an origin with TLAST. A beat takes a
    cycle; each TICK that is due takes one more, in which no beat is taken. Within a time step, addresses come in any
    order and possibly repeatedly: the delay engine downstream sorts them.

    Members
    -------
    started : Out(1)
        Pulses when the origin is taken.
    frame_error : Out(1)
        Pulses when TLAST comes with a stamp, which ends the recording.
    address_error : Out(1)
        Pulses when the input lacks an event's address: the event is dropped.
    time_error : Out(1)
        Pulses when an event is earlier than the previous one or the origin: it is dropped.
    """

    def __init__(self, fmt: TokenFormat, params: HostEventParams):
        self._format = fmt
        self._params = params
        errors = dict.fromkeys(("started", "frame_error", "address_error", "time_error"), Out(1))
        super().__init__({"i": In(Axi4StreamSignature()), "o": Out(token_stream(fmt)), **errors})

    def elaborate(self, platform):
        m = Module()
        params, word = self._params, self.i.tdata
        stamp = Signal(WORD_BITS)
        latest = Signal(WORD_BITS)  # the latest stamp that was not too early
        until = Signal(WORD_BITS + 1)  # end of this time step
        step = Signal(range(params.steps + 1))
        is_over = step == params.steps

        taken = self.i.tvalid & self.i.tready
        departs = self.o.valid & self.o.ready
        m.d.comb += self.o.payload.kind.eq(TokenKind.TICK)

        def tick():
            m.d.comb += self.o.valid.eq(1)
            with m.If(self.o.ready):
                m.d.sync += [step.eq(step + 1), until.eq(until + params.time_bin)]

        with m.FSM():
            with m.State("origin"):
                m.d.comb += [self.i.tready.eq(1), self.started.eq(self.i.tvalid)]
                m.d.sync += [latest.eq(word), until.eq(word + params.time_bin), step.eq(0)]
                with m.If(taken):
                    with m.If(self.i.tlast):
                        m.next = "rest"
                    with m.Else():
                        m.next = "stamp"
            with m.State("stamp"):
                m.d.comb += [self.i.tready.eq(1), self.frame_error.eq(self.i.tvalid & self.i.tlast)]
                m.d.sync += stamp.eq(word)
                with m.If(taken):
                    with m.If(self.i.tlast):
                        m.next = "rest"
                    with m.Else():
                        m.next = "address"
            with m.State("address"):
                too_early = stamp < latest
                is_known = word < self._format.addresses
                sends = is_known & ~too_early & ~is_over
                with m.If((stamp >= until) & ~is_over):
                    tick()
                with m.Else():
                    m.d.comb += [
                        self.o.payload.kind.eq(TokenKind.VALUE),
                        self.o.payload.address.eq(word),
                        self.o.payload.payload.eq(1),
                        self.o.valid.eq(self.i.tvalid & sends),
                        self.i.tready.eq(self.o.ready | ~sends),
                        self.address_error.eq(taken & ~is_known),
                        self.time_error.eq(taken & too_early),
                    ]
                    with m.If(taken):
                        m.d.sync += latest.eq(Mux(too_early, latest, stamp))
                        with m.If(self.i.tlast):
                            m.next = "rest"
                        with m.Else():
                            m.next = "stamp"
            with m.State("rest"):
                with m.If(is_over):
                    m.d.comb += [self.o.payload.kind.eq(TokenKind.END), self.o.valid.eq(1)]
                    with m.If(departs):
                        m.next = "origin"
                with m.Else():
                    tick()
        return m
