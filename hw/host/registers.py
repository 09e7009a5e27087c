"""The AXI4-Lite register file."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import RESP_OKAY, RESP_SLVERR, Axi4LiteSignature
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.register_map import BUSY, CONFIG_ADDRESS, CONFIG_DATA, CONTROL, ERRORS, STATUS, Field, HostRegister
from tospike.hw.layout import INDEX_BITS, REGION_BITS
from tospike.hw.memory import ConfigSignature


def _bits(word: Value, field: Field) -> Value:
    return word[field.low : field.low + field.width]


class RegisterFile(wiring.Component):
    """Identification, control, status, configuration and counters; see `tospike.hw.host.register_map`.

    A write is taken when address and data are both there and answered in the next cycle; a read is taken when the
    answer before has been taken and answered two cycles later, because the multiplexer of all counters is wide.
    Writes need all four byte strobes. What is not mapped answers SLVERR.

    Parameters
    ----------
    registers
        The map. Those that are constant are read from it, those from `Register.COUNTER` on are the counters.

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
    frame_error, token_error, ... : In(1)
        One for each flag in `register_map.ERRORS`: pulses that set it.
    counters : In(ArrayLayout(32))
        Their current values.
    """

    def __init__(self, registers: Sequence[HostRegister]):
        self._constants = [register for register in registers if register.is_constant]
        self._counters = [register.offset for register in registers if register.is_counter]
        super().__init__(
            {
                "axi": In(Axi4LiteSignature(ADDRESS_BITS)),
                "config": Out(ConfigSignature()),
                "clear": Out(1),
                "busy": In(1),
                **{error.name: In(1) for error in ERRORS},
                "counters": In(data.ArrayLayout(32, len(self._counters))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi = self.axi
        flags = {error: Signal(name=f"{error.name}_flag") for error in ERRORS}
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
                with m.Case(CONTROL.offset):
                    m.d.sync += axi.bresp.eq(RESP_OKAY)
                    m.d.sync += self.clear.eq(_bits(axi.wdata, CONTROL.field("clear_counters")))
                    with m.If(_bits(axi.wdata, CONTROL.field("clear_errors"))):
                        m.d.sync += [flag.eq(0) for flag in flags.values()]
                with m.Case(CONFIG_ADDRESS.offset):
                    m.d.sync += [
                        axi.bresp.eq(RESP_OKAY),
                        index.eq(_bits(axi.wdata, CONFIG_ADDRESS.field("index"))),
                        region.eq(_bits(axi.wdata, CONFIG_ADDRESS.field("region"))),
                    ]
                with m.Case(CONFIG_DATA.offset):
                    m.d.sync += [axi.bresp.eq(RESP_OKAY), index.eq(index + 1)]
                    m.d.comb += self.config.valid.eq(1)

        self._read(m, flags)

        for error, flag in flags.items():
            with m.If(getattr(self, error.name)):
                m.d.sync += flag.eq(1)
        return m

    def _read(self, m: Module, flags: Mapping[Field, Value]) -> None:
        """A read in three cycles: of each four counters the one that the address means, one of all, the answer.

        The counters lie all over the design, so no cycle has wires and a wide multiplexer.
        """
        axi = self.axi
        address = Signal(ADDRESS_BITS)
        waiting = Signal(3)  # a read in its first, second, third cycle
        m.d.comb += axi.arready.eq(~waiting.any() & ~axi.rvalid)
        m.d.sync += waiting.eq(Cat(axi.arvalid & axi.arready, waiting))
        with m.If(axi.arready):
            m.d.sync += address.eq(axi.araddr)

        groups = [self._counters[first : first + 4] for first in range(0, len(self._counters), 4)]
        means = Signal(len(groups))
        known = Signal()
        fixed = Signal(32)  # what is no counter
        chosen = [Signal(32, name=f"chosen_{number}") for number in range(len(groups))]
        for number, value in enumerate(chosen):
            m.d.sync += value.eq(Array(self.counters[4 * number : 4 * number + 4])[address[2:4]])
        m.d.sync += [means.eq(0), known.eq(1), fixed.eq(0)]
        with m.Switch(address):
            for constant in self._constants:
                with m.Case(constant.offset):
                    m.d.sync += fixed.eq(constant.reset)
            with m.Case(STATUS.offset):
                m.d.sync += _bits(fixed, BUSY).eq(self.busy)
                m.d.sync += [_bits(fixed, error).eq(flag) for error, flag in flags.items()]
            for number, offsets in enumerate(groups):
                with m.Case(*offsets):
                    m.d.sync += means[number].eq(1)
            with m.Default():
                m.d.sync += known.eq(0)

        found = Signal(32)
        counters = [Mux(mean, value, 0) for mean, value in zip(means, chosen, strict=True)]
        m.d.sync += found.eq(reduce(or_, counters, fixed))
        with m.If(axi.rvalid & axi.rready):
            m.d.sync += axi.rvalid.eq(0)
        with m.If(waiting[2]):
            m.d.sync += [axi.rvalid.eq(1), axi.rresp.eq(Mux(known, RESP_OKAY, RESP_SLVERR)), axi.rdata.eq(found)]
