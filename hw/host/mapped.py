"""A design behind single accesses: registers, and streams by registers, for buses without streams."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import RESP_OKAY, Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.layout import ADDRESS_BITS, StreamRegister
from tospike.hw.host.register_map import STREAM_STATUS


class AccessSignature(wiring.Signature):
    """One access at a time, from the initiator's side: held from ``valid`` until ``done``.

    Members
    -------
    valid : Out(1), write : Out(1), address : Out(12), data : Out(32), strobes : Out(4)
        The access.
    done : In(1)
        It ends in this cycle. The next one may follow at once.
    error : In(1), word : In(32)
        Its outcome, with ``done``.
    """

    def __init__(self):
        super().__init__(
            {
                **{"valid": Out(1), "write": Out(1), "address": Out(ADDRESS_BITS), "data": Out(32), "strobes": Out(4)},
                **{"done": In(1), "error": In(1), "word": In(32)},
            }
        )


class MappedPort(wiring.Component):
    """Carry out accesses: to the stream registers here, all others by AXI4-Lite.

    ::

        access --> decode --> stream registers --> s_axis, m_axis
                      |
                      +-----> s_axi

    A stream register answers in the next cycle, whatever the streams do: a beat that cannot be moved is an error. Other
    accesses take as long as the register file, at most 8 cycles.

    Members
    -------
    access : In(AccessSignature)
        The bus.
    s_axis, s_axi : Out; m_axis : In
        The design's ports, see `tospike.hw.accelerator.Accelerator`.
    """

    def __init__(self):
        super().__init__(
            {
                "access": In(AccessSignature()),
                "s_axis": Out(Axi4StreamSignature()),
                "m_axis": In(Axi4StreamSignature()),
                "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        access, axi, into = self.access, self.s_axi, self.s_axis
        word, error = Signal(32), Signal()
        m.d.comb += [
            *(access.word.eq(word), access.error.eq(error)),
            *(axi.awaddr.eq(access.address), axi.araddr.eq(access.address)),
            *(axi.wdata.eq(access.data), axi.wstrb.eq(access.strobes)),
        ]
        with m.If(into.tready):  # a beat waits until it is taken
            m.d.sync += into.tvalid.eq(0)

        with m.FSM():
            with m.State("IDLE"), m.If(access.valid):
                m.d.sync += [word.eq(0), error.eq(1)]
                with m.If(access.address >= min(StreamRegister)):
                    m.next = "DONE"
                    self._move(m, word, error)
                with m.Elif(access.write):
                    m.next = "WRITE"
                    m.d.sync += [axi.awvalid.eq(1), axi.wvalid.eq(1)]
                with m.Else():
                    m.next = "READ"
                    m.d.sync += axi.arvalid.eq(1)
            with m.State("WRITE"):
                m.d.comb += axi.bready.eq(1)
                with m.If(axi.awready):
                    m.d.sync += axi.awvalid.eq(0)
                with m.If(axi.wready):
                    m.d.sync += axi.wvalid.eq(0)
                with m.If(axi.bvalid):
                    m.next = "DONE"
                    m.d.sync += error.eq(axi.bresp != RESP_OKAY)
            with m.State("READ"):
                m.d.comb += axi.rready.eq(1)
                with m.If(axi.arready):
                    m.d.sync += axi.arvalid.eq(0)
                with m.If(axi.rvalid):
                    m.next = "DONE"
                    m.d.sync += [word.eq(axi.rdata), error.eq(axi.rresp != RESP_OKAY)]
            with m.State("DONE"):
                m.d.comb += access.done.eq(1)
                m.next = "IDLE"
        return m

    def _move(self, m: Module, word: Signal, error: Signal) -> None:
        """Move a beat, or tell whether that is possible."""
        access, into, out = self.access, self.s_axis, self.m_axis
        can_send = ~into.tvalid | into.tready
        states = {"can_send": can_send, "has_beat": out.tvalid, "is_last": out.tvalid & out.tlast}
        status = Cat(states[field.name] for field in STREAM_STATUS.fields)  # side by side from bit 0 on
        with m.Switch(access.address):
            with m.Case(StreamRegister.STREAM_STATUS), m.If(~access.write):
                m.d.sync += [word.eq(status), error.eq(0)]
            is_sent = access.write & (access.strobes == 0xF) & can_send
            with m.Case(StreamRegister.SEND, StreamRegister.SEND_LAST), m.If(is_sent):
                is_last = access.address == StreamRegister.SEND_LAST
                m.d.sync += [into.tdata.eq(access.data), into.tlast.eq(is_last), into.tvalid.eq(1), error.eq(0)]
            with m.Case(StreamRegister.RECEIVE), m.If(~access.write & out.tvalid):
                m.d.comb += out.tready.eq(1)
                m.d.sync += [word.eq(out.tdata), error.eq(0)]
