"""Translation of an image's addresses to the network's numbering."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.params import TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class Renumber(wiring.Component):
    """Replace the addresses of tokens by table lookup. Latency 1, throughput 1.

    ::

        i -> kind, payload -> register -> o
         +-> address -> table ------------^

    Addresses no longer ascend within a time step, but remain unique.

    Parameters
    ----------
    fmt : TokenFormat
        Format of the input and output tokens.
    numbers : sequence of int
        The new address of each address, a permutation.
    """

    def __init__(self, fmt: TokenFormat, numbers):
        if sorted(numbers) != list(range(fmt.addresses)):
            raise ValueError(f"the new addresses must be a permutation of 0 to {fmt.addresses - 1}")
        self._format = fmt
        self._numbers = list(numbers)
        super().__init__({"i": In(token_stream(fmt)), "o": Out(token_stream(fmt))})

    def elaborate(self, platform):
        m = Module()
        fmt = self._format
        m.submodules.table = table = Memory(shape=range(fmt.addresses), depth=fmt.addresses, init=self._numbers)
        read = table.read_port()
        held = Signal(data.StructLayout({"kind": TokenKind, "payload": self.o.payload.payload.shape()}))
        advance = ~self.o.valid | self.o.ready
        m.d.comb += [
            self.i.ready.eq(advance),
            read.en.eq(advance),
            read.addr.eq(self.i.payload.address),
            self.o.payload.kind.eq(held.kind),
            self.o.payload.payload.eq(held.payload),
            self.o.payload.address.eq(Mux(held.kind == TokenKind.VALUE, read.data, 0)),
        ]
        with m.If(advance):
            m.d.sync += [
                self.o.valid.eq(self.i.valid),
                held.kind.eq(self.i.payload.kind),
                held.payload.eq(self.i.payload.payload),
            ]
        return m
