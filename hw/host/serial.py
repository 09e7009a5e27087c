"""The host port behind a serial line: commands and replies of bytes on one side, AXI on the other."""

from enum import IntEnum

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.host.axi import RESP_OKAY, Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.uart import UartReceiver, UartTransmitter
from tospike.hw.streams import Queue


class Command(IntEnum):
    """What the host sends first; numbers behind it are little-endian. Any other byte is nothing."""

    READ = ord("R")
    """Address (2 bytes): read a register."""
    WRITE = ord("W")
    """Address (2), data (4): write a register."""
    BEATS = ord("S")
    """n (1), n beats (4 each) of a sample."""
    LAST_BEATS = ord("E")
    """The same, the last of them being the sample's last."""
    RESET = ord("X")
    """Resets the accelerator; what it held is lost, memories are kept."""


class Reply(IntEnum):
    """What the board sends first. Each command gets one of the first five, when it has been done; beats of the output
    come between them, whenever there are any."""

    READ = ord("r")
    """Data (4)."""
    WRITTEN = ord("w")
    ERROR = ord("e")
    """Data (4), which mean nothing: there is no such register."""
    TAKEN = ord("s")
    """The beats have been taken, and as many bytes may come again."""
    RESET = ord("x")
    BEAT = ord("o")
    """Data (4): a beat of the output."""
    LAST_BEAT = ord("l")
    """Data (4): the last beat of a sample's output."""


ARGUMENTS = {Command.READ: 2, Command.WRITE: 6, Command.BEATS: 1, Command.LAST_BEATS: 1}
"""Bytes behind a command, beats not counted."""
DATA_REPLIES = (Reply.READ, Reply.ERROR, Reply.BEAT, Reply.LAST_BEAT)
"""Those with 4 bytes of data."""
MAX_BEATS = 255
"""Beats of a command."""
ROOM = 1024
"""Bytes that may be on their way: a command of the largest size, and more."""
RESET_CYCLES = 8


class Bridge(wiring.Component):
    """Carries out commands, one after another.

    ::

        commands --> command, arguments --> s_axi ------> |
                            |                             +--> frame of 1 or 5 bytes --> replies
                            +-- beats --> s_axis  m_axis -> |

    A beat takes 5 cycles and more; the line is what is slow.

    Members
    -------
    commands : In(stream.Signature(8)), replies : Out(stream.Signature(8))
        The bytes.
    s_axis, s_axi : Out; m_axis : In
        The accelerator's ports, see `tospike.hw.accelerator.Accelerator`.
    reset : Out(1)
        The accelerator's reset.
    """

    def __init__(self):
        super().__init__(
            {
                "commands": In(stream.Signature(8)),
                "replies": Out(stream.Signature(8)),
                "s_axis": Out(Axi4StreamSignature()),
                "m_axis": In(Axi4StreamSignature()),
                "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi, beats = self.s_axi, self.s_axis
        command = Signal(8)
        wanted = Signal(range(7))  # bytes of arguments, or of a beat, that are to come
        given = Signal(48)  # the last ones that came, the newest on top
        count = Signal(8)  # beats that are to come, or cycles of reset
        tag = Signal(8)
        data = Signal(32)
        replies = Signal()  # `tag` and `data` are a reply
        byte = self.commands.payload
        m.d.comb += [
            axi.awaddr.eq(given[:16]),
            axi.wdata.eq(given[16:]),
            axi.wstrb.eq(0xF),
            axi.araddr.eq(given[32:]),
            beats.tdata.eq(given[16:]),
            beats.tlast.eq((command == Command.LAST_BEATS) & (count == 1)),
        ]

        with m.FSM():
            with m.State("COMMAND"):
                m.d.comb += self.commands.ready.eq(1)
                m.d.sync += command.eq(byte)
                with m.If(self.commands.valid), m.Switch(byte):
                    for kind, arguments in ARGUMENTS.items():
                        with m.Case(kind):
                            m.d.sync += wanted.eq(arguments)
                            m.next = "ARGUMENTS"
                    with m.Case(Command.RESET):
                        m.d.sync += [count.eq(RESET_CYCLES), self.reset.eq(1)]
                        m.next = "RESET"
            with m.State("ARGUMENTS"):
                m.d.comb += self.commands.ready.eq(1)
                with m.If(self.commands.valid):
                    m.d.sync += [given.eq(Cat(given[8:], byte)), wanted.eq(wanted - 1)]
                    with m.If(wanted == 1), m.Switch(command):
                        with m.Case(Command.READ):
                            m.d.sync += axi.arvalid.eq(1)
                            m.next = "READ"
                        with m.Case(Command.WRITE):
                            m.d.sync += [axi.awvalid.eq(1), axi.wvalid.eq(1)]
                            m.next = "WRITE"
                        with m.Default():
                            m.d.sync += count.eq(byte)
                            m.next = "BEATS"
            with m.State("READ"):
                m.d.comb += axi.rready.eq(1)
                with m.If(axi.arready):
                    m.d.sync += axi.arvalid.eq(0)
                with m.If(axi.rvalid):
                    m.d.sync += [tag.eq(Mux(axi.rresp == RESP_OKAY, Reply.READ, Reply.ERROR)), data.eq(axi.rdata)]
                    m.d.sync += replies.eq(1)
                    m.next = "REPLY"
            with m.State("WRITE"):
                m.d.comb += axi.bready.eq(1)
                with m.If(axi.awready):
                    m.d.sync += axi.awvalid.eq(0)
                with m.If(axi.wready):
                    m.d.sync += axi.wvalid.eq(0)
                with m.If(axi.bvalid):
                    m.d.sync += tag.eq(Mux(axi.bresp == RESP_OKAY, Reply.WRITTEN, Reply.ERROR))
                    m.d.sync += replies.eq(1)
                    m.next = "REPLY"
            with m.State("BEATS"):
                m.d.sync += wanted.eq(4)
                m.next = "BEAT"
                with m.If(count == 0):
                    m.d.sync += [tag.eq(Reply.TAKEN), replies.eq(1)]
                    m.next = "REPLY"
            with m.State("BEAT"):
                m.d.comb += [self.commands.ready.eq(wanted != 0), beats.tvalid.eq(wanted == 0)]
                with m.If(self.commands.valid & self.commands.ready):
                    m.d.sync += [given.eq(Cat(given[8:], byte)), wanted.eq(wanted - 1)]
                with m.If(beats.tvalid & beats.tready):
                    m.d.sync += count.eq(count - 1)
                    m.next = "BEATS"
            with m.State("RESET"):
                m.d.sync += count.eq(count - 1)
                with m.If(count == 1):
                    m.d.sync += [self.reset.eq(0), tag.eq(Reply.RESET), replies.eq(1)]
                    m.next = "REPLY"
            with m.State("REPLY"), m.If(~replies):
                m.next = "COMMAND"

        frame = Signal(40)
        left = Signal(range(6))  # bytes of it that are to be sent
        m.d.comb += [
            self.replies.valid.eq(left != 0),
            self.replies.payload.eq(frame[:8]),
            self.m_axis.tready.eq((left == 0) & ~replies & ~self.reset),
        ]
        has_data = (tag == Reply.READ) | (tag == Reply.ERROR)
        with m.If(left != 0), m.If(self.replies.ready):
            m.d.sync += [frame.eq(frame >> 8), left.eq(left - 1)]
        with m.Elif(replies):
            m.d.sync += [frame.eq(Cat(tag, data)), left.eq(Mux(has_data, 5, 1)), replies.eq(0)]
        with m.Elif(self.m_axis.tvalid & self.m_axis.tready):
            is_last = Mux(self.m_axis.tlast, Reply.LAST_BEAT, Reply.BEAT)
            m.d.sync += [frame.eq(Cat(C(0, 8) | is_last, self.m_axis.tdata)), left.eq(5)]
        return m


class SerialPort(wiring.Component):
    """A `Bridge` on a serial line.

    ::

        rx -> receiver -> queue of ROOM bytes -> bridge -> transmitter -> tx
                                                 |  ^
                                                AXI of the accelerator

    There is no flow control but the protocol's: the host has at most one command on its way, which fits the queue.

    Members
    -------
    rx : In(1), tx : Out(1)
        The lines.
    others
        As `Bridge`'s.
    """

    def __init__(self, *, divisor: int):
        self._divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "s_axis": Out(Axi4StreamSignature()),
                "m_axis": In(Axi4StreamSignature()),
                "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
                "reset": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self._divisor)
        m.submodules.queue = queue = Queue(8, depth=ROOM)
        m.submodules.bridge = bridge = Bridge()
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self._divisor)
        connect(m, receiver.o, queue.i)
        connect(m, queue.o, bridge.commands)
        connect(m, bridge.replies, transmitter.i)
        connect(m, bridge.s_axis, flipped(self.s_axis))
        connect(m, flipped(self.m_axis), bridge.m_axis)
        connect(m, bridge.s_axi, flipped(self.s_axi))
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx), self.reset.eq(bridge.reset)]
        return m
