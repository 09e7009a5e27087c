"""Changes of an ANN's activations: the sender of a delta network (Neil et al., arXiv 1612.05571)."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.delay import delayed
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import ActivationParams, TokenFormat, TokenKind
from tospike.hw.tokens import token_layout


class Changes(wiring.Component):
    """Replace each activation by its difference from the value last sent; drop it unless it exceeds a threshold.

    ::

        i: VALUE(0, 2) VALUE(1, 9) TICK   VALUE(0, 3) VALUE(1, 5)  TICK END       (threshold 2)
        o:             VALUE(1, 9) TICK               VALUE(1, -4) TICK END

        cycle 0               1                 2
        i -> last[address] -> | value - last -> | compare with threshold -> o
                                                +-> last[address]

    Latency ``LATENCY``, throughput 1, no stalls. A small difference is not sent, and accumulates until it is. An
    address comes once before each TICK or END, and again 3 cycles later at the earliest. At the start of a sample every
    ``last`` counts as 0; its first frame writes all of them, so the memory needs no clearing.

    `tospike.sim.encoders.changes.differences` is the golden model.

    Members
    -------
    i : In(StructLayout)
        ``valid`` and the ``token``: VALUEs of activations.
    o : Out(StructLayout)
        The same, ``LATENCY`` cycles later: VALUEs of differences.
    dropped : Out(1)
        Instead of ``o.valid``: this VALUE is not sent.
    stores : Out(1)
        A word of the memory is written.
    """

    LATENCY = 2

    def __init__(self, addresses: int, params: ActivationParams):
        self._params = params
        self._addresses = addresses
        activations = token_layout(TokenFormat(addresses=addresses, payload=params.act))
        changes = token_layout(TokenFormat(addresses=addresses, payload=params.sent))
        super().__init__(
            {
                "i": In(data.StructLayout({"valid": 1, "token": activations})),
                "o": Out(data.StructLayout({"valid": 1, "token": changes})),
                "dropped": Out(1),
                "stores": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        shape, threshold = shape_of(self._params.act), self._params.change_threshold
        m.submodules.memory = memory = Memory(shape=shape, depth=self._addresses, init=[], attrs=NO_COLLISIONS)
        read, write = memory.read_port(), memory.write_port()
        m.d.comb += [read.en.eq(1), read.addr.eq(self.i.token.address)]

        # cycle 1
        came = Signal.like(self.i)
        is_first = Signal(init=1)  # the first frame of a sample
        m.d.sync += came.eq(self.i)
        with m.If(came.valid & (came.token.kind != TokenKind.VALUE)):
            m.d.sync += is_first.eq(came.token.kind == TokenKind.END)
        change = Signal(shape_of(self._params.sent), reset_less=True)
        m.d.sync += change.eq(came.token.payload - Mux(is_first, 0, read.data))

        # cycle 2
        valid = delayed(m, came.valid, 1, name="valid")
        token = Signal.like(came.token, reset_less=True)
        begins = delayed(m, is_first, 1, name="begins", reset_less=True)
        m.d.sync += token.eq(came.token)
        is_value = token.kind == TokenKind.VALUE
        is_sent = (change > threshold) | (change < -threshold)
        m.d.comb += [
            self.dropped.eq(valid & is_value & ~is_sent),
            self.stores.eq(valid & is_value & (is_sent | begins)),
            self.o.valid.eq(valid & ~(is_value & ~is_sent)),
            self.o.token.kind.eq(token.kind),
            self.o.token.address.eq(token.address),
            self.o.token.payload.eq(Mux(is_value, change, 0)),
            write.en.eq(self.stores),
            write.addr.eq(token.address),
            write.data.eq(Mux(is_sent, token.payload, 0)),
        ]
        return m
