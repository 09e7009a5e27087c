"""Fronts for buses other than AXI: each turns its bus into accesses to a `MappedPort`."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from tospike.hw.host.axi import RESP_OKAY, RESP_SLVERR, Axi4LiteSignature, Axi4StreamSignature
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.mapped import MappedPort
from tospike.hw.host.spi import SpiAccess

_DESIGN = {
    "s_axis": Out(Axi4StreamSignature()),
    "m_axis": In(Axi4StreamSignature()),
    "s_axi": Out(Axi4LiteSignature(ADDRESS_BITS)),
}
"""The design's ports."""


def _port(m: Module, front) -> MappedPort:
    """Return the port through which ``front`` reaches the design."""
    m.submodules.port = port = MappedPort()
    connect(m, port.s_axis, flipped(front.s_axis))
    connect(m, flipped(front.m_axis), port.m_axis)
    connect(m, port.s_axi, flipped(front.s_axi))
    return port


class WishboneFront(wiring.Component):
    """Wishbone B4, classic cycles, 32 bits; ``err`` where AXI4-Lite has SLVERR.

    Members
    -------
    wb_cyc, wb_stb, wb_we : In(1), wb_adr : In(10), wb_dat_w : In(32), wb_sel : In(4)
        The cycle; ``wb_adr`` counts words.
    wb_dat_r : Out(32), wb_ack, wb_err : Out(1)
        Its end.
    s_axis, m_axis, s_axi
        The design's ports.
    """

    def __init__(self):
        super().__init__(
            {
                **{name: In(1) for name in ("wb_cyc", "wb_stb", "wb_we")},
                **{"wb_adr": In(ADDRESS_BITS - 2), "wb_dat_w": In(32), "wb_sel": In(4)},
                **{"wb_dat_r": Out(32), "wb_ack": Out(1), "wb_err": Out(1)},
                **_DESIGN,
            }
        )

    def elaborate(self, platform):
        m = Module()
        access = _port(m, self).access
        m.d.comb += [
            access.valid.eq(self.wb_cyc & self.wb_stb),
            access.write.eq(self.wb_we),
            access.address.eq(self.wb_adr << 2),
            access.data.eq(self.wb_dat_w),
            access.strobes.eq(self.wb_sel),
            self.wb_dat_r.eq(access.word),
            self.wb_ack.eq(access.done & ~access.error),
            self.wb_err.eq(access.done & access.error),
        ]
        return m


class LiteFront(wiring.Component):
    """AXI4-Lite alone, for processors without a DMA engine: one access at a time, writes first.

    Members
    -------
    s : In(Axi4LiteSignature)
        The bus.
    s_axis, m_axis, s_axi
        The design's ports.
    """

    def __init__(self):
        super().__init__({"s": In(Axi4LiteSignature(ADDRESS_BITS)), **_DESIGN})

    def elaborate(self, platform):
        m = Module()
        access, bus = _port(m, self).access, self.s
        writes, reads = Signal(), Signal()  # an access of the kind is being carried out
        m.d.comb += [
            access.valid.eq(writes | reads),
            access.write.eq(writes),
            access.address.eq(Mux(writes, bus.awaddr, bus.araddr)),
            access.data.eq(bus.wdata),
            access.strobes.eq(bus.wstrb),
            bus.awready.eq(writes & access.done),
            bus.wready.eq(writes & access.done),
            bus.arready.eq(reads & access.done),
        ]
        response = Mux(access.error, RESP_SLVERR, RESP_OKAY)
        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(access.done):
            m.d.sync += [writes.eq(0), reads.eq(0)]
            with m.If(writes):
                m.d.sync += [bus.bvalid.eq(1), bus.bresp.eq(response)]
            with m.Else():
                m.d.sync += [bus.rvalid.eq(1), bus.rdata.eq(access.word), bus.rresp.eq(response)]
        with m.Elif(~writes & ~reads):
            with m.If(bus.awvalid & bus.wvalid & ~bus.bvalid):
                m.d.sync += writes.eq(1)
            with m.Elif(bus.arvalid & ~bus.rvalid):
                m.d.sync += reads.eq(1)
        return m


class SpiFront(wiring.Component):
    """SPI for microcontrollers, see `tospike.hw.host.spi.SpiAccess`.

    Members
    -------
    sck, cs_n, mosi : In(1), miso : Out(1)
        The pins.
    s_axis, m_axis, s_axi
        The design's ports.
    """

    def __init__(self):
        super().__init__({"sck": In(1), "cs_n": In(1, init=1), "mosi": In(1), "miso": Out(1), **_DESIGN})

    def elaborate(self, platform):
        m = Module()
        m.submodules.spi = spi = SpiAccess()
        connect(m, spi.access, _port(m, self).access)
        m.d.comb += [spi.sck.eq(self.sck), spi.cs_n.eq(self.cs_n), spi.mosi.eq(self.mosi), self.miso.eq(spi.miso)]
        return m
