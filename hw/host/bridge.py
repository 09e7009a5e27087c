"""The bridge from packets of bytes to AXI: requests and responses on one side, the host port on the other."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.host.axi import RESP_OKAY, Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.framing import PLACE_BITS, Check, Deframer, Framer
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.protocol import LENGTHS, MAX_PAYLOAD, TIMEOUT, Request, Status
from tospike.hw.params import require


class AxiBridge(wiring.Component):
    """Execute requests in order, each exactly once.

    ::

        i --> deframer --> memory --> word --> s_axi, s_axis --> |
                             |  ^
        o <-- framer <-------+  +------------- s_axi, m_axis <-- |

    A request is executed if its number follows that of the last one. A repetition with the same number gets the same
    answer again, which the memory still holds. All other requests, and packets that fail the CRC, are ignored.
    `Request.RESET` is always executed. Each answer comes in bounded time, whatever the accelerator does, see
    ``timeout``.

    A beat of a sample waits in a register until the accelerator takes it, even after the answer.

    Parameters
    ----------
    timeout : int
        Cycles to wait for a beat, and length of a reset: a power of 2.

    Members
    -------
    i : In(stream.Signature(8)), o : Out(stream.Signature(8))
        The bytes.
    s_axis, s_axi : Out; m_axis : In
        The accelerator's ports, see `tospike.hw.accelerator.Accelerator`.
    reset : Out(1)
        The accelerator's reset.
    """

    def __init__(self, *, timeout: int = TIMEOUT):
        require(timeout >= 1 and timeout.bit_count() == 1, f"timeout must be a power of 2, not {timeout!r}")
        self._timeout = timeout
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "o": Out(stream.Signature(8)),
                "s_axis": Out(Axi4StreamSignature()),
                "m_axis": In(Axi4StreamSignature()),
                "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi, beats = self.s_axi, self.s_axis
        m.submodules.deframer = deframer = Deframer()
        m.submodules.framer = framer = Framer()
        connect(m, flipped(self.i), deframer.i)
        connect(m, framer.o, flipped(self.o))

        m.submodules.check = check = Check()
        connect(m, deframer.check, check.receiver)
        connect(m, framer.check, check.sender)

        # the request's packet in the lower half, the answer's payload in the upper half
        m.submodules.memory = memory = Memory(shape=8, depth=2 << PLACE_BITS, init=[])
        read, write = memory.read_port(), memory.write_port()

        has_session = Signal()
        last = Signal(8)  # number of the last request executed
        is_stalled = Signal()
        status = Signal(3)
        size = Signal(range(MAX_PAYLOAD + 1))  # of the answer's payload
        word = Signal(48)  # the last bytes of the request's payload, the newest on top
        place = Signal(PLACE_BITS)  # of the next byte
        wanted = Signal(range(7))  # bytes to fetch
        waited = Signal(range(self._timeout + 1))
        is_over = waited[-1]
        kind = deframer.kind
        is_pull = (kind == Request.PULL) | (kind == Request.RESUME)
        is_fourth = size[:2] == 3  # the last byte of a word
        result = Mux(is_pull, self.m_axis.tdata, axi.rdata).word_select(size[:2], 8)
        m.d.comb += [
            framer.number.eq(deframer.number),
            framer.kind.eq(Status.DONE | status),
            framer.length.eq(size),
            framer.byte.eq(read.data),
            write.addr.eq(deframer.place),
            write.data.eq(deframer.byte),
            write.en.eq(deframer.valid),
            read.addr.eq(Cat(framer.place, C(1, 1))),
            axi.awaddr.eq(word[:16]),
            axi.wdata.eq(word[16:]),
            axi.wstrb.eq(0xF),
            axi.araddr.eq(word[32:]),
        ]
        m.d.sync += waited.eq(0)
        with m.If(beats.tready):
            m.d.sync += beats.tvalid.eq(0)

        def answer(value):
            m.d.sync += status.eq(value)
            m.next = "ANSWER"

        def store():
            m.d.comb += [write.addr.eq(Cat(size[:PLACE_BITS], C(1, 1))), write.data.eq(result), write.en.eq(1)]
            m.d.sync += size.eq(size + 1)

        with m.FSM() as fsm:
            m.d.comb += deframer.hold.eq(~fsm.ongoing("LISTEN"))
            with m.State("LISTEN"):
                m.d.sync += place.eq(0)
                with m.If(deframer.is_good & self._is_request(deframer)):
                    m.next = "CHOOSE"
            with m.State("CHOOSE"):
                ahead = (deframer.number - last)[:8]
                is_next = (ahead == 1) & (is_stalled == (kind == Request.RESUME))
                m.next = "LISTEN"
                with m.If((kind == Request.RESET) | (has_session & is_next)):
                    m.d.sync += [
                        has_session.eq(1),
                        last.eq(deframer.number),
                        is_stalled.eq(0),
                        size.eq(0),
                        wanted.eq(4),
                    ]
                    m.next = "FETCH"
                    with m.Switch(kind):
                        for request, length in LENGTHS.items():
                            with m.Case(request):
                                m.d.sync += wanted.eq(length)
                    with m.If(is_pull):
                        m.next = "PULL"
                with m.Elif(~has_session):
                    m.d.sync += size.eq(0)
                    answer(Status.LOST)
                with m.Elif(ahead == 0):
                    m.next = "ANSWER"
            with m.State("FETCH"):
                m.d.comb += read.addr.eq(place)
                m.next = "TAKE"
            with m.State("TAKE"):
                m.d.sync += [word.eq(Cat(word[8:], read.data)), place.eq(place + 1), wanted.eq(wanted - 1)]
                # the answer to RESET echoes its payload, other answers overwrite it
                m.d.comb += [write.addr.eq(Cat(place, C(1, 1))), write.data.eq(read.data), write.en.eq(1)]
                m.next = "FETCH"
                with m.If(wanted == 1), m.Switch(kind):
                    with m.Case(Request.RESET):
                        m.d.sync += [self.reset.eq(1), beats.tvalid.eq(0), size.eq(4)]
                        m.next = "RESET"
                    with m.Case(Request.READ):
                        m.d.sync += axi.arvalid.eq(1)
                        m.next = "READ"
                    with m.Case(Request.WRITE):
                        m.d.sync += [axi.awvalid.eq(1), axi.wvalid.eq(1)]
                        m.next = "WRITE"
                    with m.Default():
                        m.next = "PUSH"
            with m.State("RESET"):
                m.d.sync += waited.eq(waited + 1)
                with m.If(is_over):
                    m.d.sync += self.reset.eq(0)
                    answer(Status.DONE)
            with m.State("READ"):
                with m.If(axi.arready):
                    m.d.sync += axi.arvalid.eq(0)
                with m.If(axi.rvalid):
                    with m.If(axi.rresp != RESP_OKAY):
                        m.d.comb += axi.rready.eq(1)
                        answer(Status.REFUSED)
                    with m.Else():
                        store()
                        with m.If(is_fourth):
                            m.d.comb += axi.rready.eq(1)
                            answer(Status.DONE)
            with m.State("WRITE"):
                m.d.comb += axi.bready.eq(1)
                with m.If(axi.awready):
                    m.d.sync += axi.awvalid.eq(0)
                with m.If(axi.wready):
                    m.d.sync += axi.wvalid.eq(0)
                with m.If(axi.bvalid):
                    answer(Mux(axi.bresp == RESP_OKAY, Status.DONE, Status.REFUSED))
            with m.State("PUSH"):
                m.d.sync += waited.eq(waited + 1)
                is_final = place == deframer.length
                with m.If(~beats.tvalid | beats.tready):
                    m.d.sync += [
                        beats.tdata.eq(word[16:]),
                        beats.tlast.eq(is_final & (kind == Request.PUSH_LAST)),
                        beats.tvalid.eq(1),
                        waited.eq(0),
                        wanted.eq(4),
                    ]
                    m.next = "FETCH"
                    with m.If(is_final):
                        answer(Status.DONE)
                with m.Elif(is_over):
                    m.d.sync += [is_stalled.eq(1), size.eq(place[2:] - 1)]  # the fetched beat was not taken
                    answer(Status.STALLED)
            with m.State("PULL"):
                m.d.sync += waited.eq(waited + 1)
                with m.If(self.m_axis.tvalid):
                    m.d.sync += waited.eq(0)
                    store()
                    with m.If(is_fourth):
                        m.d.comb += self.m_axis.tready.eq(1)
                        with m.If(self.m_axis.tlast):
                            answer(Status.LAST)
                        with m.Elif(size == MAX_PAYLOAD - 1):
                            answer(Status.DONE)
                with m.Elif(is_over):
                    answer(Status.DONE)
            with m.State("ANSWER"):
                m.d.comb += framer.start.eq(1)
                m.next = "ANSWERING"
            with m.State("ANSWERING"), m.If(framer.done):
                m.next = "LISTEN"
        return m

    @staticmethod
    def _is_request(packet: Deframer) -> Value:
        """Return whether the packet is a `Request` of the right length."""
        fixed = [(packet.kind == kind) & (packet.length == length) for kind, length in LENGTHS.items()]
        is_push = (packet.kind == Request.PUSH) | (packet.kind == Request.PUSH_LAST)
        return Cat(fixed).any() | (is_push & packet.length.any() & ~packet.length[:2].any())
