"""The AXI4-Lite register file."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import RESP_OKAY, RESP_SLVERR, Axi4LiteSignature
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.register_map import (
    BUSY,
    CONFIG_ADDRESS,
    CONFIG_DATA,
    CONTROL,
    ERRORS,
    INTERRUPT_ENABLE,
    INTERRUPT_STATUS,
    INTERRUPTS,
    STATUS,
    Field,
    HostRegister,
)
from tospike.hw.layout import INDEX_BITS, REGION_BITS
from tospike.hw.memory import ConfigSignature


def _bits(word: Value, field: Field) -> Value:
    return word[field.low : field.low + field.width]


class RegisterFile(wiring.Component):
    """Identification, control, status, configuration and counters; see `tospike.hw.host.register_map`.

    A write is decoded when address and data are both valid, taken a cycle later, and answered in the cycle after. A
    read is taken when the previous answer has been taken, and answered three cycles later, because the multiplexer of
    all counters is wide.
    Writes need all four byte strobes. Unmapped addresses answer SLVERR.

    Parameters
    ----------
    registers
        The register map: constants are read from it, registers from `Register.COUNTER` on are counters.

    Members
    -------
    axi : In(Axi4LiteSignature)
        The bus.
    config : Out(ConfigSignature)
        Configuration writes.
    clear : Out(1)
        Pulses in the cycle after CONTROL is written to clear the counters.
    busy : In(1)
        For STATUS.
    frame_error, token_error, ... : In(1)
        One for each flag of `register_map.ERRORS`: a pulse sets the flag.
    on_done : In(1)
        A pulse for each answer whose first beat is offered.
    irq : Out(1)
        High while an enabled interrupt is pending, a cycle after its bit. Both only if the map has an interrupt.
    counters : In(ArrayLayout(32))
        Current values of the counters.
    """

    def __init__(self, registers: Sequence[HostRegister]):
        self._constants = [register for register in registers if register.is_constant]
        self._counters = [register.offset for register in registers if register.is_counter]
        self._has_interrupt = INTERRUPT_STATUS in registers
        super().__init__(
            {
                "axi": In(Axi4LiteSignature(ADDRESS_BITS)),
                "config": Out(ConfigSignature()),
                "clear": Out(1),
                "busy": In(1),
                **{error.name: In(1) for error in ERRORS},
                **({"on_done": In(1), "irq": Out(1)} if self._has_interrupt else {}),
                "counters": In(data.ArrayLayout(32, len(self._counters))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        axi = self.axi
        flags = {error: Signal(name=f"{error.name}_flag") for error in ERRORS}
        region = Signal(REGION_BITS)
        index = Signal(INDEX_BITS)
        variables = {STATUS: Signal(32)}

        # decoded a cycle before it is taken, because the pins lie far from what they write
        offered, taken = Signal(), Signal()
        decoded = []

        def written(register: HostRegister) -> Signal:
            """Return whether a write to ``register`` is taken."""
            hit = Signal(name=f"writes_{register.name}")
            m.d.sync += hit.eq(offered & (axi.wstrb == 0xF) & (axi.awaddr == register.offset))
            decoded.append(hit)
            return hit

        m.d.comb += [
            offered.eq(axi.awvalid & axi.wvalid & ~taken & ~axi.bvalid),
            axi.awready.eq(taken),
            axi.wready.eq(taken),
            self.config.region.eq(region),
            self.config.index.eq(index),
            self.config.data.eq(axi.wdata),
        ]
        m.d.sync += [taken.eq(offered), self.clear.eq(0)]
        with m.If(written(CONTROL)):
            m.d.sync += self.clear.eq(_bits(axi.wdata, CONTROL.field("clear_counters")))
            with m.If(_bits(axi.wdata, CONTROL.field("clear_errors"))):
                m.d.sync += [flag.eq(0) for flag in flags.values()]
        with m.If(written(CONFIG_ADDRESS)):
            m.d.sync += [
                index.eq(_bits(axi.wdata, CONFIG_ADDRESS.field("index"))),
                region.eq(_bits(axi.wdata, CONFIG_ADDRESS.field("region"))),
            ]
        m.d.comb += self.config.valid.eq(written(CONFIG_DATA))
        with m.If(self.config.valid):
            m.d.sync += index.eq(index + 1)

        fields = {BUSY: self.busy} | flags
        m.d.comb += [_bits(variables[STATUS], field).eq(value) for field, value in fields.items()]
        if self._has_interrupt:
            variables |= self._interrupt(m, written)
        with m.If(axi.bvalid & axi.bready):
            m.d.sync += axi.bvalid.eq(0)
        with m.If(taken):
            m.d.sync += [axi.bvalid.eq(1), axi.bresp.eq(Mux(Cat(decoded).any(), RESP_OKAY, RESP_SLVERR))]
        self._read(m, variables)

        for error, flag in flags.items():
            with m.If(getattr(self, error.name)):
                m.d.sync += flag.eq(1)
        return m

    def _interrupt(self, m: Module, written: Callable[[HostRegister], Signal]) -> dict[HostRegister, Value]:
        """Return the registers of the interrupt. What happens in the cycle of a write that clears is kept."""
        enabled, pending = Signal(len(INTERRUPTS)), Signal(len(INTERRUPTS))
        bits = self.axi.wdata[: len(INTERRUPTS)]
        with m.If(written(INTERRUPT_ENABLE)):
            m.d.sync += enabled.eq(bits)
        with m.If(written(INTERRUPT_STATUS)):
            m.d.sync += pending.eq(pending & ~bits)
        happened = {"done": self.on_done, "error": Cat(getattr(self, error.name) for error in ERRORS).any()}
        for source in INTERRUPTS:
            with m.If(happened[source.name]):
                m.d.sync += pending[source.low].eq(1)
        m.d.sync += self.irq.eq((pending & enabled).any())
        return {INTERRUPT_ENABLE: enabled, INTERRUPT_STATUS: pending}

    def _read(self, m: Module, variables: Mapping[HostRegister, Value]) -> None:
        """Read in two cycles: decode the address, and select one of each four counters; then select the word.

        The counters are spread over the design, so no cycle combines their wires with a wide multiplexer.
        """
        axi = self.axi
        address = Signal(ADDRESS_BITS)
        decoding, selecting = Signal(), Signal()
        m.d.comb += axi.arready.eq(~decoding & ~selecting & ~axi.rvalid)
        m.d.sync += [decoding.eq(axi.arvalid & axi.arready), selecting.eq(decoding)]
        with m.If(axi.arready):
            m.d.sync += address.eq(axi.araddr)

        words = [*(C(constant.reset, 32) for constant in self._constants), *variables.values()]
        offsets_of = [[register.offset] for register in (*self._constants, *variables)]
        for first in range(0, len(self._counters), 4):
            chosen = Signal(32, name=f"chosen_{first}")
            m.d.sync += chosen.eq(Array(self.counters[first : first + 4])[address[2:4]])
            words.append(chosen)
            offsets_of.append(self._counters[first : first + 4])
        selects = Signal(len(words))  # one-hot, or 0 if the address is not mapped
        m.d.sync += selects.eq(Cat(reduce(or_, (address == offset for offset in offsets)) for offsets in offsets_of))
        with m.If(selecting):
            found = reduce(or_, (Mux(select, word, 0) for select, word in zip(selects, words, strict=True)))
            m.d.sync += [
                *(axi.rvalid.eq(1), axi.rdata.eq(found)),
                axi.rresp.eq(Mux(selects.any(), RESP_OKAY, RESP_SLVERR)),
            ]
        with m.If(axi.rvalid & axi.rready):
            m.d.sync += axi.rvalid.eq(0)
