"""Accesses by SPI: mode 0, the most significant bit first.

::

    write:  mosi  1000 address[11:8] | address[7:0] | data, 4 bytes | -             | -
            miso  -                  | -            | -             | -             | status

    read:   mosi  0000 address[11:8] | address[7:0] | -             | -             | -
            miso  -                  | -            | -             | data, 4 bytes | status

A status byte has bit 0 set if the access has been carried out, and bit 1 if it was an error. The access has a byte to
end in, 8 periods of SCK, which may have an eighth of the clock. Raising ``cs_n`` ends a transfer at any time; a write
that is not complete is not carried out.
"""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.mapped import AccessSignature

SLOWDOWN = 8
"""Clock cycles of a period of SCK, at least."""
_HEADER, _WORD, _STATUS = 16, 32, 8
_BITS = _HEADER + 8 + _WORD + _STATUS


class SpiAccess(wiring.Component):
    """An SPI device that makes accesses.

    Members
    -------
    sck, cs_n, mosi : In(1), miso : Out(1)
        The pins; all are sampled by the clock.
    access : Out(AccessSignature)
        The accesses.
    """

    def __init__(self):
        super().__init__(
            {"sck": In(1), "cs_n": In(1, init=1), "mosi": In(1), "miso": Out(1), "access": Out(AccessSignature())}
        )

    def elaborate(self, platform):
        m = Module()
        access = self.access
        sck, cs_n, mosi = Signal(), Signal(init=1), Signal()
        for pin, signal in ((self.sck, sck), (self.cs_n, cs_n), (self.mosi, mosi)):
            m.submodules += FFSynchronizer(pin, signal, init=signal.init)
        before = Signal()
        m.d.sync += before.eq(sck)
        rises, falls = sck & ~before, ~sck & before

        count = Signal(range(_BITS + 1))  # bits that have come
        came = Signal(_WORD)
        is_write = Signal()
        status = Signal(_STATUS)
        sending = Signal(_WORD)
        shifted = Cat(mosi, came[:-1])
        m.d.comb += [self.miso.eq(sending[-1]), access.strobes.eq(0xF), access.write.eq(is_write)]
        with m.If(access.valid & access.done):
            m.d.sync += [access.valid.eq(0), status.eq(Cat(1, access.error))]
        with m.If(cs_n):
            m.d.sync += [count.eq(0), sending.eq(0)]
        with m.Elif(rises & (count != _BITS)):
            m.d.sync += [count.eq(count + 1), came.eq(shifted)]
            with m.If(count == _HEADER - 1):
                m.d.sync += [
                    *(is_write.eq(shifted[_HEADER - 1]), access.address.eq(shifted[:ADDRESS_BITS]), status.eq(0)),
                    access.valid.eq(~shifted[_HEADER - 1]),
                ]
            with m.If(is_write & (count == _HEADER + _WORD - 1)):
                m.d.sync += [access.data.eq(shifted), access.valid.eq(1)]
        with m.Elif(falls):
            m.d.sync += sending.eq(sending << 1)
            with m.If(~is_write & (count == _HEADER + 8)):
                m.d.sync += sending.eq(access.word)
            with m.If(count == Mux(is_write, _HEADER + _WORD + 8, _HEADER + 8 + _WORD)):
                m.d.sync += sending.eq(status << _WORD - _STATUS)
        return m
