"""Framing of packets on a serial line: flags, byte stuffing and CRC, as in `tospike.hw.host.protocol`."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from tospike.hw.host.protocol import CHECK, ESCAPE, FLAG, HEADER, MAX_PAYLOAD, TOGGLE

PLACE_BITS = 7
FIRST_PLACE = -HEADER % (1 << PLACE_BITS)
"""Places of the bytes of a packet count up from here and wrap, so that the payload begins at place 0."""


class CheckSignature(wiring.Signature):
    """The interface of a bit-serial CRC-32, from the user's side. A byte is shifted in lowest bit first.

    ``start`` begins a new CRC, ``valid`` shifts in a bit; ``crc`` covers the bits so far, and ``is_right`` is high if
    they end with their own CRC.
    """

    def __init__(self):
        super().__init__({"start": Out(1), "valid": Out(1), "data": Out(1), "crc": In(8 * CHECK), "is_right": In(1)})


class Check(wiring.Component):
    """A CRC-32 shared by receiver and sender, which never process a packet at the same time."""

    def __init__(self):
        super().__init__({"receiver": In(CheckSignature()), "sender": In(CheckSignature())})

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = CRC32_ISO_HDLC(data_width=1).create()
        users = (self.receiver, self.sender)
        m.d.comb += [
            processor.start.eq(users[0].start | users[1].start),
            processor.valid.eq(users[0].valid | users[1].valid),
            processor.data.eq(Mux(users[1].valid, users[1].data, users[0].data)),
        ]
        for user in users:
            m.d.comb += [user.crc.eq(processor.crc), user.is_right.eq(processor.match_detected)]
        return m


class Deframer(wiring.Component):
    """Find packets in a stream of bytes, and signal the valid ones.

    ::

        i: noise FLAG number kind length payload crc FLAG FLAG ...        is_good, for a cycle

    A packet is valid if its CRC is right, its length is the one that it states, and its payload is at most
    `MAX_PAYLOAD`. Any FLAG begins a new packet. A byte of a packet takes 9 cycles, any other byte one.

    Members
    -------
    i : In(stream.Signature(8))
        From the line.
    check : Out(CheckSignature())
        In use unless ``hold``.
    hold : In(1)
        No byte is taken.
    place : Out(PLACE_BITS), byte : Out(8), valid : Out(1)
        A byte to store at its place, including those of the CRC.
    is_good : Out(1)
        ``number``, ``kind``, ``length`` and the stored payload are a valid packet; they are stable during ``hold``.
    number, kind, length : Out(8)
        The header.
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "check": Out(CheckSignature()),
                "hold": In(1),
                "place": Out(PLACE_BITS),
                "byte": Out(8),
                "valid": Out(1),
                "is_good": Out(1),
                "number": Out(8),
                "kind": Out(8),
                "length": Out(8),
            }
        )

    def elaborate(self, platform):
        m = Module()
        check = self.check
        most = MAX_PAYLOAD + CHECK
        escaped = Signal()
        bits = Signal(range(8 + 1))  # bits of the byte still to shift into the CRC
        is_flag, is_escape = self.i.payload == FLAG, self.i.payload == ESCAPE
        m.d.comb += [
            self.i.ready.eq((bits == 0) & ~self.hold & ~self.is_good),
            check.data.eq(self.byte[0]),
            check.valid.eq(bits != 0),
            self.valid.eq(bits == 8),
        ]
        m.d.sync += self.is_good.eq(0)
        with m.If(bits != 0):
            m.d.sync += [self.byte.eq(self.byte.rotate_right(1)), bits.eq(bits - 1)]
            with m.If((bits == 1) & (self.place != most + 1)):  # longer packets are invalid, however long
                m.d.sync += self.place.eq(self.place + 1)
            with m.If(self.valid), m.Switch(self.place):
                for number, field in enumerate((self.number, self.kind, self.length)):
                    with m.Case(FIRST_PLACE + number):
                        m.d.sync += field.eq(self.byte)
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += escaped.eq(is_escape)
            with m.If(is_flag):
                m.d.comb += check.start.eq(1)
                whole = (self.place == self.length + CHECK) & (self.length <= MAX_PAYLOAD)
                m.d.sync += [self.place.eq(FIRST_PLACE), self.is_good.eq(whole & check.is_right & ~escaped)]
            with m.Elif(~is_escape):
                m.d.sync += [self.byte.eq(self.i.payload ^ Mux(escaped, TOGGLE, 0)), bits.eq(8)]
        return m


class Framer(wiring.Component):
    """Send packets: 11 cycles per byte, 3 per byte of the CRC, and one more if it is escaped.

    Members
    -------
    start : In(1)
        Send a packet: ``number``, ``kind``, ``length`` and the stored payload must be stable until ``done``.
    place : Out(PLACE_BITS), byte : In(8)
        Read port of the payload: the byte at ``place``, a cycle later.
    check : Out(CheckSignature())
        In use from ``start`` to ``done``, and reset by then.
    o : Out(stream.Signature(8))
        To the line.
    done : Out(1)
        Pulses with the last byte.
    """

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "number": In(8),
                "kind": In(8),
                "length": In(range(MAX_PAYLOAD + 1)),
                "place": Out(PLACE_BITS, init=FIRST_PLACE),
                "byte": In(8),
                "check": Out(CheckSignature()),
                "o": Out(stream.Signature(8)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        check = self.check
        byte = Signal(8)
        bits = Signal(3)  # bits of the byte shifted into the CRC
        toggled = Signal()  # the ESCAPE of this byte has been sent
        checks = Signal(range(CHECK + 1))  # bytes of the CRC loaded so far
        is_special = (byte == FLAG) | (byte == ESCAPE)
        header = dict(enumerate((self.number, self.kind, self.length), FIRST_PLACE))
        m.d.comb += [check.data.eq(byte[0]), self.o.payload.eq(FLAG)]

        with m.FSM():
            with m.State("REST"):
                m.d.sync += [self.place.eq(FIRST_PLACE), checks.eq(0)]
                with m.If(self.start):
                    m.next = "OPEN"
            with m.State("OPEN"):
                m.d.comb += [self.o.valid.eq(1), check.start.eq(1)]
                with m.If(self.o.ready):
                    m.next = "FETCH"
            with m.State("FETCH"):  # the byte at `place` is being read
                m.next = "LOAD"
            with m.State("LOAD"):
                m.next = "CHECK"
                with m.If(self.place == self.length):
                    m.d.sync += [byte.eq(check.crc.word_select(checks[:2], 8)), checks.eq(checks + 1)]
                    m.next = "SEND"
                with m.Else():
                    m.d.sync += byte.eq(self.byte)
                    with m.Switch(self.place):
                        for place, field in header.items():
                            with m.Case(place):
                                m.d.sync += byte.eq(field)
            with m.State("CHECK"):
                m.d.comb += check.valid.eq(1)
                m.d.sync += [byte.eq(byte.rotate_right(1)), bits.eq(bits + 1)]
                with m.If(bits == 7):
                    m.d.sync += self.place.eq(self.place + 1)
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [self.o.valid.eq(1), self.o.payload.eq(byte ^ Mux(toggled, TOGGLE, 0))]
                with m.If(is_special & ~toggled):
                    m.d.comb += self.o.payload.eq(ESCAPE)
                    with m.If(self.o.ready):
                        m.d.sync += toggled.eq(1)
                with m.Elif(self.o.ready):
                    m.d.sync += toggled.eq(0)
                    m.next = "FETCH"
                    with m.If(checks == CHECK):
                        m.next = "CLOSE"
            with m.State("CLOSE"):
                m.d.comb += [self.o.valid.eq(1), check.start.eq(1), self.done.eq(self.o.ready)]
                with m.If(self.o.ready):
                    m.next = "REST"
        return m
