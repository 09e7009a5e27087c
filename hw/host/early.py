"""Early decisions: the neuron with the most spikes, as soon as no later spike can change it."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from tospike.hw.host.axi import Axi4StreamSignature
from tospike.hw.memory import NO_COLLISIONS
from tospike.hw.params import TokenFormat, TokenKind
from tospike.hw.tokens import token_stream


class EarlyOutput(wiring.Component):
    """Send the address with the largest sum of payloads, the lowest on a tie: one beat per train, with TLAST.

    ::

        i: VALUE(2) VALUE(5)  TICK  VALUE(5)  TICK  VALUE(5)  TICK   TICK   END          (4 steps)
        sums        2: 1  5: 1           5: 2            5: 3
        remaining             3               2               1      0
        o:                                                    5

        i -> token -+-> sum of its address -> + payload -> leader, runner-up -> decided? -> o
                    +------------------------------------> TICK

    At the end of each time step, the leader is decided if the runner-up cannot pass it even with the most spikes in
    every remaining step; on a possible tie, if the leader has the lower address. Leader and runner-up have the two
    largest sums, the lowest addresses on a tie, so no other neuron can pass either.

    Throughput one token per cycle. The beat comes 3 cycles after the deciding TICK, or after the END of a train with
    missing steps; the rest of the train is dropped. After an END, and after reset, no token is taken for as many cycles
    as there are addresses, while the sums are cleared.

    Parameters
    ----------
    fmt : TokenFormat
        Format of the input tokens: spikes.
    steps : int
        Time steps of a train.

    Members
    -------
    finished : Out(1)
        Pulses when a beat is taken.
    busy : Out(1)
        The sums are being cleared.
    """

    def __init__(self, fmt: TokenFormat, *, steps: int):
        self._format = fmt
        self._steps = steps
        super().__init__(
            {
                "i": In(token_stream(fmt)),
                "o": Out(Axi4StreamSignature()),
                "finished": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        addresses, most = self._format.addresses, self._format.payload.max
        every = most * self._steps  # the largest sum
        place = data.StructLayout({"sum": range(every + 1), "address": range(addresses)})
        none = [{"sum": 0, "address": 0}, {"sum": 0, "address": 1}]

        # addresses ascend within a time step: a sum is written back before it is read again
        m.submodules.memory = memory = Memory(
            shape=Shape.cast(range(every + 1)), depth=addresses, init=[], attrs=NO_COLLISIONS
        )
        read, write = memory.read_port(), memory.write_port()
        clearing = Signal(init=1)
        cleared = Signal(range(addresses))

        advance = ~self.o.tvalid | self.o.tready
        taken = self.i.valid & self.i.ready
        token = Signal(self.i.payload.shape())
        arrived = Signal(len(TokenKind))  # a bit per kind, a cycle after the token is taken
        counted = Signal(len(TokenKind))  # another cycle later
        changed = Signal(place)
        total = read.data + token.payload
        m.d.comb += [
            self.i.ready.eq(advance & ~clearing),
            read.en.eq(advance),
            read.addr.eq(self.i.payload.address),
            write.en.eq(clearing | (advance & arrived[TokenKind.VALUE])),
            write.addr.eq(Mux(clearing, cleared, token.address)),
            write.data.eq(Mux(clearing, 0, total)),
            self.busy.eq(clearing),
        ]
        with m.If(clearing):
            is_last = cleared == addresses - 1
            m.d.sync += [cleared.eq(Mux(is_last, 0, cleared + 1)), clearing.eq(~is_last)]
        with m.Elif(taken & (self.i.payload.kind == TokenKind.END)):
            m.d.sync += clearing.eq(1)
        with m.If(advance):
            m.d.sync += [
                token.eq(self.i.payload),
                arrived.eq(Mux(taken, 1 << self.i.payload.kind, 0)),
                counted.eq(arrived),
                changed.address.eq(token.address),
                changed.sum.eq(total),
            ]

        leader, second = Signal(place, init=none[0]), Signal(place, init=none[1])
        remaining = Signal(range(every + 1), init=every)  # most spikes that a neuron can still send
        answered = Signal()
        after_tick = Mux(remaining > most, remaining - most, 0)
        reached = second.sum + after_tick
        decided = (leader.sum > reached) | ((leader.sum == reached) & (leader.address < second.address))
        answers = ~answered & ((counted[TokenKind.TICK] & decided) | counted[TokenKind.END])
        m.d.comb += [self.o.tlast.eq(1), self.finished.eq(self.o.tvalid & self.o.tready)]
        with m.If(advance):
            m.d.sync += [self.o.tvalid.eq(answers), answered.eq((answered | answers) & ~counted[TokenKind.END])]
            with m.If(answers):
                m.d.sync += self.o.tdata.eq(leader.address)
            with m.If(counted[TokenKind.VALUE]):
                with m.If(changed.address == leader.address):
                    m.d.sync += leader.eq(changed)
                with m.Elif(self._passes(changed, leader)):
                    m.d.sync += [leader.eq(changed), second.eq(leader)]
                with m.Elif((changed.address == second.address) | self._passes(changed, second)):
                    m.d.sync += second.eq(changed)
            with m.If(counted[TokenKind.TICK]):
                m.d.sync += remaining.eq(after_tick)
            with m.If(counted[TokenKind.END]):
                m.d.sync += [leader.eq(place.const(none[0])), second.eq(place.const(none[1])), remaining.eq(every)]
        return m

    @staticmethod
    def _passes(one: Value, other: Value) -> Value:
        """Return whether ``one`` ranks before ``other``."""
        return (one.sum > other.sum) | ((one.sum == other.sum) & (one.address < other.address))
