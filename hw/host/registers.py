"""The AXI4-Lite register file."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import RESP_OKAY, RESP_SLVERR, Axi4LiteSignature
from tospike.hw.host.layout import ADDRESS_BITS, MAGIC, Register
from tospike.hw.memory import INDEX_BITS, REGION_BITS, ConfigSignature
from tospike.hw.params import TokenFormat


class RegisterFile(wiring.Component):
    """Identification, control, status, configuration and counters; see `tospike.hw.host.layout.Register`.

    A write is taken when address and data are both there and answered in the next cycle; a read is taken when the
    answer before has been taken and answered two cycles later, because the multiplexer of all counters is wide.
    Writes need all four byte strobes. What is not mapped answers SLVERR.

    Members
    -------
    axi : In(Axi4LiteSignature)
        The bus.
    config : Out(ConfigSignature)
        Configuration writes.
    clear : Out(1)
        Pulses in the cycle after CONTROL was written to clear the counters.
    busy : In(1)
        For STATUS.
    frame_error, token_error, weight_error, time_error : In(1)
        Pulses that set the sticky error flags of STATUS.
    counters : In(ArrayLayout(32))
        Their current values.
    """

    def __init__(self, *, version: int, config_hash: int, input: TokenFormat, output: TokenFormat, counters: int):
        self._identity = {
            Register.MAGIC: MAGIC,
            Register.VERSION: version,
            Register.HASH_LOW: config_hash & 0xFFFF_FFFF,
            Register.HASH_HIGH: config_hash >> 32,
            Register.INPUTS: input.addresses,
            Register.OUTPUTS: output.addresses,
            Register.COUNTERS: counters,
        }
        self._counters = counters
        super().__init__(
            {
                "axi": In(Axi4LiteSignature(ADDRESS_BITS)),
                "config": Out(ConfigSignature()),
                "clear": Out(1),
                "busy": In(1),
                "frame_error": In(1),
                "token_error": In(1),
                "weight_error": In(1),
                "time_error": In(1),
                "counters": In(data.ArrayLayout(32, counters)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi = self.axi
        frame_error = Signal()
        token_error = Signal()
        weight_error = Signal()
        time_error = Signal()
        region = Signal(REGION_BITS)
        index = Signal(INDEX_BITS)

        write = Signal()
        m.d.comb += [
            write.eq(axi.awvalid & axi.wvalid & ~axi.bvalid),
            axi.awready.eq(write),
            axi.wready.eq(write),
            self.config.region.eq(region),
            self.config.index.eq(index),
            self.config.data.eq(axi.wdata),
        ]
        m.d.sync += self.clear.eq(0)
        with m.If(axi.bvalid & axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(RESP_SLVERR)]
            with m.If(axi.wstrb == 0xF), m.Switch(axi.awaddr):
                with m.Case(Register.CONTROL):
                    m.d.sync += axi.bresp.eq(RESP_OKAY)
                    m.d.sync += self.clear.eq(axi.wdata[0])
                    with m.If(axi.wdata[1]):
                        m.d.sync += [flag.eq(0) for flag in (frame_error, token_error, weight_error, time_error)]
                with m.Case(Register.CONFIG_ADDRESS):
                    m.d.sync += [axi.bresp.eq(RESP_OKAY), Cat(index, region).eq(axi.wdata)]
                with m.Case(Register.CONFIG_DATA):
                    m.d.sync += [axi.bresp.eq(RESP_OKAY), index.eq(index + 1)]
                    m.d.comb += self.config.valid.eq(1)

        address = Signal(ADDRESS_BITS)
        reading = Signal()  # `address` is there
        answering = Signal()  # so is `chosen`, the answer comes in the next cycle
        # of each four counters the one that `address` means: a register halves the way from all of them to one
        fours = range(0, self._counters, 4)
        chosen = [Signal(32, name=f"chosen_{first}") for first in fours]
        for first, counter in zip(fours, chosen, strict=True):
            four = [self.counters[number] for number in range(first, min(first + 4, self._counters))]
            m.d.sync += counter.eq(Array(four)[address[2:4]])
        m.d.comb += axi.arready.eq(~reading & ~answering & ~axi.rvalid)
        with m.If(axi.arvalid & axi.arready):
            m.d.sync += [address.eq(axi.araddr), reading.eq(1)]
        with m.If(axi.rvalid & axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        with m.If(reading):
            m.d.sync += [reading.eq(0), answering.eq(1)]
        with m.If(answering):
            m.d.sync += [answering.eq(0), axi.rvalid.eq(1), axi.rresp.eq(RESP_OKAY), axi.rdata.eq(0)]
            with m.Switch(address):
                for number, constant in self._identity.items():
                    with m.Case(number):
                        m.d.sync += axi.rdata.eq(constant)
                with m.Case(Register.STATUS):
                    m.d.sync += axi.rdata.eq(Cat(self.busy, frame_error, token_error, weight_error, time_error))
                for first, counter in zip(fours, chosen, strict=True):
                    with m.Case(*(Register.COUNTER + 4 * n for n in range(first, min(first + 4, self._counters)))):
                        m.d.sync += axi.rdata.eq(counter)
                with m.Default():
                    m.d.sync += axi.rresp.eq(RESP_SLVERR)

        with m.If(self.frame_error):
            m.d.sync += frame_error.eq(1)
        with m.If(self.token_error):
            m.d.sync += token_error.eq(1)
        with m.If(self.weight_error):
            m.d.sync += weight_error.eq(1)
        with m.If(self.time_error):
            m.d.sync += time_error.eq(1)
        return m
