"""UART receiver and transmitter: 8 data bits, no parity, 1 stop bit."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from tospike.hw.params import require_range

BITS = 10
"""Start, data and stop."""
MIN_DIVISOR = 4
"""Fewest clock cycles per bit for which sampling in its middle is reliable."""


def check_divisor(divisor: int) -> None:
    """Check a number of clock cycles per bit.

    Raises
    ------
    InputError
        Receiver and transmitter cannot work with it.
    """
    require_range("clock cycles per bit", divisor, MIN_DIVISOR, 1 << 16)


class UartReceiver(wiring.Component):
    """Receive bytes from a line.

    ::

        rx  ‾‾\\_start_/ d0 | d1 | ... | d7 / stop ‾‾        each bit is sampled in its middle

    A start bit that is high in its middle is ignored as a glitch; a byte without a stop bit is dropped. A byte that
    arrives while the previous one still waits replaces it: the sender must limit the bytes in flight.

    Members
    -------
    rx : In(1)
        The line, from any clock.
    o : Out(stream.Signature(8))
        The bytes.
    """

    def __init__(self, *, divisor: int):
        check_divisor(divisor)
        self._divisor = divisor
        super().__init__({"rx": In(1, init=1), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        wait = Signal(range(self._divisor))  # cycles to the next sample
        remaining = Signal(range(BITS + 1))  # samples of this byte still to take
        taken = Signal(BITS - 1)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(remaining == 0), m.If(~line):
            m.d.sync += [remaining.eq(BITS), wait.eq(self._divisor // 2 - 1)]
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Else():
            m.d.sync += [wait.eq(self._divisor - 1), remaining.eq(remaining - 1), taken.eq(Cat(taken[1:], line))]
            with m.If((remaining == BITS) & line):
                m.d.sync += remaining.eq(0)
            with m.If((remaining == 1) & line):
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(taken[1:])]
        return m


class UartTransmitter(wiring.Component):
    """Send bytes on a line, ``BITS * divisor`` cycles each.

    Members
    -------
    i : In(stream.Signature(8))
        The bytes.
    tx : Out(1)
        The line.
    """

    def __init__(self, *, divisor: int):
        check_divisor(divisor)
        self._divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        wait = Signal(range(self._divisor))  # remaining cycles of the bit on the line
        remaining = Signal(range(BITS + 1))  # bits still to send, the one on the line included
        rest = Signal(BITS - 1)
        m.d.comb += self.i.ready.eq(remaining == 0)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                Cat(self.tx, rest).eq(Cat(C(0, 1), self.i.payload, C(1, 1))),
                remaining.eq(BITS),
                wait.eq(self._divisor - 1),
            ]
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(remaining != 0):
            m.d.sync += Cat(self.tx, rest).eq(Cat(rest, C(1, 1)))
            m.d.sync += [remaining.eq(remaining - 1), wait.eq(self._divisor - 1)]
            with m.If(remaining == 1):
                m.d.sync += wait.eq(0)
        return m
